//! What surrounds every answer, whichever endpoint gives it.

use std::collections::BTreeSet;

use poem::Body;
use poem::http::Method;
use sea_orm::TransactionTrait as _;
use serde_json::json;
use tokio::io::AsyncWriteExt as _;

use crate::harness::{Answer, ONE_PATIENT_CONNECTION, TestApp, request, spawn, spawn_with};

/// One answer of each kind that there is without a database.
async fn all_kinds(app: &TestApp) -> Vec<(u16, Answer)> {
    let mut answers = Vec::new();
    for (method, path, status) in [
        (Method::GET, "/healthz", 200),
        (Method::GET, "/docs", 200),
        (Method::GET, "/openapi.json", 200),
        (Method::GET, "/problems/not_found", 200),
        (Method::GET, "/api/auth/verify", 401),
        (Method::GET, "/nothing", 404),
        (Method::GET, "/problems/nothing", 404),
        (Method::GET, "/api/auth/refresh", 405),
        (Method::OPTIONS, "/api/auth/refresh", 405),
        (Method::POST, "/api/auth/refresh", 401),
    ] {
        answers.push((status, app.send(request(method, path).finish()).await));
    }
    answers
}

#[tokio::test]
async fn every_answer_has_an_id_of_its_own_and_may_not_be_sniffed() {
    let app = spawn().await;

    let answers = all_kinds(&app).await;

    let mut ids = BTreeSet::new();
    for (status, answer) in answers {
        assert_eq!(answer.status, status, "{answer:?}");
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
        let id = answer.header("x-request-id").unwrap().to_owned();
        assert_eq!(id.len(), 36);
        assert!(ids.insert(id), "an id was given twice");
    }
}

#[tokio::test]
async fn nothing_but_the_documents_may_be_kept_by_a_cache() {
    let app = spawn().await;

    let answers = all_kinds(&app).await;

    for (_, answer) in answers {
        let is_document = answer.body.len() > 5_000;
        let expected = if is_document {
            ("no-cache", None)
        } else {
            ("no-store", Some("no-cache"))
        };
        let cache_control = answer.header("cache-control").unwrap();
        assert_eq!((cache_control, answer.header("pragma")), expected);
    }
}

#[tokio::test]
async fn an_id_that_the_client_sends_is_not_taken_over() {
    let app = spawn().await;

    let request = request(Method::GET, "/healthz").header("x-request-id", "mine");
    let answer = app.send(request.finish()).await;

    assert_ne!(answer.header("x-request-id"), Some("mine"));
}

