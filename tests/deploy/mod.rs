//! The files below `deploy/`, which people copy.

mod guards;
mod replicas;
mod rust_version;
mod systemd;
mod words;

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use crate::harness::process::PATIENCE;

/// A file of `deploy/`.
fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("deploy")
        .join(name)
}

/// What is in it.
fn file(name: &str) -> String {
    fs::read_to_string(path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// Status and body of what a client gets who says that she is somebody else.
fn get(address: SocketAddr, path: &str, token: &str) -> (u16, String) {
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .timeout_global(Some(PATIENCE))
        .build()
        .into();
    let mut answer = agent
        .get(format!("http://{address}{path}"))
        .header("authorization", format!("Bearer {token}"))
        .header("x-auth-subject", "mallory")
        .header("x_auth_subject", "mallory")
        .header("x-auth_subject", "mallory")
        .header("x_auth-subject", "mallory")
        .header("x.auth.subject", "mallory")
        .header("x-forwarded-for", "203.0.113.7")
        .call()
        .unwrap();
    let body = answer.body_mut().read_to_string().unwrap();
    (answer.status().as_u16(), body)
}
