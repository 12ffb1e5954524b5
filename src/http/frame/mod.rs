//! What surrounds every request: its id, its deadline, its headers, its line in the audit log.

mod finished;
#[cfg(test)]
mod tests;

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use poem::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use poem::{Endpoint, IntoResponse, Request, Response, Result};
use tokio::time::timeout;
use tracing::{Instrument as _, Span, error};

use crate::domain::{ClientAddress, ClientNetwork, Clock, IdSource};
use crate::metrics::{Answer, Answers};

use super::admission::{Admission, TurnedAway};
use super::allowed_methods::AllowedMethods;
use super::audit::{self, Audit};
use super::client_address::TrustedProxies;
use super::contract::failure::Spoken;
use super::cors::Cors;
use super::problem::{Code, FAILED, NOTHING_THERE, RETRY_AFTER_SECONDS, UNAVAILABLE};
use super::throttle::{self, Throttle};
use super::{HttpSettings, Readiness, client_address, traced};
use finished::Finished;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The outermost endpoint.
pub(super) struct Frame<E>(Arc<Inside<E>>);

struct Inside<E> {
    inner: E,
    surroundings: Surroundings,
    allowed: AllowedMethods,
    cors: Cors,
    deadline: Duration,
    trusted_proxies: TrustedProxies,
}

/// What a frame reads and counts with.
pub(super) struct Surroundings {
    pub(super) ids: Arc<dyn IdSource>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) throttle: Throttle,
    pub(super) answers: Arc<Answers>,
    pub(super) readiness: Arc<Readiness>,
    /// None where every request is worked on.
    pub(super) admission: Option<Admission>,
}

impl<E: Endpoint> Frame<E> {
    pub(super) fn new(
        inner: E,
        surroundings: Surroundings,
        allowed: AllowedMethods,
        settings: HttpSettings,
    ) -> Self {
        let HttpSettings {
            cors_allowed_origins,
            trusted_proxies,
            request_deadline: deadline,
            ..
        } = settings;
        Self(Arc::new(Inside {
            inner,
            surroundings,
            allowed,
            cors: Cors::new(&cors_allowed_origins),
            deadline,
            trusted_proxies,
        }))
    }
}

impl<E: Endpoint> Inside<E> {
    /// The answer, or that there were too many before.
    async fn bounded(&self, mut request: Box<Request>, client: Option<ClientNetwork>) -> Response {
        let Surroundings {
            clock, throttle, ..
        } = &self.surroundings;
        let spoken = Spoken::of_path(request.uri().path());
        let hint = if client_address::is_disputed(&request, &self.trusted_proxies) {
            "if the client is a proxy of yours, TRUSTED_PROXIES must list it"
        } else {
            ""
        };
        request.extensions_mut().insert(spoken.clone());
        if let Err(throttled) = throttle.admit(request.uri().path(), client).await {
            let audit = Audit {
                contract: "none",
                reason: format!("requests of this address: {throttled}"),
                hint,
                ..Audit::default()
            };
            return throttle::refuse(throttled, &spoken, audit, clock.now());
        }
        let response = match self.cors.preflight(&request) {
            Some(response) => response,
            None => self.answer(request, &spoken).await,
        };
        match throttle.judge(&response, client).await {
            Ok(()) => response,
            Err(throttled) => {
                let audit: Audit = response.extensions().get().cloned().unwrap_or_default();
                let reason = format!("{}; failures of this address: {throttled}", audit.reason);
                let hint = if hint.is_empty() { audit.hint } else { hint };
                let audit = Audit {
                    reason,
                    hint,
                    ..audit
                };
                throttle::refuse(throttled, &spoken, audit, clock.now())
            }
        }
    }

    /// Whatever happens inside, there is an answer, and in time.
    async fn answer(&self, request: Box<Request>, spoken: &Spoken) -> Response {
        let now = || self.surroundings.clock.now();
        let fail = |code: Code, detail| spoken.failure(code, now(), || problem(code, detail));
        let work = AssertUnwindSafe(self.admitted(request, spoken)).catch_unwind();
        match timeout(self.deadline, work).await {
            Ok(Ok(Ok(Ok(response)))) => response.into_response(),
            Ok(Ok(Ok(Err(error)))) => from_framework(&error),
            Ok(Ok(Err(turned_away))) => {
                let mut response = fail(Code::Unavailable, "the service has too much to do");
                let seconds = turned_away.retry_after.into();
                response.headers_mut().insert(header::RETRY_AFTER, seconds);
                response.extensions_mut().insert(turned_away);
                response
            }
            // The panic itself was logged by the hook, without its message.
            Ok(Err(_)) => fail(Code::Internal, FAILED),
            Err(_) => {
                error!("a request ran into its deadline");
                fail(Code::Unavailable, UNAVAILABLE)
            }
        }
    }
}

