//! The admin listener: a login backend starts sessions, an operator ends them.

mod claims;
mod cut_offs;
mod explanations;
mod gate;
mod malformed;
mod sessions;
mod start;
mod surface;

use poem::http::Method;
use serde_json::{Value, json};

use crate::harness::servers::Engine;
use crate::harness::{ADMIN, Answer, TestApp, logs, spawn_on, spawn_with};

/// Every contract that a session can be started by.
const CONTRACTS: [&str; 6] = [
    "cookie",
    "envelope",
    "expired_token",
    "oauth2",
    "refresh_token",
    "token_pair",
];

async fn spawn_admin() -> TestApp {
    spawn_with(&[ADMIN]).await
}

async fn on_each() -> Vec<TestApp> {
    let mut apps = Vec::new();
    for engine in [Engine::Sqlite, Engine::Postgres, Engine::MariaDb] {
        apps.extend(spawn_on(engine, &[ADMIN]).await);
    }
    apps
}

async fn start(app: &TestApp, body: &Value) -> Answer {
    let body = body.to_string();
    app.admin(Method::POST, "/admin/sessions", &body).await
}

/// A session of alice's, as it was answered.
async fn started(app: &TestApp, contract: &str) -> Value {
    let answer = start(app, &json!({"user": "alice", "contract": contract})).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    answer.body_json()
}

async fn sessions_of(app: &TestApp, user: &str) -> Vec<Value> {
    let path = format!("/admin/sessions?user={user}");
    let answer = app.admin(Method::GET, &path, "").await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.body_json()["sessions"].as_array().unwrap().clone()
}

async fn cut_off(app: &TestApp, body: &Value) -> Answer {
    let body = body.to_string();
    app.admin(Method::POST, "/admin/cut-offs", &body).await
}

/// What the verify endpoint says of the access token of that answer.
async fn verified(app: &TestApp, started: &Value) -> u16 {
    let token = started["access_token"].as_str().unwrap();
    app.verify(token).await.status
}

/// The one event about that answer.
fn event(answer: &Answer) -> Value {
    let lines = logs::lines_with(answer.header("x-request-id").unwrap());
    let events = lines.iter().map(|line| serde_json::from_str(line).unwrap());
    let is_audit = |event: &Value| event["target"] == "remint::audit";
    let mut events: Vec<Value> = events.filter(is_audit).collect();
    assert_eq!(events.len(), 1, "{lines:?}");
    events.remove(0)
}
