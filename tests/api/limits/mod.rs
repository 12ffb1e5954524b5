//! How often something may be done.

mod clients;
mod document;
mod outages;
mod requests;
mod script;
mod sessions;
mod shared;

use poem::http::uri::Scheme;
use poem::web::{LocalAddr, RemoteAddr};
use poem::{Addr, Request, RequestParts};
use remint::domain::Contract;

use super::contracts::frontend::timestamp;
use crate::harness::{Answer, TestApp};

/// The default.
const TEN: (&str, &str) = ("RATE_LIMIT_PER_MINUTE", "10");

/// Settings for many requests at once on a machine that is busy: none of them is to be given up.
pub(in crate::api) const PATIENT: [(&str, &str); 3] = [
    ("DATABASE_TIMEOUT_MILLISECONDS", "60000"),
    ("REDIS_TIMEOUT_MILLISECONDS", "10000"),
    ("REQUEST_TIMEOUT_SECONDS", "120"),
];

/// Few, so that no other becomes free while a test runs.
const TWO: (&str, &str) = ("RATE_LIMIT_PER_MINUTE", "2");

/// The request as a client at that address sends it.
pub(in crate::api) fn from(address: &str, request: Request) -> Request {
    let (parts, body) = request.into_parts();
    let mut head = http::Request::new(());
    *head.method_mut() = parts.method;
    *head.uri_mut() = parts.uri;
    *head.headers_mut() = parts.headers;
    let peer = Addr::SocketAddr((address.parse::<std::net::IpAddr>().unwrap(), 4711).into());
    let (head, ()) = head.into_parts();
    let parts = RequestParts::from((head, LocalAddr::default(), RemoteAddr(peer), Scheme::HTTP));
    Request::from_parts(parts, body)
}

/// What the contract says to whoever asks too often.
fn body(app: &TestApp, contract: Contract) -> String {
    match contract {
        Contract::Cookie => {
            r#"{"success":false,"message":"Too many token refresh attempts. Please try again later.","error":"rate_limit_exceeded"}"#.to_owned()
        }
        Contract::Envelope => format!(
            r#"{{"success":false,"errors":[{{"field":"service","message":"Too many token refresh attempts. Please try again later.","code":"RATE_LIMITED"}}],"timestamp":"{}"}}"#,
            timestamp(app)
        ),
        Contract::OAuth2 => {
            r#"{"error":"temporarily_unavailable","error_description":"too many attempts; wait as long as Retry-After says"}"#.to_owned()
        }
        Contract::TokenPair => {
            r#"{"errors":[{"code":"rate_limit_exceeded","message":"Too many token refresh attempts. Please try again later.","type":"RateLimit"}]}"#.to_owned()
        }
        Contract::ExpiredToken | Contract::RefreshToken => {
            r#"{"type":"/problems/rate_limited","title":"Too many requests","status":429,"detail":"too many attempts; wait as long as Retry-After says","code":"rate_limited","action":"wait"}"#.to_owned()
        }
    }
}

/// Asserts that the answer is that there were too many, to the byte, and when there may be more.
fn assert_throttled(app: &TestApp, contract: Contract, answer: &Answer, [limit, wait]: [&str; 2]) {
    assert_eq!((answer.status, &answer.body), (429, &body(app, contract)));
    for (name, value) in [
        ("retry-after", Some(wait)),
        ("ratelimit-limit", Some(limit)),
        ("ratelimit-remaining", Some("0")),
        ("ratelimit-reset", Some(wait)),
        ("cache-control", Some("no-store")),
        ("set-cookie", None),
        ("www-authenticate", None),
    ] {
        assert_eq!(answer.header(name), value, "{name}");
    }
}
