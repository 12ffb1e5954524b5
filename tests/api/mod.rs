//! The endpoints, as their callers see them.

mod hostile;
mod keys;
mod malformed;
mod refresh;
mod refusals;
mod sessions;
mod successor;
mod unsupported;
