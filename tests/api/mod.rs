//! The endpoints, as their callers see them.

mod refresh;
mod sessions;
