//! Which secrets verify refresh tokens.

use chrono::TimeDelta;
use remint::domain::Contract;
use serde_json::json;

use crate::harness::{SECRET, TestApp, jwt, logs, spawn, spawn_beside};

use super::frontend::{CONTRACTS, Frontend};

/// Long enough for every hash.
const NEW: &str = "the-secret-after-this-one-that-is-long-enough-for-every-hash-of-rfc-7518";

#[tokio::test]
async fn refresh_tokens_outlive_a_change_of_the_secret() {
    let old = spawn().await;
    let until = json!([{"secret": SECRET, "until": "2027-01-15T09:00:00Z"}]).to_string();
    let settings = [
        ("JWT_SECRET_KEY", NEW),
        ("JWT_PREVIOUS_SECRET_KEYS", until.as_str()),
    ];
    let new = spawn_beside(old.database_url(), &settings).await;
    logs::never(NEW);

    for contract in CONTRACTS {
        let idle = Frontend::log_in(&old, contract).await;
        let mut frontend = Frontend::log_in(&old, contract).await;

        frontend.refresh(&new).await;
        new.advance(TimeDelta::hours(2));

        idle.assert_refused(&new, "the end of the old secret").await;
        let is_kept = contract == Contract::RefreshToken;
        assert_eq!(frontend.send(&new).await.status == 400, is_kept);
        new.advance(TimeDelta::hours(-2));
    }
}

#[tokio::test]
async fn a_secret_that_nobody_names_any_more_verifies_nothing() {
    let old = spawn().await;
    let new = spawn_beside(old.database_url(), &[("JWT_SECRET_KEY", NEW)]).await;

    for contract in CONTRACTS {
        Frontend::log_in(&old, contract)
            .await
            .assert_refused(&new, "gone")
            .await;
    }
}

/// A service whose secret is long enough for HS256 and not for HS512.
async fn spawn_with_short_secret(old: &TestApp) -> TestApp {
    let short = SECRET.get(..40).unwrap();
    spawn_beside(old.database_url(), &[("JWT_SECRET_KEY", short)]).await
}

#[tokio::test]
async fn with_a_secret_too_short_for_a_contract_the_others_work() {
    let old = spawn().await;
    let short = spawn_with_short_secret(&old).await;
    let main = jwt::hs256(
        jwt::HS256,
        jwt::payload_text(&old.expired_token()),
        SECRET.get(..40).unwrap(),
    );

    let envelope = Frontend::log_in(&old, Contract::Envelope).await;
    let pair = Frontend::log_in(&old, Contract::TokenPair).await;

    // The secret is the operator's to mend, and nobody's session shall end over it.
    for (frontend, word) in [(envelope, "UNAVAILABLE"), (pair, "Server")] {
        let off = frontend.send(&short).await;
        assert_eq!((off.status, off.header("retry-after")), (503, Some("2")));
        assert!(off.body.contains(word), "{off:?}");
        assert_eq!(frontend.send(&old).await.status, 200);
    }
    let mut frontend = Frontend::log_in(&short, Contract::RefreshToken).await;
    assert_eq!(frontend.refresh(&short).await.status, 200);
    assert_eq!(short.refresh(&main).await.status, 200);
}
