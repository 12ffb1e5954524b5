//! The endpoints, as their callers see them.

mod admin;
mod audit;
mod client;
mod contracts;
mod cors;
mod document;
mod dump;
mod frame;
mod hostile;
mod keys;
mod limits;
mod logout;
mod malformed;
pub(crate) mod metrics;
mod no_successor;
mod oauth;
mod overload;
mod pages;
mod refresh;
mod refusals;
mod sessions;
mod successor;
mod unsupported;
mod verify;
