//! `GET /api/auth/verify`, which a reverse proxy asks.

use poem::http::Method;
use sea_orm::{ConnectionTrait as _, Database};
use serde_json::{Value, json};

use crate::harness::servers::{Engine, database};
use crate::harness::{START, TestApp, jwt, request, spawn, spawn_over};

/// What makes a token of the harness one that has half an hour to live.
fn live() -> Value {
    json!({"iat": START, "exp": START + 1800})
}

/// A token that is live, with other claims on top.
fn live_with(app: &TestApp, changes: &Value) -> String {
    let mut claims = live();
    let changes = changes.as_object().unwrap().clone();
    claims.as_object_mut().unwrap().extend(changes);
    app.token_with(&claims)
}

#[tokio::test]
async fn a_good_token_is_answered_204_with_its_subject() {
    let app = spawn().await;

    let answer = app.verify(&app.token_with(&live())).await;

    assert_eq!((answer.status, answer.body.as_str()), (204, ""));
    assert_eq!(answer.header("x-auth-subject"), Some("alice"));
    assert_eq!(answer.header("www-authenticate"), None);
    assert_eq!(answer.header("cache-control"), Some("no-store"));
}

#[tokio::test]
async fn a_fresh_token_is_good() {
    let app = spawn().await;

    let fresh = app.refresh(&app.expired_token()).await.access_token();

    assert_eq!(app.verify(&fresh).await.status, 204);
}

#[tokio::test]
async fn who_sends_no_token_learns_the_scheme_and_no_error() {
    let app = spawn().await;

    let answer = app
        .send(request(Method::GET, "/api/auth/verify").finish())
        .await;

    assert_eq!(
        (answer.status, answer.code()),
        (401, "missing_token".to_owned())
    );
    let detail = "send the token as Authorization: Bearer, or in the access cookie";
    assert_eq!(answer.body_json()["detail"], detail);
    assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
    assert_eq!(answer.header("x-auth-subject"), None);
}

#[tokio::test]
async fn a_token_in_the_query_string_is_never_read() {
    let app = spawn().await;
    let token = app.token_with(&live());

    for name in ["token", "access_token", "authorization", "Authorization"] {
        let path = format!("/api/auth/verify?{name}={token}");
        let answer = app.send(request(Method::GET, &path).finish()).await;
        assert_eq!(
            (answer.status, answer.code()),
            (401, "missing_token".to_owned())
        );
    }
}

