//! CORS (Fetch standard): lets scripts of listed origins read answers.
//!
//! *Why not poem's.* It refuses every request whose `Origin` is not listed, which a browser also
//! sends to the service's own pages, and an empty list means "everybody" to it.

use poem::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use poem::{IntoResponse, Request, Response};

/// What scripts may read beside the body.
const EXPOSED: HeaderValue = HeaderValue::from_static(
    "x-request-id, retry-after, ratelimit-limit, ratelimit-remaining, ratelimit-reset",
);

/// For how many seconds a browser may remember a preflight.
const MAX_AGE: HeaderValue = HeaderValue::from_static("600");

/// The origins whose scripts may read answers; with none of them, no answer says a word of it.
pub(super) struct Cors {
    origins: Vec<HeaderValue>,
}

impl Cors {
    pub(super) fn new(origins: &[String]) -> Self {
        let origins = origins
            .iter()
            .filter_map(|origin| HeaderValue::from_str(origin).ok());
        Self {
            origins: origins.collect(),
        }
    }

    /// The answer to a listed origin that asks what it may send.
    pub(super) fn preflight(&self, request: &Request) -> Option<Response> {
        let headers = request.headers();
        let asks = request.method() == Method::OPTIONS
            && headers.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
        if !asks || !self.origins.contains(headers.get(header::ORIGIN)?) {
            return None;
        }

        let mut response = StatusCode::NO_CONTENT.into_response();
        let headers = response.headers_mut();
        let methods = HeaderValue::from_static("GET, POST");
        headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, methods);
        let names = HeaderValue::from_static("authorization, content-type");
        headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, names);
        headers.insert(header::ACCESS_CONTROL_MAX_AGE, MAX_AGE);
        Some(response)
    }

    /// Lets scripts of `origin` read the answer with these headers, if it is listed.
    pub(super) fn allow(&self, headers: &mut HeaderMap, origin: Option<&HeaderValue>) {
        if self.origins.is_empty() {
            return;
        }
        headers.append(header::VARY, HeaderValue::from_static("Origin"));
        if let Some(origin) = origin.filter(|origin| self.origins.contains(origin)) {
            headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
            let yes = HeaderValue::from_static("true");
            headers.insert(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, yes);
            headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
        }
    }
}
