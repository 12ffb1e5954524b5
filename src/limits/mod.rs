//! How often something may be done: counted in this process, or in a Redis that replicas share.
//!
//! *How it is counted* (GCRA). A bucket lets a minute's worth through at once, and after that one more
//! each time a minute divided by the limit has passed. So a bucket that nobody took from for a
//! minute is as good as none.

mod bucket;
mod buckets;
mod in_process;
mod steady;

pub use in_process::InProcessLimits;

/// Which limits there are.
#[derive(Debug, Clone)]
pub struct LimitSettings {
    /// For each session its refreshes in a minute, and for each client its failed attempts; 0 for
    /// any number.
    pub per_minute: u32,
    /// For each client its requests in a minute; 0 for any number.
    pub requests_per_minute: u32,
}
