//! What a login says beside the subject, and what becomes of it.

use chrono::TimeDelta;
use poem::http::Method;
use serde_json::{Value, json};

use super::{spawn_admin, start};
use crate::harness::{TestApp, jwt, request};

/// The access token that answers the tokens of that login by its own contract.
async fn refreshed(app: &TestApp, login: &Value) -> Value {
    let (path, body) = match login["contract"].as_str().unwrap() {
        "envelope" => (
            "/api/refresh",
            json!({"refreshToken": login["refresh_token"]}),
        ),
        "token_pair" => ("/api/auth/refresh", login["body"].clone()),
        "refresh_token" => ("/auth/refresh", login["body"].clone()),
        _ => ("/api/auth/refresh", json!({"token": login["access_token"]})),
    };
    let request = request(Method::POST, path).content_type("application/json");
    let answer = app.send(request.body(body.to_string())).await;
    let body = answer.body_json();
    let tokens = [
        &body["access_token"],
        &body["Token"],
        &body["data"]["accessToken"],
    ];
    let token = tokens.into_iter().find_map(Value::as_str).unwrap();
    jwt::payload(token)
}

#[tokio::test]
async fn a_token_is_fresh_from_the_login_and_not_from_a_refresh() {
    let app = spawn_admin().await;

    for contract in ["envelope", "expired_token", "refresh_token", "token_pair"] {
        let login = json!({"user": "alice", "contract": contract, "claims": {"fresh": true}});
        let login = start(&app, &login).await;
        app.advance(TimeDelta::minutes(1));

        let first = jwt::payload(&login.access_token());
        assert_eq!(first["fresh"], true, "{contract}");
        let second = refreshed(&app, &login.body_json()).await;
        assert_eq!(second["fresh"], false, "{contract}");
    }
}
