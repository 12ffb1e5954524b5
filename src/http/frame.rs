//! What surrounds every request: its id, its deadline, its headers, its line in the audit log.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use ipnet::IpNet;
use poem::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use poem::{Endpoint, IntoResponse, Request, Response, Result};
use tokio::time::timeout;
use tracing::error;

use crate::domain::{Clock, IdSource};

use super::allowed_methods::AllowedMethods;
use super::audit::{self, Audit};
use super::contract::failure::Spoken;
use super::cors::Cors;
use super::problem::{Code, RETRY_AFTER_SECONDS};
use super::{HttpSettings, client_address};

/// The outermost endpoint.
pub(super) struct Frame<E> {
    inner: E,
    ids: Arc<dyn IdSource>,
    clock: Arc<dyn Clock>,
    allowed: AllowedMethods,
    cors: Cors,
    deadline: Duration,
    trusted_proxies: Vec<IpNet>,
}

impl<E: Endpoint> Frame<E> {
    pub(super) fn new(
        inner: E,
        ids: Arc<dyn IdSource>,
        clock: Arc<dyn Clock>,
        allowed: AllowedMethods,
        settings: HttpSettings,
    ) -> Self {
        let HttpSettings {
            cors_allowed_origins,
            trusted_proxies,
            request_deadline: deadline,
            ..
        } = settings;
        Self {
            inner,
            ids,
            clock,
            allowed,
            cors: Cors::new(&cors_allowed_origins),
            deadline,
            trusted_proxies,
        }
    }

    /// Whatever happens inside, there is an answer, and in time.
    async fn answer(&self, mut request: Request) -> Response {
        let spoken = Spoken::default();
        request.extensions_mut().insert(spoken.clone());
        let fail = |code: Code, detail| {
            let in_its_words = spoken.failure(code, self.clock.now());
            in_its_words.unwrap_or_else(|| problem(code, detail))
        };
        let work = AssertUnwindSafe(self.inner.call(request)).catch_unwind();
        match timeout(self.deadline, work).await {
            Ok(Ok(Ok(response))) => response.into_response(),
            Ok(Ok(Err(error))) => from_framework(&error),
            // The panic itself was logged by the hook, without its message.
            Ok(Err(_)) => fail(Code::Internal, "the service failed"),
            Err(_) => {
                error!("a request ran into its deadline");
                fail(Code::Unavailable, "the service cannot answer at the moment")
            }
        }
    }
}

impl<E: Endpoint> Endpoint for Frame<E> {
    type Output = Response;

