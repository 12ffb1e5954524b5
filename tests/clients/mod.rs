//! The libraries that frontends refresh with, unchanged, against a running service.

mod axios;
mod door;
mod examples;
mod frontend;
mod oauth;
mod program;
mod site;
