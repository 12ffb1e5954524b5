//! Limits that this process counts by itself.

use std::num::NonZeroU32;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use async_trait::async_trait;
use governor::clock::Clock as _;
use governor::middleware::NoOpMiddleware;
use governor::{Quota, RateLimiter as Governor};

use crate::domain::{ClientNetwork, Clock, SessionId};
use crate::metrics::{LimitKind, LimitMetrics};
use crate::service::{RateLimiter, Throttled};

use super::LimitSettings;
use super::bucket::{Bucket, Take, throttled};
use super::buckets::Buckets;
use super::steady::Steady;

/// Limits that this process counts by itself, and forgets when it ends.
pub struct InProcessLimits {
    sessions: Option<Limit>,
    failures: Option<Limit>,
    requests: Option<Limit>,
    meter: OnceLock<LimitMetrics>,
}

/// One of the limits.
struct Limit {
    per_minute: NonZeroU32,
    clock: Steady,
    buckets: Buckets,
    governor: Governor<Take, Buckets, Steady, NoOpMiddleware<Duration>>,
}

impl InProcessLimits {
    /// Those of the settings, all of them unused.
    pub fn new(settings: &LimitSettings, clock: Arc<dyn Clock>) -> Self {
        let clock = Steady::new(clock);
        let limit = |per_minute| Limit::new(per_minute, &clock);
        Self {
            sessions: limit(settings.per_minute),
            failures: limit(settings.per_minute),
            requests: limit(settings.requests_per_minute),
            meter: OnceLock::new(),
        }
    }

    /// None at all.
    pub fn off(clock: Arc<dyn Clock>) -> Self {
        let settings = LimitSettings {
            per_minute: 0,
            requests_per_minute: 0,
            redis: None,
        };
        Self::new(&settings, clock)
    }

    pub(super) fn take(&self, take: Take) -> Result<(), Throttled> {
        let limit = match take.bucket {
            Bucket::Failures(_) => &self.failures,
            Bucket::Requests(_) => &self.requests,
            Bucket::Session(_) => &self.sessions,
        };
        let verdict = limit.as_ref().map_or(Ok(()), |limit| limit.take(take));
        self.note(take, verdict)
    }

    /// Counts the verdict, whoever gave it.
    pub(super) fn note(&self, take: Take, verdict: Result<(), Throttled>) -> Result<(), Throttled> {
        if verdict.is_err()
            && let Some(meter) = self.meter.get()
        {
            meter.refused(take.bucket.kind());
        }
        verdict
    }

    /// From now on it is counted what there is too much of.
    pub(super) fn measure(&self, meter: LimitMetrics) {
        self.meter.set(meter).ok();
    }

    /// Tells the meter how many buckets there are.
    pub(super) fn measure_keys(&self) {
        let Some(meter) = self.meter.get() else {
            return;
        };
        for (kind, limit) in [
            (LimitKind::Failures, &self.failures),
            (LimitKind::Requests, &self.requests),
            (LimitKind::Session, &self.sessions),
        ] {
            meter.set_keys(kind, limit.as_ref().map_or(0, |limit| limit.buckets.len()));
        }
    }
}

impl Limit {
    fn new(per_minute: u32, clock: &Steady) -> Option<Self> {
        let per_minute = NonZeroU32::new(per_minute)?;
        let buckets = Buckets::new(clock.clone());
        Some(Self {
            per_minute,
            clock: clock.clone(),
            buckets: buckets.clone(),
            governor: Governor::new(Quota::per_minute(per_minute), buckets, clock.clone()),
        })
    }

    fn take(&self, take: Take) -> Result<(), Throttled> {
        self.governor.check_key(&take).map_err(|not_until| {
            let wait = not_until.wait_time_from(self.clock.now());
            throttled(self.per_minute, wait)
        })
    }
}

#[async_trait]
impl RateLimiter for InProcessLimits {
    async fn exchange(&self, session: SessionId, generation: Option<u64>) -> Result<(), Throttled> {
        self.take(Take::exchange(session, generation))
    }

    async fn failure(&self, client: ClientNetwork) -> Result<(), Throttled> {
        self.take(Take::failure(client))
    }

    async fn request(&self, client: ClientNetwork) -> Result<(), Throttled> {
        self.take(Take::request(client))
    }
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, TimeDelta};
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;
    use crate::domain::ManualClock;

    /// A bucket that drips, in thousandths of a second: what is in it, and since when.
    struct Dripping {
        per_minute: i64,
        level: i64,
        at: i64,
        steps: u64,
    }

    impl Dripping {
        fn take(&mut self, now: i64, step: Option<u64>) -> bool {
            // Each unit is a minute's worth of drips.
            self.level = (self.level - (now - self.at) * self.per_minute).max(0);
            self.at = now;
            let is_new = step.is_none_or(|step| step > self.steps);
            let fits = self.level + 60_000 <= self.per_minute * 60_000;
            if is_new && fits {
                self.level += 60_000;
                self.steps = step.unwrap_or(self.steps);
            }
            fits || !is_new
        }
    }

    proptest! {
        #[test]
        fn what_may_be_taken_is_what_fits_into_a_bucket_that_drips(
            // Those that divide a minute, so that both round alike.
            per_minute in prop::sample::select(vec![1_i64, 2, 3, 6, 10, 60]),
            takes in prop::collection::vec((0..40_000_i64, prop::option::of(1..20_u64)), 1..60),
        ) {
            let clock = Arc::new(ManualClock::new(DateTime::UNIX_EPOCH));
            let settings = LimitSettings {
                per_minute: u32::try_from(per_minute).unwrap(),
                requests_per_minute: 0,
                redis: None,
            };
            let limits = InProcessLimits::new(&settings, clock.clone());
            let mut model = Dripping { per_minute, level: 0, at: 0, steps: 0 };
            let bucket = Bucket::Session(SessionId(Uuid::nil()));

            let mut now = 0;
            for (wait, step) in takes {
                // Many come at once.
                let wait = wait.saturating_sub(20_000).max(0);
                now += wait;
                clock.advance(TimeDelta::milliseconds(wait));
                let expected = model.take(now, step);
                let taken = limits.take(Take { bucket, step });
                prop_assert_eq!(taken.is_ok(), expected);
            }
        }
    }

    #[test]
    fn whoever_waits_as_long_as_is_said_is_let_through() {
        let clock = Arc::new(ManualClock::new(DateTime::UNIX_EPOCH));
        let settings = LimitSettings {
            per_minute: 7,
            requests_per_minute: 0,
            redis: None,
        };
        let limits = InProcessLimits::new(&settings, clock.clone());
        let bucket = Bucket::Session(SessionId(Uuid::nil()));
        let take = || limits.take(Take { bucket, step: None });
        while take().is_ok() {}

        for _ in 0..20 {
            let throttled = take().unwrap_err();
            clock.advance(TimeDelta::seconds(
                throttled.retry_after.try_into().unwrap(),
            ));
            assert_eq!(take(), Ok(()));
            while take().is_ok() {}
        }
    }
}
