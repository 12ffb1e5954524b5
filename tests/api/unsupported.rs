//! `POST /api/auth/refresh`: genuine tokens that are not the access tokens of a user of ours.

use serde_json::{Value, json};

use super::refusals::assert_refused;
use crate::harness::{SECRET, START, TestApp, jwt, spawn};

/// Asserts that the token with these claims on top is genuine and still not exchanged.
async fn assert_unsupported(app: &TestApp, changes: Value, detail: &str) {
    let answer = app.refresh(&app.token_with(&changes)).await;
    assert_eq!(answer.body_json()["detail"], detail, "{changes}");
    assert_refused(&answer, "unsupported_token", detail);
}

/// A claim each that a genuine token cannot have, and what its holder is told.
fn flaws() -> [(Value, &'static str); 14] {
    [
        (json!({"exp": null}), "the token has no expiry"),
        (json!({"exp": "1800000000"}), "the expiry is not a number"),
        (json!({"sub": null}), "the token has no subject"),
        (json!({"sub": ""}), "the subject cannot be a user's key"),
        (json!({"sub": 5}), "the subject cannot be a user's key"),
        (json!({"nbf": START + 31}), "the token is not valid yet"),
        (
            json!({"nbf": "now"}),
            "the time from which the token is valid is not a number",
        ),
        (
            json!({"iat": START + 31}),
            "the token was issued in the future",
        ),
        (
            json!({"iat": "yesterday"}),
            "a time of issue is not a number",
        ),
        (
            json!({"aud": "another"}),
            "the token is for another audience",
        ),
        (json!({"iss": 5}), "the token is from another issuer"),
        (json!({"cnf": {"jkt": "x"}}), "the token is bound to a key"),
        (json!({"cnf": false}), "the token is bound to a key"),
        (
            json!({"remint": {"sid": "x"}}),
            "the session claim is malformed",
        ),
    ]
}

#[tokio::test]
async fn a_genuine_token_that_lacks_something_is_unsupported() {
    let app = spawn().await;

    for (changes, detail) in flaws() {
        assert_unsupported(&app, changes, detail).await;
    }
}

#[tokio::test]
async fn a_token_of_another_kind_is_unsupported_whichever_claim_says_so() {
    let app = spawn().await;

    for claim in ["token_use", "token_type", "typ", "type"] {
        for kind in [
            json!("refresh"),
            json!("id"),
            json!("ID"),
            json!(""),
            json!(1),
            json!(["access"]),
        ] {
            let changes = json!({claim: kind});
            assert_unsupported(&app, changes, "the token is of another kind").await;
        }
    }
    for header in [
        r#"{"alg":"HS256","typ":"refresh+jwt"}"#,
        r#"{"alg":"HS256","typ":5}"#,
    ] {
        let payload = jwt::payload_text(&app.expired_token());
        let token = jwt::hs256(header, payload, SECRET);
        let answer = app.refresh(&token).await;
        assert_refused(&answer, "unsupported_token", "the token is of another kind");
    }
}

#[tokio::test]
async fn an_access_token_may_say_that_it_is_one() {
    let app = spawn().await;

    for kind in [
        "access",
        "ACCESS",
        "Bearer",
        "access_token",
        "at+jwt",
        "application/at+JWT",
    ] {
        let token = app.token_with(&json!({"token_use": kind, "type": kind}));
        let answer = app.refresh(&token).await;
        assert_eq!(answer.status, 200, "{kind} {answer:?}");
    }
}

#[tokio::test]
async fn a_session_claim_that_remint_did_not_write_is_unsupported() {
    let app = spawn().await;
    let sid = "018f0000-0000-8000-8000-000000000000";

    for lineage in [
        json!(true),
        json!({}),
        json!({"sid": sid, "gen": -1, "start": START}),
        json!({"sid": sid, "gen": 1.5, "start": START}),
        json!({"sid": sid, "gen": "1", "start": START}),
        json!({"sid": sid, "gen": 1, "start": "now"}),
        json!({"sid": 7, "gen": 1, "start": START}),
    ] {
        let changes = json!({"remint": lineage});
        assert_unsupported(&app, changes, "the session claim is malformed").await;
    }
    let future = json!({"remint": {"sid": sid, "gen": 1, "start": START + 31}});
    assert_unsupported(&app, future, "the token was issued in the future").await;
}
