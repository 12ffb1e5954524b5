//! remint re-signs expired JWTs.
//!
//! The arrows of who may import whom (a test holds them up):
//!
//! ```text
//! main -> cli -> app -> { http, limits, store, token, cognito, config, metrics }
//! cli -> telemetry, and the layers that its commands ask
//! http -> service -> domain
//! limits, store, token, cognito -> service (its ports), domain
//! http, limits, store, cognito -> metrics -> domain
//! http, store, cognito, telemetry -> trace
//! config -> the settings of each layer
//! json: strict JSON, for cli, token, cognito, http and store
//! testing -> app, and what app is made of: the service for tests (feature `testing`)
//! ```

pub mod app;
pub mod cli;
pub mod cognito;
pub mod config;
pub mod domain;
pub mod http;
pub mod json;
pub mod limits;
pub mod metrics;
pub mod service;
pub mod store;
pub mod telemetry;
#[cfg(feature = "testing")]
pub mod testing;
pub mod token;
pub mod trace;
