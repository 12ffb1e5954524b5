//! Buckets in memory, as many as there is room for.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use governor::nanos::Nanos;
use governor::state::StateStore;

use super::bucket::{Bucket, Take};
use super::steady::Steady;

/// After so long a bucket that nobody took from is full.
const FULL_AFTER: Duration = Duration::from_mins(1);

/// So many locks, that requests seldom wait for one another.
const SHARDS: usize = 64;

/// The buckets of one kind: 917,504 at most, for which they need 56 MB.
///
/// *What goes.* Each shard has two maps, and buckets move to the young one when they are taken from.
/// Once a minute the old map is dropped, with buckets that are full by then, and the young one gets
/// old. When the young one is full that happens at once, so that with more clients than there is
/// room for, those that were quiet the longest begin anew. Nobody is refused for want of room.
#[derive(Clone)]
pub(super) struct Buckets {
    shards: Arc<[Mutex<Shard>]>,
    hasher: RandomState,
    /// How many a map of a shard may have.
    room: usize,
    clock: Steady,
}

#[derive(Default)]
struct Shard {
    young: HashMap<Bucket, Level>,
    old: HashMap<Bucket, Level>,
    /// Since when the young map is young.
    since: Duration,
}

/// How far a bucket is used up.
#[derive(Clone, Copy)]
struct Level {
    /// As governor has it.
    nanos: Nanos,
    /// The last thing that was taken for.
    step: Option<u64>,
}

impl Buckets {
    pub(super) fn new(clock: Steady) -> Self {
        // What a map of 8,192 places takes before it grows.
        Self::with_room(clock, 7_168)
    }

    fn with_room(clock: Steady, room: usize) -> Self {
        let shards = std::iter::repeat_with(Mutex::default).take(SHARDS);
        Self {
            shards: shards.collect(),
            hasher: RandomState::new(),
            room,
            clock,
        }
    }

    /// How many there are, the full ones included that are still to be dropped.
    pub(super) fn len(&self) -> usize {
        let shards = self.shards.iter();
        let shards = shards.map(|shard| shard.lock().unwrap_or_else(PoisonError::into_inner));
        shards
            .map(|shard| shard.young.len() + shard.old.len())
            .sum()
    }
}

impl Shard {
    /// How far the bucket is used up, if it is there.
    fn level(&self, bucket: &Bucket) -> Option<Level> {
        let level = self.young.get(bucket).copied();
        level.or_else(|| self.old.get(bucket).copied())
    }

    /// Drops what is full at `now`, or what is old if there is no room for one more.
    fn make_room(&mut self, room: usize, now: Duration) {
        let age = now.saturating_sub(self.since);
        if age >= FULL_AFTER || self.young.len() >= room {
            self.old = std::mem::take(&mut self.young);
            self.since = now;
        }
        if age >= FULL_AFTER * 2 {
            self.old = HashMap::new();
        }
    }
}

impl StateStore for Buckets {
    type Key = Take;

    fn measure_and_replace<T, F, E>(&self, take: &Take, judge: F) -> Result<T, E>
    where
        F: Fn(Option<Nanos>) -> Result<(T, Nanos), E>,
    {
        let Take { bucket, step } = *take;
        let now = self.clock.passed();
        let hash = self.hasher.hash_one(bucket);
        let index = usize::try_from(hash % SHARDS as u64).unwrap_or_default();
        let Some(shard) = self.shards.get(index) else {
            return judge(None).map(|(outcome, _)| outcome);
        };
        let mut shard = shard.lock().unwrap_or_else(PoisonError::into_inner);
        shard.make_room(self.room, now);

        let last = shard.level(&bucket);
        let last_step = last.and_then(|level| level.step);
        let (outcome, level) = match last {
            // Taken before: it gets what a full bucket gives.
            Some(level) if step.is_some() && step <= last_step => (judge(None)?.0, level),
            Some(_) | None => {
                let (outcome, nanos) = judge(last.map(|level| level.nanos))?;
                let step = step.or(last_step);
                (outcome, Level { nanos, step })
            }
        };
        shard.young.insert(bucket, level);
        Ok(outcome)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use chrono::TimeDelta;
    use uuid::Uuid;

    use super::*;
    use crate::domain::{ManualClock, SessionId, SystemClock};

    fn take(session: u128) -> Take {
        Take {
            bucket: Bucket::Session(SessionId(Uuid::from_u128(session))),
            step: None,
        }
    }

    /// Takes, and says what was there before.
    fn before(buckets: &Buckets, take: Take) -> Option<u64> {
        let judge = |nanos: Option<Nanos>| Ok::<_, ()>((nanos.map(Nanos::as_u64), Nanos::new(7)));
        buckets.measure_and_replace(&take, judge).unwrap()
    }

    #[test]
    fn two_million_sessions_need_no_more_room_than_there_is() {
        let clock = Arc::new(SystemClock);
        let buckets = Buckets::new(Steady::new(clock));

        for session in 0..2_000_000 {
            assert_eq!(before(&buckets, take(session)), None);
        }

        assert!((458_752..=917_504).contains(&buckets.len()));
        assert_eq!(size_of::<(Bucket, Level)>(), 48);
        assert_eq!(before(&buckets, take(1_999_999)), Some(7));
    }

    #[test]
    fn where_there_is_no_room_the_quiet_ones_begin_anew() {
        let clock = Arc::new(SystemClock);
        let buckets = Buckets::with_room(Steady::new(clock), 2);

        for session in 2..1_000 {
            before(&buckets, take(1));
            before(&buckets, take(session));
        }

        assert_eq!(before(&buckets, take(1)), Some(7));
        assert_eq!(before(&buckets, take(2)), None);
    }

    #[test]
    fn a_bucket_is_kept_for_a_minute_and_not_for_three() {
        let clock = Arc::new(ManualClock::new(chrono::DateTime::UNIX_EPOCH));
        let buckets = Buckets::new(Steady::new(clock.clone()));
        for seconds in [0, 59, 60, 60] {
            clock.advance(TimeDelta::seconds(seconds));
            assert_eq!(before(&buckets, take(1)).is_some(), seconds > 0);
        }

        clock.advance(TimeDelta::seconds(120));

        assert_eq!(before(&buckets, take(1)), None);
        assert_eq!(buckets.len(), 1);
    }
}
