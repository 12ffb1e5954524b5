//! The span of a request, see [`trace`].

use poem::Request;
use poem::http::StatusCode;
use poem::http::uri::Authority;
use tracing::Span;

use crate::domain::ClientAddress;
use crate::trace::{self, Incoming, Outcome};

use super::allowed_methods::AllowedMethods;
use super::audit::Audit;
use super::client_address::TrustedProxies;
use super::own_address;

/// Asked every few seconds, by whoever follows nothing.
const PROBES: [&str; 3] = ["/healthz", "/metrics", "/readyz"];

/// The methods whose names may be shown; anything else could be one.
const METHODS: [&str; 9] = [
    "CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE",
];

/// The longest name that a host can have, with its port.
const MOST_HOST: usize = 255;

/// The span of that request; none where nobody wants one.
pub(super) fn span(
    request: &Request,
    client: Option<ClientAddress>,
    addresses: &AllowedMethods,
    trusted_proxies: &TrustedProxies,
) -> Span {
    let path = request.uri().path();
    if !trace::is_on() || PROBES.contains(&path) {
        return Span::none();
    }
    let method = request.method().as_str();
    let host = own_address::host(request, trusted_proxies);
    let host = host.filter(|host| host.len() <= MOST_HOST);
    let host = host.and_then(|host| host.parse::<Authority>().ok());
    let route = addresses.route(path);
    let is_https = own_address::is_https(request, trusted_proxies);
    let incoming = Incoming {
        method: METHODS.contains(&method).then_some(method),
        route,
        // Any other address may have a token in it.
        path: route.filter(|route| *route == path),
        scheme: if is_https { "https" } else { "http" },
        server: host.as_ref().map(|host| (host.host(), host.port_u16())),
        client: client.map(|client| client.to_string()),
    };
    trace::request(&incoming, request.headers())
}

/// Notes what came of the request.
pub(super) fn answered(span: &Span, request_id: &str, status: StatusCode, audit: &Audit) {
    let outcome = Outcome {
        status: status.as_u16(),
        contract: audit.contract,
        outcome: audit.outcome,
        reason: &audit.reason,
        request_id,
    };
    trace::answered(span, &outcome);
}
