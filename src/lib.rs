//! remint re-signs expired JWTs.

pub mod domain;
pub mod http;
pub mod json;
pub mod service;
pub mod store;
pub mod token;
