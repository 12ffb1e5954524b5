//! What the running service tells of itself, and to whom.

#[cfg(not(feature = "otlp"))]
mod absent;
mod audit_file;
#[cfg(feature = "otlp")]
mod away;
#[cfg(feature = "otlp")]
mod collector;
#[cfg(feature = "otlp")]
mod together;
#[cfg(feature = "otlp")]
mod traces;
#[cfg(feature = "otlp")]
mod within;
