//! What goes wrong within a request, and what is logged of it.

use std::fs;

use sea_orm::{ConnectionTrait as _, Database};
use serde_json::Value;
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::collector::{Collector, TRACE, expired, plain, refresh, status, stop, traceparent};
use crate::harness::process::Place;
use crate::harness::wire::Wire;

#[tokio::test]
async fn a_failure_of_the_service_is_an_error_and_a_refusal_is_none() {
    let collector = Collector::start().await;
    let place = collector.place();
    let mut service = place.serve();
    let token = expired(&place, "alice");
    let url = format!("sqlite://{}", place.path().join("remint.db").display());
    let database = Database::connect(url).await.unwrap();
    database
        .execute_unprepared("DROP TABLE users")
        .await
        .unwrap();

    assert_eq!(refresh(&service, "x", "").status(), 401);
    assert_eq!(refresh(&service, &token, "").status(), 503);
    stop(&mut service);

    let spans = collector.spans().await;
    let seen = spans.iter().map(|(_, span)| {
        let error = plain(&span.attributes).get("error.type").cloned();
        (span.name.as_str(), status(span), error)
    });
    let mut seen: Vec<_> = seen.filter(|(name, ..)| *name != "standing").collect();
    seen.sort_by_key(|(name, status, _)| (*name, *status));
    let request = "POST /api/auth/refresh";
    let expected = [
        (request, 0, None),
        (request, 2, Some("503".into())),
        ("find_user", 2, Some("database".into())),
    ];
    assert_eq!(seen, expected);
}

#[tokio::test]
async fn both_logs_name_the_trace_in_either_format() {
    for (format, needle) in [
        ("json", format!(r#""trace_id":"{TRACE}"}}"#)),
        ("pretty", format!(" trace_id={TRACE}")),
    ] {
        let collector = Collector::start().await;
        let place = collector.place().with("LOG_FORMAT", format);
        let mut service = place.serve_unseen("true");
        refresh(&service, "x", &traceparent("01"));
        let line = service.line_with("remint::audit");
        stop(&mut service);
        assert!(line.ends_with(&needle), "{line}");

        let place = place.with("AUDIT_LOG_FILE", "audit.log");
        let mut service = place.serve_unseen("true");
        refresh(&service, "x", &traceparent("01"));
        stop(&mut service);

        let event = fs::read_to_string(place.path().join("audit.log")).unwrap();
        let event: Value = serde_json::from_str(&event).unwrap();
        assert_eq!(event["trace_id"], TRACE);
        assert_eq!(event["outcome"], "invalid_token");
    }
}

#[test]
fn without_a_collector_no_line_names_a_trace() {
    let place = Place::new();
    let mut service = place.serve();

    refresh(&service, "x", &traceparent("01"));

    let line = service.line_with("remint::audit");
    assert!(
        !line.contains("trace_id") && !line.contains("span"),
        "{line}"
    );
}

#[cfg(feature = "cognito")]
#[tokio::test]
async fn a_call_to_cognito_is_below_the_request_that_makes_it() {
    let (collector, cognito) = (Collector::start().await, MockServer::start().await);
    let down = Mock::given(any()).respond_with(ResponseTemplate::new(500));
    down.mount(&cognito).await;
    let place = collector
        .place()
        .with("COGNITO_REGION", "eu-central-1")
        .with("COGNITO_CLIENT_ID", "client")
        .with("COGNITO_ENDPOINT_URL", &cognito.uri());
    let mut service = place.serve();
    let body = r#"{"refresh_token":"a.b.c"}"#;
    let length = body.len();
    let head =
        format!("POST /auth/refresh HTTP/1.1\r\nHost: remint\r\nContent-Length: {length}\r\n");
    let head = head + "Content-Type: application/json\r\n\r\n";

    assert_eq!(Wire::to(&service).send(head + body).answer().status(), 503);
    stop(&mut service);

    let spans = collector.by_name().await;
    let (request, call) = (&spans["POST /auth/refresh"], &spans["cognito refresh"]);
    assert_eq!(call.parent_span_id, request.span_id);
    assert_eq!(plain(&call.attributes)["remint.outcome"], "failed");
    assert_eq!(status(call), 2);
}