/// Requests with credentials of every kind that is wrong before the signature verifies.
fn unverifiable(app: &TestApp) -> Vec<poem::RequestBuilder> {
    let good = app.token_with(&live());
    let (signed, _) = good.rsplit_once('.').unwrap();
    let payload = live().to_string();
    let header =
        |value: String| request(Method::GET, "/api/auth/verify").header("authorization", value);
    vec![
        header("Bearer x".to_owned()),
        header("Bearer ".to_owned()),
        header("Bearer".to_owned()),
        header(format!("Bearer {signed}.")),
        header(format!(
            "Bearer {}",
            jwt::sign(signed, &"another key".repeat(9))
        )),
        header(format!(
            "Bearer {}",
            jwt::hs256(r#"{"alg":"none"}"#, payload, "")
        )),
        header(format!("Bearer {good}")).header("authorization", format!("Bearer {good}")),
    ]
}

#[tokio::test]
async fn whatever_is_wrong_before_the_signature_verifies_gets_one_answer() {
    let app = spawn().await;

    for request in unverifiable(&app) {
        let answer = app.send(request.finish()).await;

        assert_eq!(answer.status, 401, "{answer:?}");
        let challenge =
            r#"Bearer error="invalid_token", error_description="the token is not valid""#;
        assert_eq!(answer.header("www-authenticate"), Some(challenge));
        insta::allow_duplicates! { insta::assert_json_snapshot!(answer.body_json(), @r#"
    {
      "type": "/problems/invalid_token",
      "title": "Invalid token",
      "status": 401,
      "detail": "the token is not valid",
      "code": "invalid_token",
      "action": "reauthenticate"
    }
    "#) };
    }
}

#[tokio::test]
async fn an_expired_token_is_to_be_refreshed() {
    let app = spawn().await;

    let answer = app.verify(&app.expired_token()).await;

    assert_eq!(answer.status, 401);
    insta::assert_json_snapshot!(answer.body_json(), @r#"
    {
      "type": "/problems/token_expired",
      "title": "Token expired",
      "status": 401,
      "detail": "the token has expired",
      "code": "token_expired",
      "action": "refresh"
    }
    "#);
}

#[tokio::test]
async fn a_genuine_token_that_is_not_good_is_told_why() {
    let app = spawn().await;

    for (changes, code) in [
        (json!({"exp": null}), "unsupported_token"),
        (json!({"sub": null}), "unsupported_token"),
        (json!({"aud": "other"}), "unsupported_token"),
        (json!({"typ": "refresh"}), "unsupported_token"),
        (json!({"nbf": START + 600}), "unsupported_token"),
        (json!({"cnf": {"jkt": "x"}}), "unsupported_token"),
        (json!({"sub": "bob"}), "user_inactive"),
        (json!({"sub": "carol"}), "user_not_found"),
    ] {
        let answer = app.verify(&live_with(&app, &changes)).await;

        assert_eq!(
            (answer.status, answer.code().as_str()),
            (401, code),
            "{changes}"
        );
        let challenge = answer.header("www-authenticate").unwrap();
        assert!(
            challenge.starts_with(r#"Bearer error="invalid_token", "#),
            "{challenge}"
        );
        assert_eq!(answer.body_json()["action"], "reauthenticate");
    }
}

#[tokio::test]
async fn a_token_as_old_as_the_users_cut_off_is_revoked() {
    let app = spawn_with_cut_off().await;
    let issued = |at: i64| app.token_with(&json!({"iat": at, "exp": START + 1800}));

    let before = app.verify(&issued(START - 61)).await;
    let at = app.verify(&issued(START - 60)).await;
    let after = app.verify(&issued(START - 59)).await;

    assert_eq!(
        (before.status, before.code().as_str()),
        (401, "session_revoked")
    );
    assert_eq!((at.status, at.code().as_str()), (401, "session_revoked"));
    assert_eq!(after.status, 204);
}

/// A service whose users' tokens count from a minute ago on.
async fn spawn_with_cut_off() -> TestApp {
    let server = database(Engine::Sqlite).await.unwrap();
    let connection = Database::connect(&server.url).await.unwrap();
    for sql in [
        "CREATE TABLE users (id TEXT PRIMARY KEY, is_active BOOLEAN, valid_after INTEGER)",
        &format!("INSERT INTO users VALUES ('alice', TRUE, {})", START - 60),
    ] {
        connection.execute_unprepared(sql).await.unwrap();
    }
    spawn_over(server, &[("USERS_VALID_AFTER_COLUMN", "valid_after")]).await
}

#[tokio::test]
async fn without_its_database_it_says_neither_yes_nor_no() {
    let app = spawn().await;
    let token = app.token_with(&live());

    app.database.clone().close().await.unwrap();
    let answer = app.verify(&token).await;

    assert_eq!(
        (answer.status, answer.code()),
        (503, "unavailable".to_owned())
    );
    assert_eq!(answer.header("retry-after"), Some("2"));
    assert_eq!(answer.header("www-authenticate"), None);
}

#[tokio::test]
async fn no_two_subjects_look_the_same_in_the_header() {
    let app = spawn().await;
    for (key, header) in [("50%25 é", "50%2525 %C3%A9"), ("a b", "a b")] {
        let id = key.replace('\'', "''");
        app.sql(&format!("INSERT INTO users VALUES ('{id}', '{id}', TRUE)"))
            .await;

        let answer = app.verify(&live_with(&app, &json!({"sub": key}))).await;

        assert_eq!(answer.header("x-auth-subject"), Some(header));
    }
    for lost in [" alice", "alice ", "alice\u{a0}"] {
        let answer = app.verify(&live_with(&app, &json!({"sub": lost}))).await;
        assert_eq!(answer.code(), "unsupported_token", "{lost:?}");
    }
}

#[tokio::test]
async fn a_credential_of_another_scheme_is_none_of_ours() {
    let app = spawn().await;
    let basic = |method, path| request(method, path).header("authorization", "Basic YTpi");

    let verified = app
        .send(basic(Method::GET, "/api/auth/verify").finish())
        .await;
    let refreshed = app
        .send(basic(Method::POST, "/api/auth/refresh").finish())
        .await;

    assert_eq!(verified.code(), "missing_token");
    assert_eq!(
        refreshed.body_json()["message"],
        "No refresh token provided"
    );
}

#[tokio::test]
async fn the_document_names_the_cookie_that_is_checked() {
    let app = spawn().await;

    let document = app
        .send(request(Method::GET, "/openapi.json").finish())
        .await;

    let document = document.body_json();
    let names = document["paths"]["/api/auth/verify"]["get"]["security"].as_array();
    let names = names.unwrap().iter().filter_map(Value::as_object);
    let names = names.flat_map(|one| one.keys());
    let schemes = &document["components"]["securitySchemes"];
    let cookies = names.filter(|name| schemes[*name]["in"] == "cookie");
    let cookies: Vec<_> = cookies.map(|name| &schemes[name]["name"]).collect();
    assert_eq!(cookies, ["access_token"]);
}
