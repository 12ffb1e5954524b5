//! Spans of requests, as a collector gets them.

use std::net::TcpStream;

use serde_json::Value;

use super::collector::{
    CALLER, Collector, TRACE, expired, hex, plain, refresh, status, stop, traceparent,
};
use crate::harness::wire::Wire;
use crate::harness::{ADMIN_KEY, logs};

#[tokio::test]
async fn a_request_is_a_span_of_the_trace_that_its_caller_began() {
    let collector = Collector::start().await;
    let place = collector.place();
    let mut service = place.serve();
    let state = "tracestate: vendor=1\r\ntracestate: other=2\r\n";

    let lines = traceparent("01") + state;
    let answer = refresh(&service, &expired(&place, "alice"), &lines);
    stop(&mut service);

    assert_eq!(answer.status(), 200);
    let spans = collector.by_name().await;
    let span = &spans["POST /api/auth/refresh"];
    assert_eq!(
        (hex(&span.trace_id), hex(&span.parent_span_id)),
        (TRACE.to_owned(), CALLER.to_owned())
    );
    assert_eq!(span.trace_state, "vendor=1,other=2");
    assert_eq!((span.kind, status(span)), (2, 0), "a server, and no error");
}

#[tokio::test]
async fn what_it_says_of_a_request_has_the_names_that_others_use() {
    let collector = Collector::start().await;
    let place = collector.place();
    let mut service = place.serve();

    let answer = refresh(&service, &expired(&place, "alice"), "");
    stop(&mut service);

    let spans = collector.by_name().await;
    let mut attributes = plain(&spans["POST /api/auth/refresh"].attributes);
    let request_id = attributes.shift_remove("remint.request_id").unwrap();
    assert_eq!(request_id, answer.header("x-request-id").unwrap());
    insta::assert_json_snapshot!(attributes, @r#"
    {
      "client.address": "127.0.0.1",
      "http.request.method": "POST",
      "http.response.status_code": 200,
      "http.route": "/api/auth/refresh",
      "remint.contract": "expired_token",
      "remint.outcome": "refreshed",
      "server.address": "remint.test",
      "server.port": 8443,
      "url.path": "/api/auth/refresh",
      "url.scheme": "http"
    }
    "#);
}

#[tokio::test]
async fn what_it_asks_the_database_is_below_it() {
    let collector = Collector::start().await;
    let place = collector.place();
    let mut service = place.serve();

    refresh(&service, &expired(&place, "alice"), "");
    stop(&mut service);

    let spans = collector.by_name().await;
    let request = &spans["POST /api/auth/refresh"];
    for name in ["find_user", "standing"] {
        let span = &spans[name];
        assert_eq!(span.parent_span_id, request.span_id, "{name}");
        assert_eq!(span.trace_id, request.trace_id, "{name}");
        assert_eq!(span.kind, 3, "a client");
        let attributes = plain(&span.attributes);
        assert_eq!(attributes["db.system.name"], "sqlite");
        assert_eq!(attributes["db.query.summary"], name);
        assert_eq!(attributes.len(), 2, "{attributes:?}");
    }
    assert_eq!(spans.len(), 3);
}

#[tokio::test]
async fn no_token_no_user_and_nothing_else_that_a_caller_sends_is_in_a_span() {
    let collector = Collector::start().await;
    let place = collector.place().with("LOG_LEVEL", "trace");
    let mut service = place.serve();
    // Not the one that another test prints within the same second.
    let of_its_own = ["token", "--sub", "alice", "--expired-for", "2h"];
    let token = place.run(&of_its_own).only_line().to_owned();
    logs::never(&token);

    let answer = refresh(
        &service,
        &token,
        "baggage: user=carol\r\nUser-Agent: dora\r\n",
    );
    let head = format!("GET /reset/{token}?mail=erin HTTP/1.1\r\nHost: remint\r\n\r\n");
    assert_eq!(Wire::to(&service).send(head).answer().status(), 404);
    stop(&mut service);

    let fresh: Value = serde_json::from_str(&answer.body).unwrap();
    let fresh = fresh["access_token"].as_str().unwrap();
    for text in ["alice", "carol", "dora", "erin", "next=x", &token, fresh] {
        assert!(!collector.has(text).await, "{text}");
        let signature = text.rsplit('.').next().unwrap();
        assert!(!collector.has(signature).await, "{signature}");
    }
    assert!(collector.by_name().await.contains_key("GET"));
}

#[tokio::test]
async fn no_caller_makes_a_span_large() {
    let collector = Collector::start().await;
    let place = collector.place().with("TRUSTED_PROXIES", "127.0.0.1");
    let mut service = place.serve();
    let members = (0..30).map(|number| format!("v{number}={}", "x".repeat(200)));
    let state = members.collect::<Vec<_>>().join(",");
    let host = format!("{}.example", "x".repeat(4_000));

    let lines = format!("tracestate: {state}\r\nX-Forwarded-Host: {host}\r\n");
    refresh(&service, "x", &(traceparent("01") + &lines));
    stop(&mut service);

    let spans = collector.by_name().await;
    let span = &spans["POST /api/auth/refresh"];
    assert_eq!(span.trace_state, state.split(",v2").next().unwrap());
    assert!(!plain(&span.attributes).contains_key("server.address"));
}

#[tokio::test]
async fn a_caller_who_cannot_be_read_begins_no_trace() {
    let collector = Collector::start().await;
    let place = collector.place();
    let mut service = place.serve();
    let malformed = format!("traceparent: 00-{TRACE}-{CALLER}\r\n");

    refresh(&service, "x", &malformed);
    refresh(&service, "x", &(traceparent("01") + &traceparent("01")));
    stop(&mut service);

    let spans = collector.spans().await;
    assert_eq!(spans.len(), 2);
    for (_, span) in spans {
        assert_ne!(hex(&span.trace_id), TRACE);
        assert!(span.parent_span_id.is_empty());
    }
}

#[tokio::test]
async fn whoever_is_not_traced_himself_decides_it_for_the_service() {
    for (sampler, count) in [
        ("parentbased_always_on", 0),
        ("always_on", 1),
        ("always_off", 0),
    ] {
        let collector = Collector::start().await;
        let place = collector.place().with("OTEL_TRACES_SAMPLER", sampler);
        let mut service = place.serve();

        refresh(&service, "x", &traceparent("00"));
        let line = service.line_with("remint::audit");
        stop(&mut service);

        assert_eq!(collector.spans().await.len(), count, "{sampler}");
        assert!(line.contains(&format!(r#""trace_id":"{TRACE}""#)), "{line}");
    }
}

#[tokio::test]
async fn probes_and_scrapes_are_no_spans_and_both_listeners_have_them() {
    let collector = Collector::start().await;
    let place = collector.place().with("ADMIN_API_KEY", ADMIN_KEY);
    let mut service = place.serve();
    let get = |path| {
        format!("GET {path} HTTP/1.1\r\nHost: remint\r\nAuthorization: Bearer {ADMIN_KEY}\r\n\r\n")
    };
    let mut admin = Wire::over(TcpStream::connect(service.admin_address()).unwrap());

    for path in ["/healthz", "/readyz"] {
        assert_eq!(Wire::to(&service).send(get(path)).answer().status(), 200);
        assert_eq!(admin.send(get(path)).answer().status(), 200);
    }
    assert_eq!(admin.send(get("/metrics")).answer().status(), 200);
    assert_eq!(
        admin
            .send(get("/admin/sessions?user=alice"))
            .answer()
            .status(),
        200
    );
    stop(&mut service);

    let spans = collector.by_name().await;
    let names: Vec<_> = spans.keys().collect();
    assert_eq!(names, ["GET /admin/sessions", "list"]);
    let attributes = plain(&spans["GET /admin/sessions"].attributes);
    assert_eq!(attributes["remint.contract"], "admin");
}

#[tokio::test]
async fn the_settings_say_what_traces_call_the_service() {
    for (settings, expected) in [
        (&[][..], ("remint", Value::Null)),
        (
            &[(
                "OTEL_RESOURCE_ATTRIBUTES",
                "service.name=a,deployment.environment.name=b%20c",
            )],
            ("a", "b c".into()),
        ),
        (
            &[
                ("OTEL_SERVICE_NAME", "d"),
                ("OTEL_RESOURCE_ATTRIBUTES", "service.name=a"),
            ],
            ("d", Value::Null),
        ),
    ] {
        let collector = Collector::start().await;
        let with = |place: crate::harness::process::Place, (name, value): &(&str, &str)| {
            place.with(name, value)
        };
        let place = settings.iter().fold(collector.place(), with);
        let mut service = place.serve();

        refresh(&service, "x", "");
        stop(&mut service);

        let (resource, _) = collector.spans().await.remove(0);
        assert_eq!(resource["service.name"], expected.0);
        let environment = resource.get("deployment.environment.name");
        assert_eq!(environment.cloned().unwrap_or_default(), expected.1);
    }
}
