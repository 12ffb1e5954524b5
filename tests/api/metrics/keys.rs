//! Which keys are still needed.

use serde_json::json;

use super::{Figures, spawn_watched};
use crate::harness::{START, jwt};

/// Long enough for every hash.
const OLD: &str = "the-secret-before-this-one-that-is-long-enough-for-every-hash-of-rfc-7518";

#[tokio::test]
async fn each_key_has_a_counter_from_the_start_that_moves_when_the_key_is_used() {
    let keys = json!([{"secret": OLD, "kid": "2026"}, "a-secret-that-nobody-uses-any-more-at-all"]);
    let app = spawn_watched(&[("JWT_PREVIOUS_SECRET_KEYS", &keys.to_string())]).await;
    let payload = json!({"sub": "alice", "exp": START - 60}).to_string();
    let before = Figures::of(&app).await;

    app.refresh(&jwt::hs256(jwt::HS256, payload, OLD)).await;
    for _ in 0..2 {
        app.refresh(&app.expired_token()).await;
    }

    let after = Figures::of(&app).await;
    for (key, by) in [("current", 2.0), ("previous-1", 1.0), ("previous-2", 0.0)] {
        let name = "remint_verified_credentials_total";
        let series = format!(r#"{name}{{contract="expired_token",key="{key}"}}"#);
        assert!(before.shown(&series).abs() < f64::EPSILON);
        after.assert_moved(&before, &[(&series, by)]);
    }
    let kid = r#"remint_key_info{key="previous-1",kid="2026"}"#;
    assert!((after.shown(kid) - 1.0).abs() < f64::EPSILON);
}

#[tokio::test]
async fn a_credential_that_no_key_verified_counts_for_none() {
    let app = spawn_watched(&[]).await;
    let payload = json!({"sub": "alice", "exp": START - 60}).to_string();
    let before = Figures::of(&app).await;

    app.refresh(&jwt::hs256(jwt::HS256, payload, OLD)).await;

    let series = r#"remint_verified_credentials_total{contract="expired_token",key="current"}"#;
    Figures::of(&app)
        .await
        .assert_moved(&before, &[(series, 0.0)]);
}