    async fn call(&self, mut request: Request) -> Result<Response> {
        let request_id = self.ids.request_id();
        let client = client_address::of(&request, &self.trusted_proxies);
        // Load balancers probe with HEAD; hyper leaves the body out of the answer.
        if request.method() == Method::HEAD {
            request.set_method(Method::GET);
        }
        let allowed = self.allowed.of_path(request.uri().path());
        let chunked = request.headers().contains_key(header::TRANSFER_ENCODING);
        let origin = request.headers().get(header::ORIGIN).cloned();

        let mut response = match self.cors.preflight(&request) {
            Some(response) => response,
            None => self.answer(request).await,
        };

        let headers = response.headers_mut();
        // Refusals, failures and what poem says are for the script to read as well.
        self.cors.allow(headers, origin.as_ref());
        if let Ok(id) = HeaderValue::from_str(&request_id.to_string()) {
            headers.insert("x-request-id", id);
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
        let audit = response
            .extensions()
            .get()
            .cloned()
            .unwrap_or_else(|| Audit {
                contract: "none",
                outcome: outcome(response.status()),
                ..Audit::default()
            });
        audit::write(request_id, client, response.status(), &audit);
        Ok(response)
    }
}

/// The refusals that poem makes before our code runs, in our shape.
fn from_framework(error: &poem::Error) -> Response {
    match error.status() {
        StatusCode::NOT_FOUND => problem(Code::NotFound, "there is nothing at this address"),
        StatusCode::METHOD_NOT_ALLOWED => problem(
            Code::MethodNotAllowed,
            "this address does not have that method",
        ),
        status if status.is_client_error() => {
            problem(Code::BadRequest, "the request could not be understood")
        }
        _ => {
            error!(%error, "the framework failed");
            problem(Code::Internal, "the service failed")
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
        200..=299 => "served",
        404 => Code::NotFound.word(),
        405 => Code::MethodNotAllowed.word(),
        400..=499 => Code::BadRequest.word(),
        503 => Code::Unavailable.word(),
        _ => Code::Internal.word(),
    }
}

#[cfg(test)]
mod tests {
    use poem::endpoint::make;
    use poem::http::Uri;

    use super::super::{CookieSettings, SameSite};
    use super::*;
    use crate::domain::{RandomIds, SystemClock};

    fn frame<E: Endpoint>(inner: E) -> Frame<E> {
        let settings = HttpSettings {
            cors_allowed_origins: vec!["https://app.example.com".to_owned()],
            cookies: CookieSettings {
                refresh_name: "refresh_token".to_owned(),
                access_name: "access_token".to_owned(),
                domain: None,
                same_site: SameSite::Lax,
                secure: true,
            },
            trusted_proxies: Vec::new(),
            body_deadline: Duration::from_secs(1),
            request_deadline: Duration::from_secs(1),
            example_token: None,
        };
        let allowed = AllowedMethods::default();
        let (ids, clock) = (Arc::new(RandomIds), Arc::new(SystemClock));
        Frame::new(inner, ids, clock, allowed, settings)
    }

    #[tokio::test]
    async fn a_panic_is_answered_as_any_other_failure_and_the_next_request_as_ever() {
        let frame = frame(make(|request: Request| async move {
            assert_eq!(request.uri().path(), "/good", "not good");
            Ok::<_, poem::Error>("fine")
        }));
        let get = |path| {
            let request = Request::builder().uri(Uri::from_static(path));
            let request = request.header("origin", "https://app.example.com");
            frame.get_response(request.finish())
        };

        let (failed, next) = (get("/bad").await, get("/good").await);

        assert_eq!(failed.status(), StatusCode::INTERNAL_SERVER_ERROR);
        assert_eq!(
            failed.header("content-type"),
            Some("application/problem+json")
        );
        assert!(failed.header("x-request-id").is_some());
        assert!(failed.header("access-control-allow-origin").is_some());
        let body = failed.into_body().into_string().await.unwrap();
        assert!(
            body.contains(r#""code":"internal""#) && !body.contains("not good"),
            "{body}"
        );
        assert_eq!(next.into_body().into_string().await.unwrap(), "fine");
    }

    #[tokio::test]
    async fn every_cookie_of_an_answer_reaches_a_listed_origin() {
        let frame = frame(make(|_| async {
            let response = Response::builder().header("set-cookie", "a=1");
            Ok::<_, poem::Error>(response.header("set-cookie", "b=2").finish())
        }));
        let request = Request::builder().header("origin", "https://app.example.com");

        let answer = frame.get_response(request.finish()).await;

        let cookies = answer.headers().get_all("set-cookie").iter();
        assert_eq!(cookies.collect::<Vec<_>>(), ["a=1", "b=2"]);
        let allowed = answer.header("access-control-allow-credentials");
        assert_eq!(allowed, Some("true"));
    }

    #[tokio::test]
    async fn what_the_framework_says_of_a_failure_stays_inside() {
        let frame = frame(make(|_| async {
            let status = StatusCode::BAD_GATEWAY;
            Err::<(), _>(poem::Error::from_string("db.internal:5432 refused", status))
        }));

        let answer = frame.get_response(Request::default()).await;

        assert_eq!(answer.status(), StatusCode::INTERNAL_SERVER_ERROR);
        let body = answer.into_body().into_string().await.unwrap();
        assert!(!body.contains("db.internal"), "{body}");
    }
}
