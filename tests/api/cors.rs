//! CORS: whose scripts may read answers.

use poem::http::Method;
use sea_orm::TransactionTrait as _;
use serde_json::json;

use crate::harness::{Answer, ONE_PATIENT_CONNECTION, TestApp, request, spawn, spawn_with};

const LISTED: &str = "https://app.example.com";

/// Everything that a browser looks at.
const CORS_HEADERS: [&str; 6] = [
    "access-control-allow-origin",
    "access-control-allow-credentials",
    "access-control-allow-methods",
    "access-control-allow-headers",
    "access-control-expose-headers",
    "access-control-max-age",
];

async fn spawn_listing() -> TestApp {
    let origins = format!("https://other.example.com, {LISTED}");
    spawn_with(&[("CORS_ALLOWED_ORIGINS", &origins)]).await
}

/// A request of a page of `origin`.
async fn send(app: &TestApp, method: Method, path: &str, origin: &str) -> Answer {
    let request = request(method, path).header("origin", origin);
    app.send(request.body("{}")).await
}

async fn preflight(app: &TestApp, origin: &str) -> Answer {
    let request = request(Method::OPTIONS, "/api/auth/refresh")
        .header("origin", origin)
        .header("access-control-request-method", "POST")
        .header("access-control-request-headers", "content-type");
    app.send(request.finish()).await
}

#[tokio::test]
async fn a_listed_origin_may_read_successes_refusals_and_failures() {
    let app = spawn_listing().await;

    for (method, path, status) in [
        (Method::GET, "/healthz", 200),
        (Method::GET, "/api/auth/verify", 401),
        (Method::GET, "/nothing", 404),
        (Method::GET, "/api/auth/refresh", 405),
        (Method::POST, "/api/auth/refresh", 401),
    ] {
        let answer = send(&app, method, path, LISTED).await;

        assert_eq!(answer.status, status);
        assert_eq!(answer.header("access-control-allow-origin"), Some(LISTED));
        assert_eq!(
            answer.header("access-control-allow-credentials"),
            Some("true")
        );
        let exposed = answer.header("access-control-expose-headers").unwrap();
        assert!(exposed.contains("x-request-id") && exposed.contains("retry-after"));
        assert_eq!(answer.header("vary"), Some("Origin"));
    }
}

#[tokio::test]
async fn a_listed_origin_may_send_cookies_along() {
    let app = spawn_listing().await;
    let request = request(Method::POST, "/api/auth/refresh")
        .header("origin", LISTED)
        .header("cookie", "refresh_token=t; theme=dark")
        .content_type("application/json");
    let body = json!({"token": app.expired_token()}).to_string();

    let answers = [
        preflight(&app, LISTED).await,
        app.send(request.body(body)).await,
    ];

    assert_eq!(answers.each_ref().map(|answer| answer.status), [204, 200]);
    for answer in answers {
        let header = |name| answer.header(name);
        assert_eq!(header("access-control-allow-origin"), Some(LISTED));
        assert_eq!(header("access-control-allow-credentials"), Some("true"));
    }
}

#[tokio::test]
async fn a_listed_origin_may_read_that_a_request_took_too_long() {
    let mut settings = ONE_PATIENT_CONNECTION.to_vec();
    settings.push(("CORS_ALLOWED_ORIGINS", LISTED));
    let app = spawn_with(&settings).await;
    let _held = app.database.begin().await.unwrap();

    let request = request(Method::POST, "/api/auth/refresh").header("origin", LISTED);
    let body = json!({"token": app.expired_token()}).to_string();
    let answer = app.send(request.body(body)).await;

    assert_eq!(answer.status, 503);
    assert_eq!(answer.header("access-control-allow-origin"), Some(LISTED));
}

#[tokio::test]
async fn another_origin_is_answered_and_may_not_read_it() {
    let app = spawn_listing().await;

    for origin in [
        "https://evil.example.com",
        "https://app.example.com.evil.com",
        "http://app.example.com",
        "https://app.example.com:8443",
        "HTTPS://APP.EXAMPLE.COM",
        "null",
    ] {
        let answer = send(&app, Method::POST, "/api/auth/refresh", origin).await;

        assert_eq!(answer.status, 403, "{origin}");
        assert!(
            CORS_HEADERS
                .iter()
                .all(|name| answer.header(name).is_none())
        );
        // A cache must not hand this answer to the listed one.
        assert_eq!(answer.header("vary"), Some("Origin"));
    }
}

#[tokio::test]
async fn a_listed_origin_is_told_what_it_may_send() {
    let app = spawn_listing().await;

    let answer = preflight(&app, LISTED).await;

    assert_eq!((answer.status, answer.body.as_str()), (204, ""));
    assert_eq!(answer.header("access-control-allow-origin"), Some(LISTED));
    assert_eq!(
        answer.header("access-control-allow-credentials"),
        Some("true")
    );
    assert_eq!(
        answer.header("access-control-allow-methods"),
        Some("GET, POST")
    );
    let headers = answer.header("access-control-allow-headers");
    assert_eq!(headers, Some("authorization, content-type"));
    assert_eq!(answer.header("access-control-max-age"), Some("600"));
    assert_eq!(answer.header("vary"), Some("Origin"));
    assert!(answer.header("x-request-id").is_some());
}

#[tokio::test]
async fn another_origin_is_told_nothing() {
    let app = spawn_listing().await;

    let answer = preflight(&app, "https://evil.example.com").await;

    assert_eq!(answer.status, 405);
    assert!(
        CORS_HEADERS
            .iter()
            .all(|name| answer.header(name).is_none())
    );
}

#[tokio::test]
async fn without_the_setting_no_answer_says_a_word_of_it() {
    let app = spawn().await;

    let answers = [
        send(&app, Method::POST, "/api/auth/refresh", LISTED).await,
        send(&app, Method::GET, "/nothing", LISTED).await,
        preflight(&app, LISTED).await,
    ];

    for answer in answers {
        assert!(
            CORS_HEADERS
                .iter()
                .all(|name| answer.header(name).is_none())
        );
        assert_eq!(answer.header("vary"), None);
    }
}
