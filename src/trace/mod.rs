//! Spans: what a request did and how long each part of it took, for whoever follows it through
//! several services.
//!
//! *What one costs.* Where no traces are exported nothing listens to [`TARGET`], so that each place
//! that makes a span is switched off, and none is made.
//!
//! *What is in one.* Words of the code, figures, and what the audit log has as well; no user, no
//! session, and nothing that a caller sent but its address, the host that it asked and the span that
//! it was in. So no token is in one, unless its owner calls it a host or a trace; and no caller makes
//! one large, as both are bounded.
//!
//! *Why no span for each statement.* One statement answers many requests. Each of them has a span
//! of its own for its question, which says how long it waited, its turn included, and how many were
//! answered together.

#[cfg(any(feature = "otlp", test))]
mod parent;

use std::fmt::Display;

use http::HeaderMap;
use tracing::field::{Empty, display};
use tracing::{Level, Span, info_span, span_enabled};

/// By this the spans that are exported are told from those of the log.
pub const TARGET: &str = "remint::trace";

/// Whether anybody wants spans.
pub fn is_on() -> bool {
    span_enabled!(target: TARGET, Level::INFO)
}

/// What is known of a request before it is worked on.
pub struct Incoming<'a> {
    /// Its method, where it is one that HTTP has.
    pub method: Option<&'a str>,
    /// Its address as the document has it, where it is one of ours.
    pub route: Option<&'a str>,
    /// Its address as it came, without the query, where nothing of the caller's can be in it.
    pub path: Option<&'a str>,
    /// `http` or `https`.
    pub scheme: &'static str,
    /// The host that was asked, and the port.
    pub server: Option<(&'a str, Option<u16>)>,
    /// Who asks.
    pub client: Option<String>,
}

/// The span of a request, which goes on with the trace that its caller has begun.
pub fn request(incoming: &Incoming<'_>, headers: &HeaderMap) -> Span {
    let Incoming {
        method,
        route,
        path,
        scheme,
        server,
        client,
    } = incoming;
    let verb = method.unwrap_or("HTTP");
    let span = info_span!(
        target: TARGET,
        "request",
        otel.kind = "server",
        otel.name = Empty,
        otel.status_code = Empty,
        "error.type" = Empty,
        http.request.method = method.unwrap_or("_OTHER"),
        http.route = route,
        http.response.status_code = Empty,
        url.scheme = scheme,
        url.path = path,
        server.address = server.map(|(host, _)| host),
        server.port = server.and_then(|(_, port)| port).map(i64::from),
        client.address = client.as_deref(),
        remint.contract = Empty,
        remint.outcome = Empty,
        remint.reason = Empty,
        remint.request_id = Empty,
    );
    match route {
        Some(route) => span.record("otel.name", display(format_args!("{verb} {route}"))),
        None => span.record("otel.name", verb),
    };
    follow(&span, headers);
    span
}

/// What came of a request.
pub struct Outcome<'a, I> {
    /// The status.
    pub status: u16,
    /// The contract or endpoint, as the log has it.
    pub contract: &'static str,
    /// What happened, as the log has it.
    pub outcome: &'static str,
    /// The exact reason, where there is one.
    pub reason: &'a str,
    /// By which the log and the caller know the request.
    pub request_id: I,
}

/// Notes what came of the request of that span.
pub fn answered(span: &Span, outcome: &Outcome<'_, impl Display>) {
    if span.is_disabled() {
        return;
    }
    let Outcome {
        status,
        contract,
        outcome,
        reason,
        request_id,
    } = outcome;
    span.record("http.response.status_code", i64::from(*status));
    span.record("remint.contract", contract);
    span.record("remint.outcome", outcome);
    if !reason.is_empty() {
        span.record("remint.reason", reason);
    }
    span.record("remint.request_id", display(request_id));
    // A refusal is no failure of the service.
    if *status >= 500 {
        failed(span, &status.to_string());
    }
}

/// The span of one caller's question to a database of that kind, from the asking to the answer. None
/// where no request asks.
pub fn statement(name: &'static str, system: &'static str) -> Span {
    if !is_followed() {
        return Span::none();
    }
    info_span!(
        target: TARGET,
        "statement",
        otel.kind = "client",
        otel.name = name,
        otel.status_code = Empty,
        "error.type" = Empty,
        db.system.name = system,
        db.query.summary = name,
        db.operation.batch.size = Empty,
    )
}

/// Notes how many questions the database was asked at once. One alone is no batch.
pub fn asked_together(span: &Span, questions: usize) {
    if questions > 1 {
        let size = i64::try_from(questions).unwrap_or(i64::MAX);
        span.record("db.operation.batch.size", size);
    }
}

/// The span of a call to Cognito. None where no request asks for it.
pub fn cognito(name: &'static str) -> Span {
    if !is_followed() {
        return Span::none();
    }
    info_span!(
        target: TARGET,
        "cognito",
        otel.kind = "client",
        otel.name = name,
        otel.status_code = Empty,
        "error.type" = Empty,
        rpc.system.name = "aws-api",
        remint.outcome = Empty,
    )
}

/// Notes that it failed, in one word of the code.
pub fn failed(span: &Span, why: &str) {
    span.record("otel.status_code", "ERROR");
    span.record("error.type", why);
}

/// Whether the work at hand is that of a request whose span is exported.
fn is_followed() -> bool {
    #[cfg(feature = "otlp")]
    return is_on() && opentelemetry::Context::map_current(has_span);
    #[cfg(not(feature = "otlp"))]
    false
}

#[cfg(feature = "otlp")]
fn has_span(context: &opentelemetry::Context) -> bool {
    use opentelemetry::trace::TraceContextExt as _;

    context.has_active_span()
}

/// Puts the span below the caller's.
///
/// Nothing else is taken from a caller: of `baggage` anybody could send any amount.
#[cfg(feature = "otlp")]
fn follow(span: &Span, headers: &HeaderMap) {
    use opentelemetry::trace::{SpanContext, TraceContextExt as _, TraceFlags};
    use tracing_opentelemetry::OpenTelemetrySpanExt as _;

    let mut lines = headers.get_all("traceparent").iter();
    // Two of them are none (W3C Trace Context §4.2).
    let (Some(line), None) = (lines.next(), lines.next()) else {
        return;
    };
    let Some(parent) = line.to_str().ok().and_then(parent::Parent::parse) else {
        return;
    };
    let states = headers.get_all("tracestate").iter();
    let states: Vec<_> = states.filter_map(|line| line.to_str().ok()).collect();
    let states = states.join(",");
    let flags = TraceFlags::default().with_sampled(parent.is_sampled);
    let caller = SpanContext::new(
        parent.trace_id.into(),
        parent.span_id.into(),
        flags,
        true,
        parent::newest(&states).parse().unwrap_or_default(),
    );
    let context = opentelemetry::Context::new().with_remote_span_context(caller);
    // It fails for spans that nobody wants or that have begun, of which this is neither.
    span.set_parent(context).ok();
}

#[cfg(not(feature = "otlp"))]
fn follow(_: &Span, _: &HeaderMap) {}
