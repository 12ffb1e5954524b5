//! `POST /oauth/revoke`: what ends.

use remint::domain::Contract;
use serde_json::json;

use crate::api::contracts::frontend::{
    CONTRACTS, Frontend, assert_headers, assert_refused, exchange, post_form,
};
use crate::harness::{Answer, TestApp, spawn, spawn_on_each};

async fn revoke(app: &TestApp, token: &str) -> Answer {
    post_form(app, "/oauth/revoke", &[("token", token)]).await
}

fn access_token(frontend: &Frontend) -> &str {
    &frontend.access_token
}

fn refresh_token(frontend: &Frontend) -> &str {
    &frontend.refresh_token
}

#[tokio::test]
async fn either_token_of_any_contract_ends_its_session() {
    for app in spawn_on_each(&[]).await {
        for contract in CONTRACTS {
            for take in [access_token as fn(&Frontend) -> &str, refresh_token] {
                let frontend = Frontend::log_in(&app, contract).await;
                let mut other = Frontend::log_in(&app, contract).await;

                let answer = revoke(&app, take(&frontend)).await;

                assert_eq!((answer.status, answer.body.as_str()), (200, ""));
                frontend.assert_refused(&app, "revoked").await;
                let verified = app.verify(&frontend.access_token).await;
                assert_eq!(verified.code(), "session_revoked");
                assert_eq!(other.refresh(&app).await.status, 200);
            }
        }
    }
}

#[tokio::test]
async fn an_expired_jwt_ends_its_session_and_its_successors() {
    let app = spawn().await;
    let token = app.expired_token();
    let next = exchange(&app, &token).await.access_token();

    assert_eq!(revoke(&app, &token).await.status, 200);

    for token in [token, next] {
        let answer = exchange(&app, &token).await;
        assert_refused(&app, Contract::OAuth2, &answer, "revoked");
        assert!(
            answer.body.contains("the session was revoked"),
            "{answer:?}"
        );
    }
}

#[tokio::test]
async fn what_is_no_token_is_answered_as_one_that_is() {
    let app = spawn().await;
    let good = Frontend::log_in(&app, Contract::OAuth2).await;
    let forged = format!("{}A", app.expired_token());

    for token in [
        "x",
        "a.b.c",
        &forged,
        &"A".repeat(9_000),
        &good.refresh_token,
    ] {
        let answer = revoke(&app, token).await;
        assert_eq!((answer.status, answer.body.as_str()), (200, ""));
        assert_headers(&answer);
        let again = revoke(&app, token).await;
        assert_eq!((again.status, again.body.as_str()), (200, ""));
    }
}

#[tokio::test]
async fn a_hint_that_is_wrong_changes_nothing() {
    let app = spawn().await;
    let frontend = Frontend::log_in(&app, Contract::OAuth2).await;
    let parameters = [
        ("token", frontend.refresh_token.as_str()),
        ("token_type_hint", "access_token"),
    ];

    assert_eq!(
        post_form(&app, "/oauth/revoke", &parameters).await.status,
        200
    );

    frontend.assert_refused(&app, "revoked").await;
}

#[tokio::test]
async fn a_logout_takes_the_refresh_token_as_well() {
    let app = spawn().await;
    let frontend = Frontend::log_in(&app, Contract::OAuth2).await;

    let body = json!({"refresh_token": frontend.refresh_token}).to_string();
    let answer = crate::api::contracts::frontend::post(&app, "/api/auth/logout", body).await;

    assert_eq!(answer.status, 204);
    frontend.assert_refused(&app, "logged out").await;
}

#[tokio::test]
async fn nobody_is_told_that_a_session_ended_which_may_go_on() {
    let app = spawn().await;
    let frontend = Frontend::log_in(&app, Contract::OAuth2).await;
    app.database.clone().close().await.unwrap();

    for token in [&frontend.refresh_token, &frontend.access_token] {
        let answer = revoke(&app, token).await;

        assert_eq!(answer.body, r#"{"error":"temporarily_unavailable"}"#);
        assert_eq!(
            (answer.status, answer.header("retry-after")),
            (503, Some("2"))
        );
        assert_headers(&answer);
    }
}
