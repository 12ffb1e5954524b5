//! `POST /api/auth/refresh`: genuine tokens that are not exchanged, and why.

use chrono::TimeDelta;
use sea_orm::{ConnectionTrait as _, Database};
use serde_json::json;

use crate::harness::servers::{Engine, database};
use crate::harness::{Answer, START, TestApp, jwt, spawn, spawn_over, spawn_with};

/// What is said of a token that is too old for its user.
const CUT_OFF: &str = "the session was revoked: it is not younger than the user's cut-off";

/// Asserts that the holder of a genuine token is told why it is not exchanged.
pub(super) fn assert_refused(answer: &Answer, code: &str, detail: &str) {
    let body = answer.body_json();
    assert_eq!(
        (answer.status, &body["code"]),
        (401, &json!(code)),
        "{answer:?}"
    );
    assert_eq!(
        (&body["detail"], &body["action"]),
        (&json!(detail), &json!("reauthenticate"))
    );
    let challenge = format!(r#"Bearer error="invalid_token", error_description="{detail}""#);
    for (name, value) in [
        ("www-authenticate", challenge.as_str()),
        ("content-type", "application/problem+json"),
        ("cache-control", "no-store"),
        ("pragma", "no-cache"),
        ("x-content-type-options", "nosniff"),
    ] {
        assert_eq!(answer.header(name), Some(value), "{name}");
    }
    assert!(answer.header("x-request-id").is_some());
}

#[tokio::test]
async fn the_refresh_window_is_closed_at_both_ends() {
    let app = spawn_with(&[("REFRESH_WINDOW_MINUTES", "60")]).await;
    let token = app.expired_token();

    let at_the_end = app.refresh(&token).await;
    app.advance(TimeDelta::milliseconds(1));
    let after = app.refresh(&token).await;

    assert_eq!(at_the_end.status, 200, "{at_the_end:?}");
    assert_refused(
        &after,
        "refresh_window_over",
        "the token expired too long ago",
    );
    insta::assert_json_snapshot!(after.body_json(), @r#"
    {
      "type": "/problems/refresh_window_over",
      "title": "Expired too long ago",
      "status": 401,
      "detail": "the token expired too long ago",
      "code": "refresh_window_over",
      "action": "reauthenticate"
    }
    "#);
}

#[tokio::test]
async fn the_window_is_seven_days_and_a_session_thirty_if_nothing_is_set() {
    let app = spawn().await;
    let days = |days: i64| START - days * 86_400;

    for (issued, expired, code) in [
        (days(8), days(7), ""),
        (days(8), days(7) - 1, "refresh_window_over"),
        (days(30) + 1, days(1), ""),
        (days(30), days(1), "session_expired"),
    ] {
        let token = app.token_with(&json!({"iat": issued, "exp": expired}));
        let answer = app.refresh(&token).await;
        assert_eq!(answer.code(), code, "{issued} {expired} {answer:?}");
    }
}

#[tokio::test]
async fn a_session_ends_however_often_it_is_refreshed() {
    let app = spawn_with(&[("SESSION_MAX_MINUTES", "120")]).await;
    let fresh = app.refresh(&app.expired_token()).await.access_token();

    app.advance(TimeDelta::minutes(29));
    let fresh = app.refresh(&fresh).await.access_token();
    app.advance(TimeDelta::minutes(1));
    let over = app.refresh(&fresh).await;

    assert_refused(
        &over,
        "session_expired",
        "the session has reached its maximum age",
    );
}

/// A service whose users table has a cut-off for alice: that many seconds before the start.
async fn spawn_with_cut_off(seconds: i64) -> TestApp {
    let server = database(Engine::Sqlite).await.unwrap();
    let users = Database::connect(&server.url).await.unwrap();
    let row = format!(
        "INSERT INTO users VALUES ('alice', TRUE, {})",
        START - seconds
    );
    for sql in [
        "CREATE TABLE users (id TEXT PRIMARY KEY, is_active BOOLEAN, password_changed_at INTEGER)",
        &row,
    ] {
        users.execute_unprepared(sql).await.unwrap();
    }
    spawn_over(
        server,
        &[("USERS_VALID_AFTER_COLUMN", "password_changed_at")],
    )
    .await
}

#[tokio::test]
async fn a_token_issued_at_or_before_the_cut_off_is_revoked() {
    let app = spawn_with_cut_off(5400).await;

    let at_the_cut_off = app.refresh(&app.expired_token()).await;
    let after = app
        .refresh(&app.token_with(&json!({"iat": START - 5399})))
        .await;
    let unknown = app.refresh(&app.token_with(&json!({"iat": null}))).await;

    assert_refused(&at_the_cut_off, "session_revoked", CUT_OFF);
    assert_eq!(after.status, 200, "{after:?}");
    assert_refused(&unknown, "session_revoked", CUT_OFF);
}

#[tokio::test]
async fn a_cut_off_reaches_the_tokens_that_remint_made() {
    let app = spawn_with_cut_off(10_000).await;
    let fresh = app.refresh(&app.expired_token()).await.access_token();
    app.sql(&format!("UPDATE users SET password_changed_at = {START}"))
        .await;

    let answer = app.refresh(&fresh).await;

    assert_refused(&answer, "session_revoked", CUT_OFF);
}

#[tokio::test]
async fn a_user_whom_the_table_does_not_have_gets_no_token() {
    let app = spawn().await;

    for stranger in ["carol", "Alice", "alicé", "' OR 1=1 --", "%", "*"] {
        let answer = app
            .refresh(&app.token_with(&json!({"sub": stranger})))
            .await;
        assert_refused(&answer, "user_not_found", "the user does not exist");
    }
}

#[tokio::test]
async fn a_user_who_is_not_active_gets_no_token_from_that_moment_on() {
    let app = spawn().await;

    let bob = app.refresh(&app.token_with(&json!({"sub": "bob"}))).await;
    let fresh = app.refresh(&app.expired_token()).await.access_token();
    app.sql("UPDATE users SET is_active = FALSE").await;
    let alice = app.refresh(&fresh).await;

    assert_refused(&bob, "user_inactive", "the user is not active");
    assert_refused(&alice, "user_inactive", "the user is not active");
}

/// Asserts that the service says it is in trouble itself, not that the credential is bad.
fn assert_unavailable(answer: &Answer) {
    assert_eq!(
        (answer.status, answer.header("retry-after")),
        (503, Some("2")),
        "{answer:?}"
    );
    assert_eq!(answer.header("www-authenticate"), None);
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    insta::allow_duplicates!(
        insta::assert_snapshot!(answer.body, @r#"{"type":"/problems/unavailable","title":"Temporarily unavailable","status":503,"detail":"the service cannot answer at the moment","code":"unavailable","action":"wait"}"#)
    );
}

#[tokio::test]
async fn without_its_users_table_the_service_says_try_again_and_forgets_nothing() {
    let app = spawn().await;
    let token = app.expired_token();

    app.sql("ALTER TABLE users RENAME TO gone").await;
    let without = app.refresh(&token).await;
    app.sql("ALTER TABLE gone RENAME TO users").await;
    let again = app.refresh(&token).await;

    assert_unavailable(&without);
    assert_eq!(again.status, 200, "{again:?}");
}

#[tokio::test]
async fn without_its_database_the_service_still_tells_a_forgery_from_its_own_trouble() {
    let app = spawn().await;
    app.database.clone().close().await.unwrap();

    let genuine = app.refresh(&app.expired_token()).await;
    let forged = app
        .refresh(&jwt::hs256(jwt::HS256, "{}", "another key"))
        .await;

    assert_unavailable(&genuine);
    assert_eq!(
        (forged.status, forged.code()),
        (401, "invalid_token".to_owned())
    );
}

#[tokio::test]
async fn without_iat_a_token_is_dated_by_the_lifetime_that_the_backend_gave_it() {
    let server = database(Engine::Sqlite).await.unwrap();
    let connection = Database::connect(&server.url).await.unwrap();
    let cut_off = START - 3_600;
    for sql in [
        "CREATE TABLE users (id TEXT PRIMARY KEY, is_active BOOLEAN, valid_after INTEGER)",
        &format!("INSERT INTO users VALUES ('alice', TRUE, {cut_off})"),
    ] {
        connection.execute_unprepared(sql).await.unwrap();
    }
    let settings = [
        ("USERS_VALID_AFTER_COLUMN", "valid_after"),
        ("JWT_LEGACY_LIFETIME_MINUTES", "120"),
    ];
    let app = spawn_over(server, &settings).await;
    let issued = |at: i64| app.token_with(&json!({"iat": null, "exp": at + 7_200}));

    assert_eq!(
        app.refresh(&issued(cut_off)).await.code(),
        "session_revoked"
    );
    assert_eq!(app.refresh(&issued(cut_off + 1)).await.status, 200);
}
