//! The libraries that frontends of the old days refresh with, unchanged, against a running service.

mod axios;
mod door;
mod examples;
mod frontend;
mod program;
mod site;
