//! The behaviour of remint, against real servers.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may panic"
)]

mod api;
mod architecture;
mod browser;
mod cli;
mod clients;
mod cognito;
mod deploy;
mod docs;
mod env_example;
mod faults;
mod frameworks;
mod harness;
mod imports;
mod properties;
mod replicas;
mod seeds;
mod server;
mod servers;
mod sessions;
mod store;
mod survival;
mod telemetry;
mod testing;
