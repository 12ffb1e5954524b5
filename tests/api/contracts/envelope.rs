//! `envelope`: seed 003.

use chrono::TimeDelta;
use poem::Body;
use poem::http::Method;
use remint::domain::Contract;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt as _;

use crate::harness::{Answer, SECRET, START, TestApp, jwt, request, spawn, spawn_with};

use super::frontend::{Frontend, assert_headers, post};

const PATH: &str = "/api/refresh";

async fn log_in(app: &TestApp) -> Frontend {
    Frontend::log_in(app, Contract::Envelope).await
}

/// Asserts a refusal to the byte; the tests begin on a whole second.
fn assert_said(answer: &Answer, status: u16, error: [&str; 3], what: &str) {
    let [field, message, code] = error;
    let body = format!(
        r#"{{"success":false,"errors":[{{"field":"{field}","message":"{message}","code":"{code}"}}],"timestamp":"2027-01-15T08:00:00"}}"#
    );
    assert_eq!((answer.status, &answer.body), (status, &body), "{what}");
    let media_type = answer.header("content-type");
    assert_eq!(
        media_type,
        Some("application/json; charset=utf-8"),
        "{what}"
    );
    assert_headers(answer);
}

#[tokio::test]
async fn both_tokens_come_in_an_envelope_with_the_time() {
    let app = spawn().await;
    let frontend = log_in(&app).await;
    app.advance(TimeDelta::milliseconds(86_399_999));

    let answer = frontend.send(&app).await;

    let body = answer.body_json();
    let (access, refresh) = (&body["data"]["accessToken"], &body["data"]["refreshToken"]);
    let exact = format!(
        r#"{{"success":true,"data":{{"accessToken":{access},"refreshToken":{refresh}}},"timestamp":"2027-01-16T07:59:59"}}"#
    );
    assert_eq!((answer.status, &answer.body), (200, &exact));
    assert_ne!(refresh, &json!(frontend.refresh_token));
}

#[tokio::test]
async fn refresh_tokens_are_uuids_and_access_tokens_live_a_day() {
    let app = spawn().await;
    let mut frontend = log_in(&app).await;

    frontend.refresh(&app).await;

    let uuid = uuid::Uuid::parse_str(&frontend.refresh_token).unwrap();
    assert_eq!(
        (uuid.get_version_num(), uuid.to_string()),
        (4, frontend.refresh_token)
    );
    let payload = jwt::payload_text(&frontend.access_token);
    let header = r#"{"alg":"HS512","typ":"JWT"}"#;
    assert_eq!(frontend.access_token, jwt::hs512(header, &payload, SECRET));
    let claims = jwt::payload(&frontend.access_token);
    assert_eq!(
        (&claims["sub"], &claims["iat"]),
        (&json!("alice"), &json!(START))
    );
    assert_eq!(claims["exp"], START + 86_400);
}

#[tokio::test]
async fn a_request_without_a_refresh_token_is_told_so() {
    let app = spawn().await;
    let required = [
        "refreshToken",
        "Refresh token is required",
        "VALIDATION_ERROR",
    ];
    let token = log_in(&app).await.refresh_token;

    for body in [
        "",
        "{}",
        "{",
        "[]",
        "null",
        r#"{"refreshToken":""}"#,
        r#"{"refreshToken":null}"#,
        r#"{"refreshToken":5}"#,
        r#"{"refreshToken":["x"]}"#,
        r#"{"RefreshToken":"x"}"#,
        r#"{"refresh_token":"x"}"#,
        &format!(r#""{token}""#),
        &format!(r#"{{"refreshToken":"{token}"}} x"#),
        &format!(r#"{{"refreshToken":"{token}","refreshToken":"{token}"}}"#),
    ] {
        assert_said(&post(&app, PATH, body).await, 400, required, body);
    }
}

#[tokio::test]
async fn a_refresh_token_in_the_query_string_is_never_read() {
    let app = spawn().await;
    let path = format!("{PATH}?refreshToken={}", log_in(&app).await.refresh_token);

    let answer = post(&app, &path, "{}").await;

    assert_eq!(answer.status, 400);
}

#[tokio::test]
async fn unknown_members_and_a_missing_label_change_nothing() {
    let app = spawn().await;
    let token = log_in(&app).await.refresh_token;
    let body = json!({"token": "x", "refreshToken": token, "remember": {"me": true}});

    let answer = app
        .send(request(Method::POST, PATH).body(body.to_string()))
        .await;

    assert_eq!(answer.body_json()["success"], Value::Bool(true));
}

#[tokio::test]
async fn what_is_labelled_otherwise_or_too_large_is_said_in_an_envelope() {
    let app = spawn().await;
    let body = json!({"refreshToken": log_in(&app).await.refresh_token}).to_string();
    let large = body.clone() + &" ".repeat(16 * 1024);

    let form = request(Method::POST, PATH).content_type("application/x-www-form-urlencoded");
    let form = app.send(form.body(body)).await;
    let large = post(&app, PATH, large).await;

    let media_type = [
        "body",
        "The body must be application/json",
        "UNSUPPORTED_MEDIA_TYPE",
    ];
    assert_said(&form, 415, media_type, "form");
    let too_large = ["body", "The body is larger than 16 KiB", "TOO_LARGE"];
    assert_said(&large, 413, too_large, "large");
}

#[tokio::test]
async fn a_body_that_comes_too_slowly_or_breaks_off_is_said_in_an_envelope() {
    let app = spawn_with(&[("REQUEST_BODY_TIMEOUT_SECONDS", "1")]).await;
    let (mut client, server) = tokio::io::duplex(100);
    client.write_all(b"{").await.unwrap();
    let broken = std::io::Error::other("gone");
    let broken = Body::from_bytes_stream(futures_util::stream::iter([Err::<Vec<u8>, _>(broken)]));

    let slow = request(Method::POST, PATH).body(Body::from_async_read(server));
    let slow = app.send(slow).await;
    let broken = app.send(request(Method::POST, PATH).body(broken)).await;

    let error = [
        "body",
        "The body took too long to arrive",
        "REQUEST_TIMEOUT",
    ];
    assert_said(&slow, 408, error, "slow");
    assert_said(
        &broken,
        400,
        ["body", "The body could not be read", "BAD_REQUEST"],
        "broken",
    );
}
