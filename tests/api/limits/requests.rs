//! How many requests a client may send, whatever they ask for.

use poem::Request;
use poem::http::Method;
use remint::domain::Contract;

use super::{assert_throttled, from};
use crate::harness::{ADMIN, TestApp, logs, request, spawn_with};

const HERE: &str = "203.0.113.9";

fn page() -> Request {
    request(Method::GET, "/openapi.json").finish()
}

/// A service that has answered as many requests from there as it may.
async fn spawn_busy() -> TestApp {
    let app = spawn_with(&[("RATE_LIMIT_PER_ADDRESS_PER_MINUTE", "3"), ADMIN]).await;
    for _ in 0..3 {
        assert_eq!(app.send(from(HERE, page())).await.status, 200);
    }
    app
}

#[tokio::test]
async fn beyond_the_bound_everything_from_an_address_has_to_wait() {
    let app = spawn_busy().await;
    let post = |path, body: String| request(Method::POST, path).body(body);
    let good = format!(r#"{{"token":"{}"}}"#, app.expired_token());

    for (contract, request) in [
        (Contract::ExpiredToken, page()),
        (Contract::ExpiredToken, post("/api/auth/refresh", good)),
        (
            Contract::ExpiredToken,
            post("/api/auth/logout", "{".to_owned()),
        ),
        (Contract::Envelope, post("/api/refresh", "{".to_owned())),
    ] {
        let answer = app.send(from(HERE, request)).await;

        assert_throttled(&app, contract, &answer, ["3", "20"]);
    }
    assert_eq!(app.send(from("203.0.113.10", page())).await.status, 200);
}

#[tokio::test]
async fn probes_and_what_a_proxy_asks_for_others_are_always_answered() {
    let app = spawn_busy().await;

    for (path, status) in [
        ("/healthz", 200),
        ("/readyz", 200),
        ("/api/auth/verify", 401),
    ] {
        let request = request(Method::GET, path).finish();

        assert_eq!(app.send(from(HERE, request)).await.status, status);
    }
}

#[tokio::test]
async fn the_admin_listener_has_no_such_bound() {
    let app = spawn_busy().await;

    for _ in 0..10 {
        assert_eq!(app.send_admin(from(HERE, page())).await.status, 200);
    }
}

#[tokio::test]
async fn by_default_there_is_no_bound() {
    let app = spawn_with(&[]).await;

    for _ in 0..100 {
        assert_eq!(app.send(from(HERE, page())).await.status, 200);
    }
}

#[tokio::test]
async fn the_log_says_which_bound_it_was() {
    let app = spawn_busy().await;

    let answer = app.send(from(HERE, page())).await;

    let lines = logs::lines_with(answer.header("x-request-id").unwrap());
    let event: serde_json::Value = serde_json::from_str(&lines[0]).unwrap();
    let fields = ["contract", "outcome", "status", "reason", "client"];
    let fields = fields.map(|name| event["fields"][name].clone());
    insta::assert_json_snapshot!(fields, @r#"
    [
      "none",
      "rate_limited",
      429,
      "requests of this address: more than 3 a minute",
      "203.0.113.9"
    ]
    "#);
}
