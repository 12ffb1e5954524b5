//! How often the clients at an address try credentials that are not good.

use chrono::TimeDelta;
use poem::Request;
use poem::http::Method;
use remint::domain::Contract;
use serde_json::json;

use super::{TEN, assert_throttled, from};
use crate::harness::{ADMIN, Answer, TestApp, logs, request, spawn, spawn_with};

const HERE: &str = "203.0.113.9";

fn refresh(token: &str) -> Request {
    request(Method::POST, "/api/auth/refresh").body(json!({"token": token}).to_string())
}

async fn fail(app: &TestApp, address: &str) -> Answer {
    app.send(from(address, refresh("x"))).await
}

/// A service that has heard ten bad tokens from that address.
async fn spawn_tried(address: &str, settings: &[(&str, &str)]) -> TestApp {
    let app = spawn_with(&[&[TEN], settings].concat()).await;
    for _ in 0..10 {
        assert_eq!(fail(&app, address).await.code(), "invalid_token");
    }
    app
}

#[tokio::test]
async fn the_eleventh_bad_credential_from_an_address_has_to_wait_and_a_good_one_does_not() {
    let app = spawn_tried(HERE, &[]).await;

    let bad = fail(&app, HERE).await;
    let good = app.send(from(HERE, refresh(&app.expired_token()))).await;
    let elsewhere = fail(&app, "203.0.113.10").await;
    app.advance(TimeDelta::seconds(6));

    assert_throttled(&app, Contract::ExpiredToken, &bad, ["10", "6"]);
    assert_eq!((good.status, elsewhere.status), (200, 401));
    assert_eq!(fail(&app, HERE).await.status, 401);
    assert_eq!(fail(&app, HERE).await.status, 429);
}

