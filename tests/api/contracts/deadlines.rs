//! A request that runs into its deadline is answered in the words of its contract.

use poem::http::Method;
use remint::domain::Contract;
use sea_orm::TransactionTrait as _;
use serde_json::json;

use super::frontend::{Frontend, post_form};
use crate::harness::{Answer, ONE_PATIENT_CONNECTION, TestApp, request, spawn_with};

/// What `send` is answered while nobody gets a connection, and the same afterwards.
async fn late(app: &TestApp, send: impl AsyncFn(&TestApp) -> Answer) -> (Answer, Answer) {
    let held = app.database.begin().await.unwrap();
    let late = send(app).await;
    held.rollback().await.unwrap();
    (late, send(app).await)
}

#[tokio::test]
async fn of_an_envelope() {
    let app = spawn_with(&ONE_PATIENT_CONNECTION).await;
    let frontend = Frontend::log_in(&app, Contract::Envelope).await;

    let (late, then) = late(&app, async |app| frontend.send(app).await).await;

    assert_eq!((late.status, late.header("retry-after")), (503, Some("2")));
    assert_eq!(late.body_json()["errors"][0]["code"], "UNAVAILABLE");
    assert_eq!(then.body_json()["success"], true);
}

#[tokio::test]
async fn of_a_pair() {
    let app = spawn_with(&ONE_PATIENT_CONNECTION).await;
    let frontend = Frontend::log_in(&app, Contract::TokenPair).await;

    let (late, then) = late(&app, async |app| frontend.send(app).await).await;

    assert_eq!((late.status, late.header("retry-after")), (503, Some("2")));
    assert_eq!(late.body_json()["errors"][0]["type"], "Server");
    assert_eq!(then.status, 200);
}

#[tokio::test]
async fn of_oauth2() {
    let app = spawn_with(&ONE_PATIENT_CONNECTION).await;
    let frontend = Frontend::log_in(&app, Contract::OAuth2).await;
    let token = [("token", frontend.refresh_token.as_str())];

    let exchange = async |app: &TestApp| frontend.send(app).await;
    let revoke = async |app: &TestApp| post_form(app, "/oauth/revoke", &token).await;

    for (late, then) in [late(&app, exchange).await, late(&app, revoke).await] {
        assert_eq!((late.status, late.header("retry-after")), (503, Some("2")));
        assert_eq!(late.body, r#"{"error":"temporarily_unavailable"}"#);
        assert_eq!(then.status, 200);
    }
}

#[tokio::test]
async fn of_a_cookie() {
    let app = spawn_with(&ONE_PATIENT_CONNECTION).await;
    let token = app.start(Contract::Cookie, "alice").await.refresh_token;
    let cookie = format!("refresh_token={}", token.unwrap());
    let send = async |app: &TestApp| {
        let request = request(Method::POST, "/api/auth/refresh");
        app.send(request.header("cookie", &cookie).finish()).await
    };

    let (late, then) = late(&app, send).await;

    let failed = json!({"success": false, "message": "An error occurred while refreshing token"});
    assert_eq!((late.status, late.body_json()), (503, failed));
    assert_eq!(late.header("set-cookie"), None);
    assert_eq!(then.status, 200);
}
