//! The address that a request was sent to, as far as its headers can tell.

use poem::Request;
use poem::http::uri::Scheme;
use poem::http::{HeaderMap, HeaderValue, header};

use super::client_address::{self, TrustedProxies};

/// The host that the client asked: `Host`, or what a trusted proxy says that it was.
///
/// A proxy may let the client's own `X-Forwarded-Host` pass. No page of another origin can send
/// one: that takes a preflight.
pub(super) fn host<'a>(request: &'a Request, trusted_proxies: &TrustedProxies) -> Option<&'a str> {
    let headers = request.headers();
    if client_address::has_trusted_peer(request, trusted_proxies)
        && let Some(line) = last(headers, "x-forwarded-host")
    {
        return nearest(line);
    }
    let mut hosts = headers.get_all(header::HOST).iter();
    match (hosts.next(), hosts.next()) {
        (Some(host), None) => host.to_str().ok(),
        _ => None,
    }
}

/// Whether the client asked by HTTPS: what a trusted proxy says, or how the request came.
pub(super) fn is_https(request: &Request, trusted_proxies: &TrustedProxies) -> bool {
    if client_address::has_trusted_peer(request, trusted_proxies)
        && let Some(line) = last(request.headers(), "x-forwarded-proto")
    {
        return nearest(line).is_some_and(|scheme| scheme.eq_ignore_ascii_case("https"));
    }
    *request.scheme() == Scheme::HTTPS
}

/// The last line of that header.
fn last<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a HeaderValue> {
    headers.get_all(name).iter().next_back()
}

/// What the nearest proxy wrote: what stands before the last comma was not written by it.
fn nearest(line: &HeaderValue) -> Option<&str> {
    line.to_str().ok()?.rsplit(',').next().map(str::trim)
}
