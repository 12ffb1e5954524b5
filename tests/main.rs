//! The behaviour of remint, against real servers.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may panic"
)]

mod api;
mod cli;
mod harness;
mod properties;
mod server;
mod servers;
mod sessions;
