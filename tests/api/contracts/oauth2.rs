//! `oauth2`: what is its own.

use chrono::TimeDelta;
use remint::domain::Contract;
use serde_json::json;

use crate::harness::{Answer, TestApp, jwt, spawn, spawn_with};

use super::frontend::{Frontend, assert_headers, assert_refused, exchange, post_form};

/// A refresh token that was just started.
async fn refresh_token(app: &TestApp) -> String {
    let frontend = Frontend::log_in(app, Contract::OAuth2).await;
    frontend.refresh_token
}

/// The members of the answer, and what a client has to know of it.
fn seen(answer: &Answer) -> (u16, String) {
    assert_headers(answer);
    assert_eq!(
        answer.header("content-type"),
        Some("application/json; charset=utf-8")
    );
    (answer.status, answer.body.clone())
}

#[tokio::test]
async fn a_refresh_token_is_exchanged_for_two_new_tokens() {
    let app = spawn().await;
    let first = refresh_token(&app).await;
    app.advance(TimeDelta::minutes(40));

    let answer = exchange(&app, &first).await;

    let body = answer.body_json();
    let names: Vec<_> = body.as_object().unwrap().keys().collect();
    assert_eq!(
        names,
        ["access_token", "token_type", "expires_in", "refresh_token"]
    );
    assert_eq!(
        (&body["token_type"], &body["expires_in"]),
        (&json!("Bearer"), &json!(1800))
    );
    assert_eq!(seen(&answer).0, 200);
    assert_ne!(body["refresh_token"], json!(first));
    let claims = jwt::payload(&answer.access_token());
    assert_eq!(
        (&claims["sub"], &claims["remint"]["contract"]),
        (&json!("alice"), &json!("oauth2"))
    );
    assert_eq!(app.verify(&answer.access_token()).await.status, 204);
}

#[tokio::test]
async fn an_expired_jwt_is_exchanged_for_one_that_the_next_exchange_takes() {
    let app = spawn().await;

    let answer = exchange(&app, &app.expired_token()).await;

    let body = answer.body_json();
    assert_eq!(
        (answer.status, &body["refresh_token"]),
        (200, &body["access_token"])
    );
    assert_eq!(app.verify(&answer.access_token()).await.status, 204);
    app.advance(TimeDelta::hours(2));
    let next = exchange(&app, &answer.access_token()).await;
    assert_eq!(next.status, 200);
    assert_eq!(app.refresh(&next.access_token()).await.status, 200);
}

#[tokio::test]
async fn an_expired_jwt_is_good_once_where_the_mode_says_so() {
    let app = spawn_with(&[("REFRESH_MODE", "single_use")]).await;
    let token = app.expired_token();

    let first = exchange(&app, &token).await;
    let again = exchange(&app, &token).await;
    app.advance(TimeDelta::seconds(31));
    let late = exchange(&app, &token).await;

    assert_eq!((first.status, &first.body), (200, &again.body));
    assert_refused(&app, Contract::OAuth2, &late, "spent");
    assert!(
        late.body.contains("the token was exchanged before"),
        "{late:?}"
    );
    let newest = exchange(&app, &first.access_token()).await;
    assert!(
        newest.body.contains("the session was revoked"),
        "{newest:?}"
    );
}

/// What nobody here has signed, or has signed for somebody else.
async fn strangers(app: &TestApp) -> Vec<String> {
    let good = refresh_token(app).await;
    let genuine = app.expired_token();
    let (signed, _) = genuine.rsplit_once('.').unwrap();
    let other = app.start(Contract::RefreshToken, "alice").await;
    vec![
        "x".to_owned(),
        "a.b.c".to_owned(),
        "..".to_owned(),
        format!("{signed}."),
        format!("{genuine}="),
        jwt::hs256(jwt::HS256, r#"{"sub":"alice"}"#, "another secret"),
        jwt::hs256(r#"{"alg":"none"}"#, r#"{"sub":"alice"}"#, "another secret"),
        "A".repeat(76),
        "A".repeat(8_193),
        format!("{good} "),
        other.refresh_token.unwrap(),
    ]
}

#[tokio::test]
async fn before_a_signature_has_verified_every_refusal_is_the_same() {
    let app = spawn().await;

    for token in strangers(&app).await {
        let mut answer = exchange(&app, &token).await;

        insta::allow_duplicates! {
            insta::assert_snapshot!(answer.body, @r#"{"error":"invalid_grant","error_description":"the token is not valid"}"#);
        }
        assert_eq!(answer.status, 400, "{token}");
        assert_headers(&answer);
        answer.headers.remove("x-request-id");
        assert_eq!(answer.headers.len(), 4, "{answer:?}");
    }
}

#[tokio::test]
async fn the_holder_of_a_genuine_token_is_told_why_it_is_not_exchanged() {
    let app = spawn().await;
    let now = app.now().timestamp();
    let old = app.token_with(&json!({"iat": now - 900_000, "exp": now - 800_000}));
    let access = Frontend::log_in(&app, Contract::OAuth2).await.access_token;

    for (token, why) in [
        (old, "the token expired too long ago"),
        (
            app.token_with(&json!({"exp": null})),
            "the token has no expiry",
        ),
        (
            app.token_with(&json!({"sub": "bob"})),
            "the user is not active",
        ),
        (
            app.token_with(&json!({"sub": "x"})),
            "the user does not exist",
        ),
        (
            app.token_with(&json!({"typ": "refresh"})),
            "the token is of another kind",
        ),
        (access, "the token is of another kind"),
    ] {
        let answer = exchange(&app, &token).await;
        let body = format!(r#"{{"error":"invalid_grant","error_description":"{why}"}}"#);
        assert_eq!(seen(&answer), (400, body));
    }
}

#[tokio::test]
async fn a_wish_for_a_scope_changes_nothing() {
    let app = spawn().await;
    let token = refresh_token(&app).await;
    let parameters = [
        ("grant_type", "refresh_token"),
        ("refresh_token", &token),
        ("scope", "admin everything"),
        ("resource", "https://a.example"),
        ("resource", "https://b.example"),
    ];

    let answer = post_form(&app, "/oauth/token", &parameters).await;

    assert_eq!(answer.status, 200);
    assert_eq!(answer.body, exchange(&app, &token).await.body);
    assert_eq!(jwt::payload(&answer.access_token()).get("scope"), None);
}
