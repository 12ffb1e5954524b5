//! How often something may be done: counted in this process, or in a Redis that replicas share.
//!
//! *How it is counted* (GCRA). A bucket lets a minute's worth through at once, and after that one more
//! each time a minute divided by the limit has passed. So a bucket that nobody took from for a
//! minute is as good as none.

mod bucket;
mod buckets;
mod in_process;
mod redis;
mod shared;
mod steady;

use std::num::NonZeroU32;
use std::sync::Arc;

use crate::domain::Clock;
use crate::metrics::{LimitMetrics, Metrics, MetricsError, RedisMeter};
use crate::service::RateLimiter;

use bucket::Bucket;

pub use in_process::InProcessLimits;
pub use redis::{RedisAway, RedisSettings};
pub use shared::SharedLimits;

/// Which limits there are.
#[derive(Debug, Clone)]
pub struct LimitSettings {
    /// For each session its refreshes in a minute, and for each client its failed attempts; 0 for
    /// any number.
    pub per_minute: u32,
    /// For each client its requests in a minute; 0 for any number.
    pub requests_per_minute: u32,
    /// Where replicas count together.
    pub redis: Option<RedisSettings>,
}

impl LimitSettings {
    fn of(&self, bucket: Bucket) -> Option<NonZeroU32> {
        NonZeroU32::new(match bucket {
            Bucket::Failures(_) | Bucket::Session(_) => self.per_minute,
            Bucket::Requests(_) => self.requests_per_minute,
        })
    }
}

/// The limits of the settings, all of them unused; what they do is counted in `metrics`.
pub async fn open(
    settings: &LimitSettings,
    clock: Arc<dyn Clock>,
    metrics: &Metrics,
) -> Result<Arc<dyn RateLimiter>, MetricsError> {
    let here = Arc::new(InProcessLimits::new(settings, clock));
    here.measure(LimitMetrics::new(metrics)?);
    let measured = Arc::clone(&here);
    metrics.before_reading(move || measured.measure_keys());
    let is_off = settings.per_minute == 0 && settings.requests_per_minute == 0;
    match &settings.redis {
        Some(redis) if !is_off => {
            let meter = RedisMeter::new(metrics)?;
            Ok(SharedLimits::open(settings.clone(), redis, here, meter).await)
        }
        Some(_) | None => Ok(here),
    }
}
