//! 429 (RFC 6585 §4): what whoever asks too often hears, beside the words of the contract.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use poem::http::{HeaderMap, HeaderName, HeaderValue, header};
use poem::{IntoResponse, Response};
use poem_openapi::ApiResponse;
use poem_openapi::registry::{MetaHeader, MetaResponses};
use poem_openapi::types::Type;

use crate::domain::ClientNetwork;
use crate::service::{RateLimiter, Throttled};

use super::audit::Audit;
use super::contract::failure::Spoken;
use super::example::ExampleOf;
use super::problem::{Code, ProblemJson};

/// The problem's detail. Which limit it was stands in the log: the caller does the same about each.
pub(super) const TOO_MANY: &str = "too many attempts; wait as long as Retry-After says";

/// The same in the words of seed 001, for frontends that show it.
pub(super) const TRY_LATER: &str = "Too many token refresh attempts. Please try again later.";

/// The status.
const TOO_MANY_REQUESTS: u16 = 429;

const LIMIT: HeaderName = HeaderName::from_static("ratelimit-limit");
const REMAINING: HeaderName = HeaderName::from_static("ratelimit-remaining");
const RESET: HeaderName = HeaderName::from_static("ratelimit-reset");

/// The answer that is no contract's own.
#[derive(ApiResponse)]
enum TooMany {
    /// There were too many attempts from this address.
    #[oai(
        status = 429,
        actual_type = "ExampleOf<{ Code::RateLimited as usize }>"
    )]
    Throttled(ProblemJson),
}

/// What is never refused: probes, and what a proxy asks for every request of everybody.
const UNBOUNDED: [&str; 3] = ["/api/auth/verify", "/healthz", "/readyz"];

/// Counts the requests and the failures of each client; of one whose address is not known, none.
pub(super) struct Throttle {
    limits: Arc<dyn RateLimiter>,
    counts_requests: bool,
}

impl Throttle {
    /// Counts every request, and again what fails.
    pub(super) fn of_everything(limits: Arc<dyn RateLimiter>) -> Self {
        Self {
            limits,
            counts_requests: true,
        }
    }

    /// Counts only what fails.
    pub(super) fn of_failures(limits: Arc<dyn RateLimiter>) -> Self {
        Self {
            limits,
            counts_requests: false,
        }
    }

    /// Counts a request before it is answered.
    pub(super) async fn admit(
        &self,
        path: &str,
        client: Option<ClientNetwork>,
    ) -> Result<(), Throttled> {
        match client {
            Some(client) if self.counts_requests && !UNBOUNDED.contains(&path) => {
                self.limits.request(client).await
            }
            Some(_) | None => Ok(()),
        }
    }

    /// Counts an answer that says that a credential is not good. Good ones are answered whatever
    /// others at the same address have tried.
    pub(super) async fn judge(
        &self,
        response: &Response,
        client: Option<ClientNetwork>,
    ) -> Result<(), Throttled> {
        let audit: Option<&Audit> = response.extensions().get();
        match client {
            Some(client) if audit.is_some_and(|audit| audit.is_failure) => {
                self.limits.failure(client).await
            }
            Some(_) | None => Ok(()),
        }
    }
}

/// The answer to who asks too often; `audit` is what is known about the request.
pub(super) fn refuse(
    throttled: Throttled,
    spoken: &Spoken,
    audit: Audit,
    now: DateTime<Utc>,
) -> Response {
    let code = Code::RateLimited;
    let in_its_words = spoken.throttled(now);
    let plain = || TooMany::Throttled(code.problem(TOO_MANY)).into_response();
    let mut response = in_its_words.unwrap_or_else(plain);
    response.extensions_mut().insert(Audit {
        outcome: code.word(),
        throttled: Some(throttled),
        ..audit
    });
    response
}

/// The headers of the answer.
pub(super) fn add_headers(headers: &mut HeaderMap, throttled: Throttled) {
    let Throttled { limit, retry_after } = throttled;
    headers.insert(header::RETRY_AFTER, retry_after.into());
    headers.insert(LIMIT, limit.into());
    headers.insert(REMAINING, HeaderValue::from_static("0"));
    headers.insert(RESET, retry_after.into());
}

/// Says in the document that the answer may be that there were too many.
pub(super) fn bounded(mut meta: MetaResponses) -> MetaResponses {
    meta.responses.extend(TooMany::meta().responses);
    meta.responses.sort_by_key(|response| response.status);
    describe(meta)
}

/// Says in the document that each 429 has the headers.
pub(super) fn describe(mut meta: MetaResponses) -> MetaResponses {
    let headers = [
        ("Retry-After", "In how many seconds to send it again."),
        ("RateLimit-Limit", "How many there may be in a minute."),
        ("RateLimit-Remaining", "Always 0."),
        ("RateLimit-Reset", "The same as `Retry-After`."),
    ];
    let throttled = |status| status == Some(TOO_MANY_REQUESTS);
    for response in &mut meta.responses {
        if throttled(response.status) {
            response.headers = headers
                .map(|(name, description)| MetaHeader {
                    name: name.to_owned(),
                    description: Some(description.to_owned()),
                    required: true,
                    deprecated: false,
                    schema: u64::schema_ref(),
                })
                .into();
        }
    }
    meta
}
