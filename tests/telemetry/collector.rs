//! A collector that reads what it gets.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::TcpListener;
use std::time::Duration;

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::common::v1::any_value::Value as AnyValue;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message as _;
use serde_json::{Map, Value, json};
use wiremock::matchers::{header, method, path};
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

use crate::cli::place_with_users;
use crate::harness::process::{Place, Service};
use crate::harness::wire::{Wire, WireAnswer};

/// A trace of somebody else's, and the span in it that calls.
pub(super) const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
pub(super) const CALLER: &str = "b7ad6b7169203331";

/// A server that takes spans.
pub(super) struct Collector(MockServer);

impl Collector {
    pub(super) async fn start() -> Self {
        let collector = Self(MockServer::start().await);
        collector.answer(ResponseTemplate::new(200)).await;
        collector
    }

    /// One at that address.
    pub(super) async fn start_at(listener: TcpListener) -> Self {
        let server = MockServer::builder().listener(listener).start().await;
        let collector = Self(server);
        collector.answer(ResponseTemplate::new(200)).await;
        collector
    }

    /// One that takes so long for each answer.
    pub(super) async fn slow(delay: Duration) -> Self {
        let collector = Self(MockServer::start().await);
        let answer = ResponseTemplate::new(200).set_delay(delay);
        collector.answer(answer).await;
        collector
    }

    async fn answer(&self, answer: ResponseTemplate) {
        let export = Mock::given(method("POST")).and(path("/v1/traces"));
        let export = export.and(header("content-type", "application/x-protobuf"));
        export.respond_with(answer).mount(&self.0).await;
    }

    /// A place with two users whose service exports here.
    pub(super) fn place(&self) -> Place {
        place_with_users().with("OTEL_EXPORTER_OTLP_ENDPOINT", &self.0.uri())
    }

    pub(super) async fn requests(&self) -> Vec<Request> {
        self.0.received_requests().await.unwrap()
    }

    /// What has arrived, each span with its resource.
    pub(super) async fn spans(&self) -> Vec<(Map<String, Value>, Span)> {
        let mut spans = Vec::new();
        for request in self.requests().await {
            let export = ExportTraceServiceRequest::decode(request.body.as_slice()).unwrap();
            for of_resource in export.resource_spans {
                let resource = plain(&of_resource.resource.unwrap().attributes);
                let scopes = of_resource.scope_spans.into_iter();
                let found = scopes.flat_map(|scope| scope.spans);
                spans.extend(found.map(|span| (resource.clone(), span)));
            }
        }
        spans
    }

    /// The spans by their names, each of which must stand once.
    pub(super) async fn by_name(&self) -> BTreeMap<String, Span> {
        let mut named = BTreeMap::new();
        for (_, span) in self.spans().await {
            let before = named.insert(span.name.clone(), span);
            assert!(before.is_none(), "twice: {before:?}");
        }
        named
    }

    /// Whether any request had that text in its body.
    pub(super) async fn has(&self, text: &str) -> bool {
        let requests = self.requests().await;
        let has = |it: &Request| String::from_utf8_lossy(&it.body).contains(text);
        requests.iter().any(has)
    }
}

/// Attributes as plain JSON.
pub(super) fn plain(attributes: &[KeyValue]) -> Map<String, Value> {
    let value = |attribute: &KeyValue| {
        let value = attribute.value.clone().unwrap().value.unwrap();
        if let AnyValue::IntValue(number) = value {
            return json!(number);
        }
        let AnyValue::StringValue(text) = value else {
            panic!("{value:?}");
        };
        json!(text)
    };
    let pairs = attributes.iter().map(|it| (it.key.clone(), value(it)));
    let sorted: BTreeMap<_, _> = pairs.collect();
    sorted.into_iter().collect()
}

/// The status of a span: 0 where it has none, 2 for an error.
pub(super) fn status(span: &Span) -> i32 {
    span.status.as_ref().map_or(0, |status| status.code)
}

pub(super) fn hex(id: &[u8]) -> String {
    id.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}

/// An expired token of a user.
pub(super) fn expired(place: &Place, user: &str) -> String {
    let arguments = ["token", "--sub", user, "--expired-for", "1h"];
    place.run(&arguments).only_line().to_owned()
}

/// A refresh of `token`, with these lines in its head.
pub(super) fn refresh(service: &Service, token: &str, lines: &str) -> WireAnswer {
    let body = json!({"token": token}).to_string();
    let length = body.len();
    let head = format!(
        "POST /api/auth/refresh?next=x HTTP/1.1\r\nHost: remint.test:8443\r\nContent-Length: {length}\r\n{lines}\r\n"
    );
    Wire::to(service).send(head + &body).answer()
}

/// The header of a caller whose span is [`CALLER`].
pub(super) fn traceparent(flags: &str) -> String {
    format!("traceparent: 00-{TRACE}-{CALLER}-{flags}\r\n")
}

/// Ends the service in order, with all that it still has to send.
pub(super) fn stop(service: &mut Service) {
    service.signal("TERM");
    assert_eq!(service.end().code(), Some(0));
}
