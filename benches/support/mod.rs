//! What measurements of a running service are made of.

pub(crate) mod drive;
pub(crate) mod figures;
pub(crate) mod plot;
pub(crate) mod service;
pub(crate) mod tokens;
