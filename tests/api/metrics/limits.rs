//! What the limits hold back, and whether Redis counts.

use poem::Request;
use poem::http::Method;
use serde_json::json;

use super::super::limits::from;
use super::{Figures, spawn_watched};
use crate::harness::request;
use crate::harness::servers::OwnRedis;

const TWO: (&str, &str) = ("RATE_LIMIT_PER_MINUTE", "2");

fn refresh(token: &str) -> Request {
    request(Method::POST, "/api/auth/refresh").body(json!({"token": token}).to_string())
}

fn refusals(limit: &str) -> String {
    format!(r#"remint_limit_refusals_total{{limit="{limit}"}}"#)
}

fn keys(limit: &str) -> String {
    format!(r#"remint_limit_keys{{limit="{limit}"}}"#)
}

#[tokio::test]
async fn each_limit_counts_what_it_holds_back_and_for_how_many() {
    let settings = [TWO, ("RATE_LIMIT_PER_ADDRESS_PER_MINUTE", "9")];
    let app = spawn_watched(&settings).await;
    let (before, good) = (Figures::of(&app).await, app.expired_token());

    for _ in 0..3 {
        app.send(from("203.0.113.1", refresh(&good))).await;
        app.send(from("203.0.113.2", refresh("x"))).await;
    }
    for _ in 0..10 {
        app.send(from("203.0.113.3", request(Method::GET, "/docs").finish()))
            .await;
    }

    let after = Figures::of(&app).await;
    for (limit, held) in [("session", 1.0), ("failures", 1.0), ("requests", 3.0)] {
        after.assert_moved(&before, &[(&refusals(limit), 1.0), (&keys(limit), held)]);
    }
}

#[tokio::test]
async fn a_redis_that_goes_away_is_seen_to_be_away() {
    let Some(mut redis) = OwnRedis::new().await else {
        return;
    };
    redis.start();
    let url = redis.url();
    let patient = ("REDIS_TIMEOUT_MILLISECONDS", "10000");
    let app = spawn_watched(&[TWO, ("REDIS_URL", &url), patient]).await;
    let token = app.expired_token();
    for _ in 0..3 {
        app.refresh(&token).await;
    }
    let shared = Figures::of(&app).await;
    redis.kill();

    app.refresh(&token).await;

    let alone = Figures::of(&app).await;
    assert!((shared.shown("remint_redis_up") - 1.0).abs() < f64::EPSILON);
    assert!((shared.shown(&refusals("session")) - 1.0).abs() < f64::EPSILON);
    let expected = [
        ("remint_redis_up", -1.0),
        ("remint_redis_fallbacks_total", 1.0),
    ];
    alone.assert_moved(&shared, &expected);
    alone.assert_moved(&shared, &[(&keys("session"), 1.0)]);
}

#[tokio::test]
async fn where_no_redis_is_wanted_none_is_missed() {
    let app = spawn_watched(&[]).await;

    let figures = Figures::of(&app).await;

    assert!(!figures.0.keys().any(|series| series.contains("redis")));
}
