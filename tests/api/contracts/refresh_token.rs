//! `refresh_token`: seed 000.

use chrono::TimeDelta;
use poem::Body;
use poem::http::Method;
use remint::domain::Contract;
use serde_json::json;
use tokio::io::AsyncWriteExt as _;

use crate::harness::{Answer, START, TestApp, jwt, request, spawn, spawn_on_each, spawn_with};

use super::frontend::{Frontend, assert_headers, assert_refused, post};

const PATH: &str = "/auth/refresh";
const SHARED: &str = "/api/auth/refresh";

async fn log_in(app: &TestApp) -> Frontend {
    Frontend::log_in(app, Contract::RefreshToken).await
}

/// Asserts a problem, its code and what it says.
fn assert_problem(answer: &Answer, status: u16, code: &str, detail: &str) {
    let body = answer.body_json();
    let said = (answer.status, answer.code(), &body["detail"]);
    assert_eq!(
        said,
        (status, code.to_owned(), &json!(detail)),
        "{answer:?}"
    );
    let media_type = answer.header("content-type");
    assert_eq!(media_type, Some("application/problem+json"));
    assert_headers(answer);
}

#[tokio::test]
async fn a_refresh_token_is_answered_with_an_access_token_and_nothing_else() {
    for app in spawn_on_each(&[]).await {
        let mut frontend = log_in(&app).await;
        app.advance(TimeDelta::days(1));

        let answer = frontend.refresh(&app).await;

        let exact = format!(r#"{{"access_token":"{}"}}"#, frontend.access_token);
        assert_eq!((answer.status, &answer.body), (200, &exact));
        let media_type = answer.header("content-type");
        assert_eq!(media_type, Some("application/json; charset=utf-8"));
        let claims = jwt::payload(&frontend.access_token);
        assert_eq!(
            (&claims["sub"], &claims["iat"]),
            (&json!("alice"), &json!(START + 86_400))
        );
        assert_eq!(claims["exp"], START + 86_400 + 1_800);
    }
}

#[tokio::test]
async fn the_same_refresh_token_is_good_for_fourteen_days() {
    let app = spawn().await;
    let mut frontend = log_in(&app).await;

    for _ in 0..13 {
        app.advance(TimeDelta::days(1));
        frontend.refresh(&app).await;
    }
    app.advance(TimeDelta::seconds(86_399));
    assert_eq!(frontend.send(&app).await.status, 200);
    app.advance(TimeDelta::seconds(1));

    frontend.assert_refused(&app, "over").await;
}

#[tokio::test]
async fn the_shared_path_speaks_it_as_well() {
    let app = spawn().await;
    let frontend = log_in(&app).await;
    let body = |token: &str| json!({"refresh_token": token}).to_string();

    let good = post(&app, SHARED, body(&frontend.refresh_token)).await;
    let bad = post(&app, SHARED, body("x")).await;
    let malformed = post(&app, SHARED, r#"{"refresh_token":5}"#).await;

    let exact = json!({"access_token": good.access_token()});
    assert_eq!((good.status, good.body_json()), (200, exact));
    assert_refused(&app, Contract::RefreshToken, &bad, "bad");
    let detail = "refresh_token must be a string";
    assert_problem(&malformed, 422, "malformed_request", detail);
}

#[tokio::test]
async fn a_request_without_a_refresh_token_is_malformed() {
    let app = spawn().await;

    let (required, no_string) = (
        "the member refresh_token is required",
        "refresh_token must be a string",
    );
    let twice = "a member of the body stands twice";

    for (body, detail) in [
        ("", required),
        ("{}", required),
        (r#"{"refreshToken":"x"}"#, required),
        (r#"{"refresh_token":null}"#, no_string),
        (r#"{"refresh_token":["x"]}"#, no_string),
        ("{", "the body is not valid JSON"),
        ("[]", "the body must be a JSON object"),
        (r#"{"refresh_token":"x","refresh_token":"x"}"#, twice),
    ] {
        assert_problem(
            &post(&app, PATH, body).await,
            422,
            "malformed_request",
            detail,
        );
    }
}

#[tokio::test]
async fn what_is_labelled_otherwise_or_too_large_is_a_problem() {
    let app = spawn().await;
    let body = json!({"refresh_token": log_in(&app).await.refresh_token}).to_string();
    let large = body.clone() + &" ".repeat(16 * 1024);

    let form = request(Method::POST, PATH).content_type("application/x-www-form-urlencoded");
    let form = app.send(form.body(body)).await;
    let large = post(&app, PATH, large).await;

    let detail = "the body must be application/json";
    assert_problem(&form, 415, "unsupported_media_type", detail);
    assert_problem(&large, 413, "too_large", "the body is larger than 16 KiB");
}

#[tokio::test]
async fn a_body_that_never_arrives_costs_nobody_the_session() {
    let app = spawn_with(&[("REQUEST_BODY_TIMEOUT_SECONDS", "1")]).await;
    let (mut client, server) = tokio::io::duplex(100);
    client.write_all(b"{").await.unwrap();
    let broken = std::io::Error::other("gone");
    let broken = Body::from_bytes_stream(futures_util::stream::iter([Err::<Vec<u8>, _>(broken)]));

    let slow = request(Method::POST, PATH).body(Body::from_async_read(server));
    let slow = app.send(slow).await;
    let broken = app.send(request(Method::POST, PATH).body(broken)).await;

    let detail = "the body took too long to arrive";
    assert_problem(&slow, 408, "request_timeout", detail);
    assert_problem(
        &broken,
        422,
        "malformed_request",
        "the body could not be read",
    );
}
