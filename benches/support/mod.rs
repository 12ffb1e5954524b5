//! What measurements of a running service are made of.

pub(crate) mod bars;
pub(crate) mod closed;
pub(crate) mod drive;
pub(crate) mod exchange;
pub(crate) mod figures;
pub(crate) mod fill;
mod hs256;
pub(crate) mod instructions;
pub(crate) mod plot;
pub(crate) mod service;
pub(crate) mod straightforward;
pub(crate) mod tokens;
