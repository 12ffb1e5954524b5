//! What introspection says of sessions that were remint's before they were Cognito's.

use poem::http::Method;
use remint::domain::Contract;
use serde_json::Value;

use crate::harness::{TestApp, logs, request, spawn_beside, spawn_with};

use super::stub::{CLIENT, asking};

const CLIENT_SECRET: &str = "the-secret-of-the-client-of-oauth-2";

/// Base64 of `web:` and [`CLIENT_SECRET`].
const BASIC: &str = "Basic d2ViOnRoZS1zZWNyZXQtb2YtdGhlLWNsaWVudC1vZi1vYXV0aC0y";

const OAUTH: [(&str, &str); 2] = [
    ("OAUTH_CLIENT_ID", "web"),
    ("OAUTH_CLIENT_SECRET", CLIENT_SECRET),
];

async fn introspect(app: &TestApp, token: &str) -> Value {
    let request = request(Method::POST, "/oauth/introspect")
        .header("authorization", BASIC)
        .content_type("application/x-www-form-urlencoded");
    let answer = app.send(request.body(format!("token={token}"))).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.body_json()["active"].take()
}

#[tokio::test]
async fn a_refresh_token_that_nobody_exchanges_any_more_is_inactive() {
    logs::never(CLIENT_SECRET);
    let before = spawn_with(&OAUTH).await;
    let refresh_token = |grant: remint::service::Grant| grant.refresh_token.unwrap();
    let plain = refresh_token(before.start(Contract::RefreshToken, "alice").await);
    let other = refresh_token(before.start(Contract::OAuth2, "alice").await);
    let settings = [&OAUTH[..], &asking("http://127.0.0.1:1", CLIENT)].concat();

    let after = spawn_beside(before.database_url(), &settings).await;

    assert_eq!(introspect(&before, &plain).await, true);
    assert_eq!(introspect(&after, &plain).await, false);
    assert_eq!(introspect(&after, &other).await, true);
}
