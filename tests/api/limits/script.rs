//! The script that Redis runs.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta};
use proptest::prelude::*;
use redis::Script;
use remint::domain::{IdSource as _, ManualClock, RandomIds, SessionId};
use remint::limits::{InProcessLimits, LimitSettings};
use remint::service::RateLimiter as _;
use tokio::runtime::Runtime;
use uuid::Uuid;

use crate::harness::servers::redis;

/// Waits of milliseconds, and what is taken for after each.
type Takes = Vec<(u32, Option<u64>)>;

fn takes() -> impl Strategy<Value = Takes> {
    let wait = prop_oneof![Just(0), 0..20_000_u32];
    prop::collection::vec((wait, prop::option::of(1..20_u64)), 1..60)
}

/// What this process lets through.
async fn in_process(per_minute: u32, takes: &Takes) -> Vec<bool> {
    let clock = Arc::new(ManualClock::new(DateTime::UNIX_EPOCH));
    let settings = LimitSettings {
        per_minute,
        requests_per_minute: 0,
        redis: None,
    };
    let limits = InProcessLimits::new(&settings, clock.clone());
    let mut outcomes = Vec::new();
    for (wait, step) in takes {
        clock.advance(TimeDelta::milliseconds((*wait).into()));
        let session = SessionId(Uuid::nil());
        outcomes.push(limits.exchange(session, *step).await.is_ok());
    }
    outcomes
}

/// What Redis lets through.
async fn in_redis(
    connection: &mut redis::aio::MultiplexedConnection,
    per_minute: u32,
    takes: &Takes,
) -> Vec<bool> {
    let script = Script::new(include_str!("../../../src/limits/take.lua"));
    let key = RandomIds.session_id().to_string();
    let interval = 60_000_000 / u64::from(per_minute);
    let (mut now, mut outcomes) = (1_800_000_000_000_000_u64, Vec::new());
    for (wait, step) in takes {
        now += u64::from(*wait) * 1_000;
        let mut call = script.key(&key);
        let step = step.map_or(-1, u64::cast_signed);
        call.arg(interval).arg(per_minute).arg(step).arg(now);
        let wait: u64 = call.invoke_async(connection).await.unwrap();
        outcomes.push(wait == 0);
    }
    outcomes
}

#[test]
fn redis_lets_through_what_a_process_does() {
    let runtime = Runtime::new().unwrap();
    let Some(url) = runtime.block_on(redis()) else {
        return;
    };
    let client = redis::Client::open(url).unwrap();
    let connection = runtime.block_on(client.get_multiplexed_async_connection());
    let connection = connection.unwrap();

    // Those that divide a minute, so that both round alike.
    let per_minute = prop::sample::select(vec![1, 2, 3, 6, 10, 60]);
    proptest!(ProptestConfig::with_cases(64), |(per_minute in per_minute, takes in takes())| {
        let here = runtime.block_on(in_process(per_minute, &takes));
        let there = runtime.block_on(in_redis(&mut connection.clone(), per_minute, &takes));

        prop_assert_eq!(here, there);
    });
}
