//! Time that does not go back.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use governor::clock;

use crate::domain::Clock;

/// The time that has passed since it was made.
///
/// When the clock behind it is set back it stands still, instead of locking everybody out until the
/// old time has come again.
#[derive(Clone)]
pub(super) struct Steady(Arc<Inner>);

struct Inner {
    clock: Arc<dyn Clock>,
    seen: Mutex<Seen>,
}

struct Seen {
    at: DateTime<Utc>,
    passed: Duration,
}

impl Steady {
    pub(super) fn new(clock: Arc<dyn Clock>) -> Self {
        let seen = Mutex::new(Seen {
            at: clock.now(),
            passed: Duration::ZERO,
        });
        Self(Arc::new(Inner { clock, seen }))
    }

    /// What has passed until now.
    pub(super) fn passed(&self) -> Duration {
        let mut seen = self.0.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.0.clock.now();
        let step = now - seen.at;
        seen.passed += step.to_std().unwrap_or_default();
        seen.at = now;
        seen.passed
    }
}

impl clock::Clock for Steady {
    type Instant = Duration;

    fn now(&self) -> Duration {
        self.passed()
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;
    use crate::domain::ManualClock;

    #[test]
    fn what_the_clock_is_set_back_is_no_time() {
        let clock = Arc::new(ManualClock::new(DateTime::UNIX_EPOCH));
        let steady = Steady::new(clock.clone());

        let passed = [5, -3_600, 7].map(|seconds| {
            clock.advance(TimeDelta::seconds(seconds));
            steady.passed().as_secs()
        });

        assert_eq!(passed, [5, 5, 12]);
    }
}
