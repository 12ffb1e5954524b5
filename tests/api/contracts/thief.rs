//! What somebody can end who has tokens that nobody would exchange or accept any more.

use chrono::TimeDelta;
use poem::http::Method;
use remint::domain::Contract;
use serde_json::json;

use crate::harness::{Answer, TestApp, request, spawn, spawn_with};

use super::frontend::{CONTRACTS, Frontend, ROTATED};

async fn end_everything(app: &TestApp, token: &str) -> Answer {
    let body = json!({"token": token, "everywhere": true}).to_string();
    let request = request(Method::POST, "/api/auth/logout");
    app.send(request.body(body)).await
}

#[tokio::test]
async fn a_spent_refresh_token_ends_its_own_session_only() {
    let app = spawn().await;

    for contract in ROTATED {
        let mut other = Frontend::log_in(&app, contract).await;
        let mut frontend = Frontend::log_in(&app, contract).await;
        let spent = frontend.clone();
        frontend.refresh(&app).await;
        app.advance(TimeDelta::seconds(31));

        assert_eq!(end_everything(&app, &spent.refresh_token).await.status, 204);

        frontend.assert_refused(&app, "ended").await;
        assert_eq!(other.refresh(&app).await.status, 200);
        assert_eq!(end_everything(&app, &other.refresh_token).await.status, 204);
        app.advance(TimeDelta::seconds(1));
    }
}

#[tokio::test]
async fn an_access_token_that_is_not_accepted_any_more_ends_its_own_session_only() {
    let app = spawn().await;

    for contract in CONTRACTS {
        let mut other = Frontend::log_in(&app, Contract::TokenPair).await;
        let old = Frontend::log_in(&app, contract).await.access_token;
        app.advance(TimeDelta::days(8));

        assert_eq!(end_everything(&app, &old).await.status, 204);

        assert_eq!(other.refresh(&app).await.status, 200);
    }
}

#[tokio::test]
async fn an_access_token_that_was_exchanged_ends_its_own_session_only() {
    let app = spawn().await;
    let mut other = Frontend::log_in(&app, Contract::TokenPair).await;
    let mut frontend = Frontend::log_in(&app, Contract::TokenPair).await;
    let old = frontend.access_token.clone();
    frontend.refresh(&app).await;

    assert_eq!(end_everything(&app, &old).await.status, 204);

    frontend.assert_refused(&app, "ended").await;
    assert_eq!(other.refresh(&app).await.status, 200);
}

#[tokio::test]
async fn a_token_of_single_use_that_is_spent_ends_its_own_session_only() {
    let app = spawn_with(&[("REFRESH_MODE", "single_use")]).await;
    let (spent, other) = (app.expired_token(), app.token_with(&json!({"n": 1})));
    let next = app.refresh(&spent).await.access_token();
    app.advance(TimeDelta::seconds(31));

    assert_eq!(end_everything(&app, &spent).await.status, 204);

    assert_eq!(app.refresh(&next).await.code(), "session_revoked");
    assert_eq!(app.refresh(&other).await.status, 200);
}

#[tokio::test]
async fn any_good_token_ends_everything() {
    for take in [access_token, refresh_token] {
        let app = spawn().await;
        for contract in CONTRACTS {
            let frontend = Frontend::log_in(&app, contract).await;
            let other = Frontend::log_in(&app, Contract::TokenPair).await;

            assert_eq!(end_everything(&app, take(&frontend)).await.status, 204);

            other.assert_refused(&app, "ended").await;
            app.advance(TimeDelta::seconds(1));
        }
    }
}

fn access_token(frontend: &Frontend) -> &str {
    &frontend.access_token
}

fn refresh_token(frontend: &Frontend) -> &str {
    &frontend.refresh_token
}