/// A credential that is none, as each contract sends it.
fn bad_credentials() -> [(Contract, Request); 6] {
    let post = |path, body: &str| request(Method::POST, path).body(body.to_owned());
    let shared = "/api/auth/refresh";
    let cookie = request(Method::POST, shared).header("cookie", "refresh_token=x");
    [
        (Contract::Cookie, cookie.finish()),
        (
            Contract::Envelope,
            post("/api/refresh", r#"{"refreshToken":"x"}"#),
        ),
        (Contract::ExpiredToken, refresh("x")),
        (
            Contract::RefreshToken,
            post("/auth/refresh", r#"{"refresh_token":"x"}"#),
        ),
        (
            Contract::RefreshToken,
            post(shared, r#"{"refresh_token":"x"}"#),
        ),
        (
            Contract::TokenPair,
            post(shared, r#"{"Token":"x","RefreshToken":"x"}"#),
        ),
    ]
}

#[tokio::test]
async fn each_contract_says_so_in_its_own_words() {
    let app = spawn_tried(HERE, &[]).await;

    for (contract, request) in bad_credentials() {
        let answer = app.send(from(HERE, request)).await;

        assert_throttled(&app, contract, &answer, ["10", "6"]);
    }
}

#[tokio::test]
async fn bad_credentials_of_all_contracts_are_counted_together() {
    let app = spawn_with(&[("RATE_LIMIT_PER_MINUTE", "6")]).await;
    for (contract, request) in bad_credentials() {
        let answer = app.send(from(HERE, request)).await;
        assert_ne!(answer.status, 429, "{contract:?}");
    }

    assert_eq!(fail(&app, HERE).await.status, 429);
}

#[tokio::test]
async fn an_ipv6_network_of_64_bits_is_one_client() {
    let app = spawn_tried("2001:db8:0:1::1", &[]).await;

    assert_eq!(
        fail(&app, "2001:db8:0:1:ffff:ffff:ffff:ffff").await.status,
        429
    );
    assert_eq!(fail(&app, "2001:db8:0:2::1").await.status, 401);
}

/// A bad token of that client, as the proxy hands it on.
fn forwarded(proxy: &str, client: &str) -> Request {
    let mut request = from(proxy, refresh("x"));
    let headers = request.headers_mut();
    headers.insert("x-forwarded-for", client.parse().unwrap());
    request
}

#[tokio::test]
async fn only_a_trusted_proxy_says_who_has_tried() {
    let proxy = "10.0.0.1";
    let trusted = [TEN, ("TRUSTED_PROXIES", proxy)];
    for (settings, last) in [(&trusted[..1], 429), (&trusted[..], 401)] {
        let app = spawn_with(settings).await;
        let mut statuses = Vec::new();
        for client in 1..=11 {
            let request = forwarded(proxy, &format!("198.51.100.{client}"));
            statuses.push(app.send(request).await.status);
        }

        assert_eq!(statuses.pop(), Some(last));
        assert_eq!(statuses, [401; 10]);
    }
}

#[tokio::test]
async fn what_tries_no_credential_is_not_counted() {
    let app = spawn_with(&[TEN, ("CORS_ALLOWED_ORIGINS", "https://app.example.com")]).await;
    let post = |path| request(Method::POST, path);
    for _ in 0..20 {
        let foreign = post("/api/auth/refresh").header("cookie", "refresh_token=x");
        let verify = request(Method::GET, "/api/auth/verify").header("authorization", "Bearer x");
        for request in [
            post("/api/auth/refresh").body("{"),
            post("/api/auth/refresh").finish(),
            post("/api/refresh").body(r#"{"refreshToken":""}"#),
            foreign
                .header("origin", "https://evil.example.com")
                .finish(),
            verify.finish(),
            post("/api/auth/logout").body(r#"{"token":"x"}"#),
            post("/nothing").finish(),
        ] {
            assert_ne!(app.send(from(HERE, request)).await.status, 429);
        }
    }

    assert_eq!(fail(&app, HERE).await.status, 401);
}

#[tokio::test]
async fn trouble_of_the_service_is_not_counted_either() {
    let app = spawn_with(&[TEN]).await;
    let token = app.expired_token();
    app.database.clone().close().await.unwrap();

    for _ in 0..20 {
        let other = app.token_with(&json!({"jti": format!("{:?}", app.now())}));
        app.advance(TimeDelta::milliseconds(1));
        assert_eq!(app.send(from(HERE, refresh(&other))).await.status, 503);
    }

    assert_eq!(fail(&app, HERE).await.status, 401);
    assert_eq!(app.refresh(&token).await.status, 503);
}

#[tokio::test]
async fn a_session_that_has_to_wait_is_no_failure_of_its_client() {
    let app = spawn_with(&[TEN]).await;
    let token = app.expired_token();
    for _ in 0..30 {
        app.send(from(HERE, refresh(&token))).await;
    }

    assert_eq!(app.send(from(HERE, refresh(&token))).await.status, 429);
    assert_eq!(fail(&app, HERE).await.status, 401);
}

#[tokio::test]
async fn whoever_has_no_address_is_not_counted() {
    let app = spawn_with(&[TEN]).await;

    for _ in 0..20 {
        assert_eq!(app.refresh("x").await.status, 401);
    }
}

#[tokio::test]
async fn wrong_admin_keys_are_counted_and_the_right_one_is_not_refused() {
    let app = spawn_with(&[TEN, ADMIN]).await;
    let list = || request(Method::GET, "/admin/sessions?user=alice");
    let with = |key| {
        from(
            HERE,
            list()
                .header("authorization", format!("Bearer {key}"))
                .finish(),
        )
    };
    for _ in 0..10 {
        assert_eq!(app.send_admin(with("wrong")).await.code(), "admin_refused");
    }

    let wrong = app.send_admin(with("wrong")).await;
    let right = app.send_admin(with(ADMIN.1)).await;

    assert_throttled(&app, Contract::ExpiredToken, &wrong, ["10", "6"]);
    assert_eq!(right.status, 200);
}

#[tokio::test]
async fn the_log_knows_what_was_wrong_all_the_same() {
    let app = spawn_tried(HERE, &[]).await;

    let answer = fail(&app, HERE).await;

    let lines = logs::lines_with(answer.header("x-request-id").unwrap());
    let event: serde_json::Value = serde_json::from_str(&lines[0]).unwrap();
    assert_eq!(event["level"], "WARN");
    let fields = ["contract", "outcome", "status", "reason", "client"];
    let fields = fields.map(|name| event["fields"][name].clone());
    insta::assert_json_snapshot!(fields, @r#"
    [
      "expired_token",
      "rate_limited",
      429,
      "not a JWT in compact form; failures of this address: more than 10 a minute",
      "203.0.113.9"
    ]
    "#);
}

#[tokio::test]
async fn the_log_has_a_hint_where_a_proxy_may_have_been_forgotten() {
    let app = spawn_tried(HERE, &[]).await;

    let answer = app.send(forwarded(HERE, "198.51.100.1")).await;

    let lines = logs::lines_with(answer.header("x-request-id").unwrap());
    let event: serde_json::Value = serde_json::from_str(&lines[0]).unwrap();
    let hint = "if the client is a proxy of yours, TRUSTED_PROXIES must list it";
    assert_eq!(event["fields"]["hint"], hint);
}

#[tokio::test]
async fn without_limits_anybody_may_try_for_ever() {
    let app = spawn().await;

    for _ in 0..100 {
        assert_eq!(fail(&app, HERE).await.status, 401);
    }
}