#[tokio::test]
async fn an_unknown_address_is_a_problem_with_a_page_that_explains_it() {
    let app = spawn().await;

    let answer = app.send(request(Method::GET, "/nothing").finish()).await;

    assert_eq!(
        answer.header("content-type"),
        Some("application/problem+json")
    );
    insta::assert_json_snapshot!(answer.body_json(), @r#"
    {
      "type": "/problems/not_found",
      "title": "Not found",
      "status": 404,
      "detail": "there is nothing at this address",
      "code": "not_found",
      "action": "retry"
    }
    "#);
    let page = request(Method::GET, answer.body_json()["type"].as_str().unwrap());
    let page = app.send(page.finish()).await;
    assert_eq!(page.status, 200);
    assert!(page.body.contains("<h1>Not found</h1>"), "{}", page.body);
}

#[tokio::test]
async fn a_wrong_method_is_a_problem_that_names_the_right_ones() {
    let app = spawn().await;

    for (method, path, allow) in [
        (Method::GET, "/api/auth/refresh", "POST"),
        (Method::HEAD, "/api/auth/refresh", "POST"),
        (Method::DELETE, "/api/auth/refresh", "POST"),
        (Method::OPTIONS, "/api/auth/refresh", "POST"),
        (Method::POST, "/api/auth/verify", "GET, HEAD"),
        (Method::POST, "/healthz", "GET, HEAD"),
        (Method::PUT, "/docs", "GET, HEAD"),
        (Method::POST, "/problems/not_found", "GET, HEAD"),
    ] {
        let answer = app.send(request(method, path).finish()).await;

        assert_eq!(
            (answer.status, answer.header("allow")),
            (405, Some(allow)),
            "{path}"
        );
        assert_eq!(
            answer.header("content-type"),
            Some("application/problem+json")
        );
        assert_eq!(answer.code(), "method_not_allowed");
    }
}

#[tokio::test]
async fn only_a_405_names_methods() {
    let app = spawn().await;

    let answers = all_kinds(&app).await;

    for (status, answer) in answers {
        assert_eq!(
            answer.header("allow").is_some(),
            status == 405,
            "{answer:?}"
        );
    }
}

#[tokio::test]
async fn a_probe_with_head_is_answered_as_one_with_get() {
    let app = spawn().await;

    for path in ["/healthz", "/readyz", "/docs"] {
        let answer = app.send(request(Method::HEAD, path).finish()).await;
        assert_eq!(answer.status, 200, "{path}");
    }
}

#[tokio::test]
async fn without_its_database_it_is_alive_and_not_ready() {
    let app = spawn().await;
    let probe = |path| app.send(request(Method::GET, path).finish());
    assert_eq!(probe("/readyz").await.status, 200);

    app.database.clone().close().await.unwrap();

    assert_eq!(probe("/healthz").await.status, 200);
    let answer = probe("/readyz").await;
    assert_eq!(
        (answer.status, answer.code()),
        (503, "unavailable".to_owned())
    );
    assert_eq!(answer.header("retry-after"), Some("2"));
}

#[tokio::test]
async fn while_it_drains_it_is_not_ready_and_still_answers() {
    let app = spawn().await;

    app.readiness.drain();

    let answer = app.send(request(Method::GET, "/readyz").finish()).await;
    assert_eq!(
        (answer.status, answer.code()),
        (503, "unavailable".to_owned())
    );
    assert_eq!(app.refresh(&app.expired_token()).await.status, 200);
}

#[tokio::test]
async fn a_request_that_takes_too_long_is_answered_503() {
    let app = spawn_with(&ONE_PATIENT_CONNECTION).await;
    let held = app.database.begin().await.unwrap();

    let answer = app.refresh(&app.expired_token()).await;

    assert_eq!(
        (answer.status, answer.code()),
        (503, "unavailable".to_owned())
    );
    assert_eq!(answer.header("retry-after"), Some("2"));
    assert!(answer.header("x-request-id").is_some());
    held.rollback().await.unwrap();
    assert_eq!(app.refresh(&app.expired_token()).await.status, 200);
}

#[tokio::test]
async fn a_body_that_takes_too_long_is_answered_408() {
    let app = spawn_with(&[("REQUEST_BODY_TIMEOUT_SECONDS", "1")]).await;
    let (mut client, server) = tokio::io::duplex(100);
    client.write_all(b"{").await.unwrap();

    let request = request(Method::POST, "/api/auth/refresh").body(Body::from_async_read(server));
    let answer = app.send(request).await;

    let expected = json!([408, "request_timeout"]);
    assert_eq!(json!([answer.status, answer.code()]), expected);
}

#[tokio::test]
async fn only_the_answer_to_a_chunked_request_closes_the_connection() {
    let app = spawn().await;

    let plain = app.post("{}").await;
    let chunked = request(Method::POST, "/api/auth/refresh").header("transfer-encoding", "chunked");
    let chunked = app.send(chunked.body("{}")).await;

    assert_eq!(plain.header("connection"), None);
    assert_eq!(chunked.header("connection"), Some("close"));
}

#[tokio::test]
async fn the_documents_are_the_document() {
    let app = spawn().await;
    let get = async |path| app.send(request(Method::GET, path).finish()).await;

    let (json, yaml, page) = (
        get("/openapi.json").await,
        get("/openapi.yaml").await,
        get("/docs").await,
    );

    assert_eq!(json.header("content-type"), Some("application/json"));
    assert!(json.body_json()["paths"]["/api/auth/refresh"]["post"].is_object());
    assert_eq!(yaml.header("content-type"), Some("application/yaml"));
    assert!(yaml.body.contains("/api/auth/refresh:"));
    assert_eq!(
        page.header("content-type"),
        Some("text/html; charset=utf-8")
    );
    assert!(page.body.contains("swagger-ui"));
}
