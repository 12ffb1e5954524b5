//! The users tables and the tokens of the frameworks that remint stands beside.

mod django;
mod libraries;
pub(crate) mod runtimes;
mod shapes;
