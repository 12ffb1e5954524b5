//! remint re-signs expired JWTs.
//!
//! The arrows of who may import whom (a test holds them up):
//!
//! ```text
//! main -> cli -> app -> { http, limits, store, token, config, telemetry }
//! http -> service -> domain
//! limits, store, token -> service (its ports), domain
//! config -> the settings of each layer
//! json: strict JSON, for cli, token, http and store
//! ```

pub mod app;
pub mod cli;
pub mod config;
pub mod domain;
pub mod http;
pub mod json;
pub mod limits;
pub mod service;
pub mod store;
pub mod telemetry;
pub mod token;
