//! Redis goes and comes.

use std::thread;
use std::time::{Duration, Instant};

use remint::domain::{IdSource as _, RandomIds};

use crate::cli::place_with_users;
use crate::harness::process::{Place, Service};
use crate::harness::servers::OwnRedis;
use crate::server::{post_refresh, post_refresh_to};

/// For how long a request waits for Redis: longer than by default, for machines that are busy.
const DEADLINE: Duration = Duration::from_secs(3);

/// Replicas that count in that Redis.
fn place(redis: &OwnRedis) -> Place {
    let deadline = DEADLINE.as_millis().to_string();
    place_with_users()
        .with("RATE_LIMIT_PER_MINUTE", "2")
        .with("REDIS_TIMEOUT_MILLISECONDS", &deadline)
        .with("REDIS_URL", &redis.url())
}

/// A token that no other test sends.
fn token(place: &Place) -> String {
    let claim = format!("jti=\"{}\"", RandomIds.session_id());
    let arguments = [
        "token",
        "--sub",
        "alice",
        "--expired-for",
        "1h",
        "--claim",
        &claim,
    ];
    place.run(&arguments).only_line().to_owned()
}

fn refresh(service: &Service, token: &str) -> u16 {
    post_refresh(service, &format!(r#"{{"token":"{token}"}}"#)).status()
}

/// What three refreshes of one token are answered.
fn three(service: &Service, token: &str) -> [u16; 3] {
    [(); 3].map(|()| refresh(service, token))
}

const AWAY: &str = "Redis is away";
const BACK: &str = "Redis is back";

#[tokio::test]
async fn a_redis_that_is_killed_is_not_missed_and_is_used_again_when_it_is_back() {
    let Some(mut redis) = OwnRedis::new().await else {
        return;
    };
    redis.start();
    let place = place(&redis);
    let (mut first, mut second) = (place.serve(), place.serve());
    first.logged("shared through Redis");

    redis.kill();
    let alone = [&first, &second].map(|service| three(service, &token(&place)));
    assert_eq!(alone, [[200, 200, 429]; 2]);
    redis.start();
    first.line_with(BACK);
    second.line_with(BACK);
    assert_eq!([&first, &second].map(|one| one.count(AWAY)), [1; 2]);

    let token = token(&place);
    assert_eq!([&first, &second].map(|one| refresh(one, &token)), [200; 2]);
    assert_eq!([&first, &second].map(|one| refresh(one, &token)), [429; 2]);
}

#[tokio::test]
async fn while_redis_is_killed_everybody_is_answered() {
    let Some(mut redis) = OwnRedis::new().await else {
        return;
    };
    redis.start();
    let place = place(&redis).with("RATE_LIMIT_PER_MINUTE", "100000");
    let mut service = place.serve();
    let body = format!(r#"{{"token":"{}"}}"#, token(&place));
    let address = service.address();
    let refresh = || post_refresh_to(address, &body).status();

    let statuses = thread::scope(|scope| {
        let senders = [(); 4].map(|()| scope.spawn(|| [(); 100].map(|()| refresh())));
        // In the midst of it.
        for _ in 0..20 {
            refresh();
        }
        redis.kill();
        senders.map(|sender| sender.join().unwrap())
    });

    assert_eq!(statuses, [[200; 100]; 4]);
    service.line_with(AWAY);
}

#[tokio::test]
async fn a_redis_that_hangs_holds_nobody_up() {
    let Some(mut redis) = OwnRedis::new().await else {
        return;
    };
    redis.start();
    let place = place(&redis);
    let mut service = place.serve();
    let (before, during) = (token(&place), token(&place));
    assert_eq!(three(&service, &before), [200, 200, 429]);

    redis.signal("STOP");
    let start = Instant::now();
    let statuses = three(&service, &during);
    let waited = start.elapsed();
    redis.signal("CONT");

    assert_eq!(statuses, [200, 200, 429]);
    assert!(waited < DEADLINE * 2, "more than one waited: {waited:?}");
    service.line_with(AWAY);
    service.line_with(BACK);
    // The one that it had counted before.
    assert_eq!(refresh(&service, &before), 429);
}

#[tokio::test]
async fn a_redis_that_is_not_there_yet_is_used_when_it_comes() {
    let Some(mut redis) = OwnRedis::new().await else {
        return;
    };
    let place = place(&redis);
    let mut service = place.serve();
    assert!(service.logged(AWAY).contains("WARN"));
    assert_eq!(three(&service, &token(&place)), [200, 200, 429]);

    redis.start();
    service.line_with(BACK);

    assert_eq!(three(&service, &token(&place)), [200, 200, 429]);
}
