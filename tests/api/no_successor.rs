//! Genuine tokens of active users that nothing can follow.

use chrono::TimeDelta;
use poem::http::Method;
use remint::domain::Contract;
use serde_json::{Value, json};

use crate::harness::servers::{Engine, database};
use crate::harness::{ADMIN, Answer, START, TestApp, logs, spawn_beside, spawn_over, spawn_with};

const AN_HOUR: (&str, &str) = ("SESSION_MAX_MINUTES", "60");

fn with_bulk(app: &TestApp, bytes: usize) -> String {
    app.token_with(&json!({"bulk": "x".repeat(bytes)}))
}

async fn explain(app: &TestApp, token: &str) -> Answer {
    let body = json!({"token": token}).to_string();
    app.admin(Method::POST, "/admin/explanations", &body).await
}

/// Asserts that `token` is refused with `code`, and that whoever has it explained is told so before.
async fn assert_refused(app: &TestApp, token: &str, code: &str) {
    let explained = explain(app, token).await.body_json();
    let answer = app.refresh(token).await;

    assert_eq!(answer.code(), code);
    let told = ["verdict", "code"].map(|name| explained[name].clone());
    assert_eq!(told, ["refused", code].map(Value::from), "{explained}");
    let checks = explained["checks"].as_array().unwrap();
    let refusing = checks.iter().filter(|check| check["verdict"] == "refused");
    assert!(refusing.count() > 0, "{explained}");
}

#[tokio::test]
async fn a_token_that_leaves_its_successor_no_room_is_refused() {
    for mode in ["stateless", "single_use"] {
        let app = spawn_with(&[ADMIN, ("REFRESH_MODE", mode)]).await;
        let (fits, does_not) = (with_bulk(&app, 5_000), with_bulk(&app, 5_950));

        assert!(app.refresh(&fits).await.access_token().len() < 8_192);
        assert_refused(&app, &does_not, "unsupported_token").await;
        let answer = app.refresh(&does_not).await.body_json();
        assert_eq!(answer["detail"], "the new token would be longer than 8 KiB");
    }
}

#[tokio::test]
async fn a_users_table_that_leaves_it_no_room_is_the_operators_trouble() {
    let server = database(Engine::Sqlite).await.unwrap();
    for sql in [
        "CREATE TABLE users (id TEXT PRIMARY KEY, is_active BOOLEAN, bulk TEXT)",
        "INSERT INTO users VALUES ('alice', TRUE, printf('%6000s', 'x'))",
    ] {
        server.execute(sql).await.unwrap();
    }
    let settings = [
        ADMIN,
        ("REFRESH_MODE", "single_use"),
        ("USERS_CLAIM_COLUMNS", "bulk"),
    ];
    let app = spawn_over(server, &settings).await;
    let what = "JWT_DROP_CLAIMS and USERS_CLAIM_COLUMNS say what is in it";

    // What the old token says in the place of the table is in no new one.
    for token in [app.expired_token(), with_bulk(&app, 5_950)] {
        for answer in [explain(&app, &token).await, app.refresh(&token).await] {
            assert_eq!((answer.status, answer.code().as_str()), (500, "internal"));
            let lines = logs::lines_with(answer.header("x-request-id").unwrap());
            assert!(lines.iter().any(|line| line.contains(what)), "{lines:?}");
        }
    }
    let revoked = app.expired_token();
    let body = r#"{"user":"alice"}"#;
    app.admin(Method::POST, "/admin/cut-offs", body).await;
    assert_refused(&app, &revoked, "session_revoked").await;
}

#[tokio::test]
async fn what_is_written_down_ends_in_stateless_mode_as_well() {
    let before = spawn_with(&[ADMIN, AN_HOUR]).await;
    let token = before
        .start(Contract::ExpiredToken, "alice")
        .await
        .access_token;
    let after = spawn_beside(before.database_url(), &[ADMIN]).await;

    after.advance(TimeDelta::minutes(59));
    let last = after.refresh(&token).await;
    after.advance(TimeDelta::minutes(1));

    assert_eq!(last.body_json()["expires_in"], 60);
    for token in [token, last.access_token()] {
        assert_refused(&after, &token, "session_expired").await;
    }
}

#[tokio::test]
async fn a_successor_that_would_have_no_time_to_live_is_not_made() {
    for mode in ["stateless", "single_use"] {
        let app = spawn_with(&[ADMIN, AN_HOUR, ("REFRESH_MODE", mode)]).await;
        // Of a backend whose clock is ahead, as far as clocks may differ.
        let ahead = json!({"auth_time": START - 3_590, "iat": START + 20, "exp": START + 60});
        let token = app.token_with(&ahead);

        assert_refused(&app, &token, "session_expired").await;
    }
}
