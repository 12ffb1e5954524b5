//! Imported tokens over HTTP, as the frontends that hold them send them.

use poem::http::Method;
use remint::domain::Contract;
use serde_json::json;

use super::{ACCEPTED, UUID, import};
use crate::harness::{Answer, SECRET, START, TestApp, jwt, request, spawn, spawn_with};

/// A refresh token as the backend of seed 002 made it.
const PAIR: &str =
    "bSiwLoqiZF0ZatZpNHoDeEntfvyT4GZWRWAr0u1r7NNxeeWzMph7kDbWzi2kgyM+QYleL/F8U5JniSyHQEdTEg==";

async fn post(app: &TestApp, path: &str, body: &str) -> Answer {
    let request = request(Method::POST, path).content_type("application/json");
    app.send(request.body(body.to_owned())).await
}

#[tokio::test]
async fn a_legacy_uuid_is_answered_with_one_of_ours() {
    let app = spawn_with(&ACCEPTED).await;
    import(&app, Contract::Envelope, UUID).await;

    let body = json!({"refreshToken": UUID}).to_string();
    let first = post(&app, "/api/refresh", &body).await.body_json();
    let ours = first["data"]["refreshToken"].as_str().unwrap();
    let body = json!({"refreshToken": ours}).to_string();
    let second = post(&app, "/api/refresh", &body).await.body_json();

    assert_ne!(ours, UUID);
    assert_eq!(
        (&first["success"], &second["success"]),
        (&json!(true), &json!(true))
    );
}

#[tokio::test]
async fn a_legacy_pair_is_answered_with_one_of_ours() {
    let app = spawn_with(&ACCEPTED).await;
    import(&app, Contract::TokenPair, PAIR).await;
    let claims = json!({"nameid": "alice", "nbf": START - 9, "exp": START - 1, "iat": START - 9});
    let token = jwt::hs512(
        r#"{"alg":"HS512","typ":"JWT"}"#,
        &claims.to_string(),
        SECRET,
    );

    let body = json!({"Token": token, "RefreshToken": PAIR}).to_string();
    let answer = post(&app, "/api/auth/refresh", &body).await;

    let ours = answer.body_json();
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(
        post(&app, "/api/auth/refresh", &ours.to_string())
            .await
            .status,
        200
    );
    assert_eq!(
        app.verify(ours["Token"].as_str().unwrap()).await.status,
        401
    );
}

#[tokio::test]
async fn a_legacy_token_of_oauth2_is_exchanged_once_also_if_it_looks_like_a_jwt() {
    let app = spawn_with(&ACCEPTED).await;
    let jwt = jwt::hs256(
        jwt::HS256,
        r#"{"sub":"alice"}"#,
        "the backend's other secret",
    );
    let exchange = async |token: &str| {
        let body = format!("grant_type=refresh_token&refresh_token={token}");
        let request = request(Method::POST, "/oauth/token");
        let request = request.content_type("application/x-www-form-urlencoded");
        app.send(request.body(body)).await
    };

    for token in ["legacy", jwt.as_str()] {
        import(&app, Contract::OAuth2, token).await;
        let first = exchange(token).await;
        let ours = first.body_json()["refresh_token"].take();
        assert_eq!(first.status, 200, "{first:?}");
        assert_eq!(exchange(token).await.body, first.body);
        assert_eq!(exchange(ours.as_str().unwrap()).await.status, 200);
    }
    assert_eq!(exchange(&app.expired_token()).await.status, 200);
}

#[tokio::test]
async fn a_legacy_refresh_token_that_is_a_jwt_of_the_same_key_logs_out() {
    for kind in [json!({}), json!({"type": "refresh"})] {
        let app = spawn_with(&ACCEPTED).await;
        let token = app.token_with(&kind);
        let body = json!({"refresh_token": token}).to_string();
        import(&app, Contract::RefreshToken, &token).await;
        let before = post(&app, "/auth/refresh", &body).await;

        let out = post(&app, "/api/auth/logout", &body).await;

        let after = post(&app, "/auth/refresh", &body).await;
        assert_eq!([before.status, out.status, after.status], [200, 204, 400]);
    }
}

#[tokio::test]
async fn a_legacy_access_token_is_sent_to_be_exchanged_and_not_to_the_login() {
    let app = spawn().await;
    let claims = json!({"nameid": "alice", "exp": START + 9, "iat": START - 9});
    let token = jwt::hs512(
        r#"{"alg":"HS512","typ":"JWT"}"#,
        &claims.to_string(),
        SECRET,
    );

    let answer = app.verify(&token).await;

    assert_eq!(
        (answer.status, answer.code().as_str()),
        (401, "token_expired")
    );
    assert_eq!(answer.body_json()["action"], "refresh");
}

#[tokio::test]
async fn a_legacy_cookie_stays_good_and_logs_out() {
    let app = spawn_with(&ACCEPTED).await;
    import(&app, Contract::Cookie, "s%3Alegacy.cookie").await;
    let with_cookie = |path: &str| {
        let request = request(Method::POST, path);
        request
            .header("cookie", "refresh_token=s%3Alegacy.cookie")
            .finish()
    };

    for _ in 0..2 {
        let answer = app.send(with_cookie("/api/auth/refresh")).await;
        assert_eq!(answer.status, 200, "{answer:?}");
    }
    assert_eq!(app.send(with_cookie("/api/auth/logout")).await.status, 204);

    assert_eq!(app.send(with_cookie("/api/auth/refresh")).await.status, 401);
}

#[tokio::test]
async fn without_the_setting_an_imported_token_is_nobodys() {
    let app = spawn().await;
    import(&app, Contract::RefreshToken, "legacy").await;

    let answer = post(&app, "/auth/refresh", r#"{"refresh_token":"legacy"}"#).await;

    assert_eq!(
        (answer.status, answer.body.as_str()),
        (400, r#"{"detail":"Refresh failed"}"#)
    );
}