impl<E: Endpoint> Inside<E> {
    /// The answer, unless there are too many requests at the moment.
    async fn admitted(
        &self,
        mut request: Box<Request>,
        spoken: &Spoken,
    ) -> std::result::Result<Result<E::Output>, TurnedAway> {
        let _place = match &self.surroundings.admission {
            Some(admission) => admission.admit(&mut request, spoken).await?,
            None => None,
        };
        Ok(self.inner.call(*request).await)
    }
}

impl<E: Endpoint + 'static> Endpoint for Frame<E> {
    type Output = Response;

    async fn call(&self, request: Request) -> Result<Response> {
        let Inside {
            allowed,
            trusted_proxies: proxies,
            ..
        } = &*self.0;
        let client = client_address::of(&request, proxies);
        let span = traced::span(&request, client, allowed, proxies);
        // Each future that has the request in itself, and is moved, moves half a kilobyte more.
        let inside = Arc::clone(&self.0);
        let handled = inside.handle(Box::new(request), client, span.clone());
        let unattended = self.0.surroundings.readiness.unattended();
        Ok(Finished::new(handled.instrument(span), unattended).await)
    }
}

impl<E: Endpoint> Inside<E> {
    /// The whole answer; the log and the figures have it.
    async fn handle(
        self: Arc<Self>,
        mut request: Box<Request>,
        client: Option<ClientAddress>,
        span: Span,
    ) -> Response {
        let begun = Instant::now();
        let answers = &self.surroundings.answers;
        let _under_way = answers.under_way();
        let request_id = self.surroundings.ids.request_id().to_string();
        // Load balancers probe with HEAD; hyper leaves the body out of the answer.
        if request.method() == Method::HEAD {
            request.set_method(Method::GET);
        }
        let allowed = self.allowed.of_path(request.uri().path());
        let chunked = request.headers().contains_key(header::TRANSFER_ENCODING);
        let origin = request.headers().get(header::ORIGIN).cloned();

        let mut response = self.bounded(request, client.map(ClientNetwork::of)).await;

        let headers = response.headers_mut();
        // Refusals, failures and what poem says are for the script to read as well.
        self.cors.allow(headers, origin.as_ref());
        if let Ok(id) = HeaderValue::from_str(&request_id) {
            headers.insert(REQUEST_ID, id);
        }
        if chunked {
            // RFC 9112 §6.1: what a proxy took for the next request must never be read as one.
            headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        add_security_headers(headers);
        if response.status() == StatusCode::METHOD_NOT_ALLOWED
            && let Some(allowed) = allowed
        {
            response.headers_mut().insert(header::ALLOW, allowed);
        }
        let audit = response.extensions_mut().remove().unwrap_or_else(|| Audit {
            contract: "none",
            outcome: outcome(response.status()),
            ..Audit::default()
        });
        if let Some(throttled) = audit.throttled {
            throttle::add_headers(response.headers_mut(), throttled);
        }
        if response.extensions().get::<TurnedAway>().is_some() {
            // A line for each would cost more than the rest of the answer.
            answers.turned_away();
        } else {
            audit::write(&request_id, client, response.status(), &audit);
        }
        traced::answered(&span, &request_id, response.status(), &audit);
        answers.count(Answer {
            contract: audit.contract,
            outcome: audit.outcome,
            refusal: audit.refusal,
            key: audit.trail.key.as_deref(),
            took: begun.elapsed(),
        });
        response
    }
}

/// The refusals that poem makes before our code runs, in our shape.
fn from_framework(error: &poem::Error) -> Response {
    match error.status() {
        StatusCode::NOT_FOUND => problem(Code::NotFound, NOTHING_THERE),
        StatusCode::METHOD_NOT_ALLOWED => problem(
            Code::MethodNotAllowed,
            "this address does not have that method",
        ),
        status if status.is_client_error() => {
            problem(Code::BadRequest, "the request could not be understood")
        }
        _ => {
            error!(%error, "the framework failed");
            problem(Code::Internal, FAILED)
        }
    }
}

fn problem(code: Code, detail: &str) -> Response {
    let mut response = code.problem(detail).into_response();
    if code == Code::Unavailable {
        response
            .headers_mut()
            .insert(header::RETRY_AFTER, RETRY_AFTER_SECONDS.into());
    }
    response
}

fn add_security_headers(headers: &mut HeaderMap) {
    let nosniff = HeaderValue::from_static("nosniff");
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, nosniff);
    if !headers.contains_key(header::CACHE_CONTROL) {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.insert(header::PRAGMA, HeaderValue::from_static("no-cache"));
    }
}

/// The outcome of an answer that no contract made.
fn outcome(status: StatusCode) -> &'static str {
    match status.as_u16() {
        // Not modified.
        200..=299 | 304 => "served",
        404 => Code::NotFound.word(),
        405 => Code::MethodNotAllowed.word(),
        400..=499 => Code::BadRequest.word(),
        503 => Code::Unavailable.word(),
        _ => Code::Internal.word(),
    }
}
