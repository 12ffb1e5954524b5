//! A proxy on the same machine, which comes by a Unix socket.

use serde_json::Value;

use super::{client, refresh};
use crate::harness::process::Place;
use crate::harness::proxy::Kind;

/// What the audit log has of a refresh that came through such a proxy.
fn event(kind: Kind, prefix: &str, trusted: &str) -> Option<Value> {
    let place = Place::new()
        .with("LISTEN_ADDR", "unix:remint.sock")
        .with("TRUSTED_PROXIES", trusted);
    let mut service = place.serve();
    let socket = place.path().join("remint.sock");
    let proxy = kind.before(&[format!("{prefix}{}", socket.display())])?;

    let (status, body) = refresh(&client(true), proxy.address, "x").unwrap();

    assert_eq!(status, 401, "{body}");
    Some(serde_json::from_str(&service.line_with("remint::audit")).unwrap())
}

#[test]
fn nginx_and_haproxy_reach_the_service_and_name_the_client_if_they_are_trusted() {
    for (kind, prefix) in [(Kind::Nginx, "unix:"), (Kind::HaProxy, "unix@")] {
        for (trusted, client) in [("unix", "127.0.0.1"), ("", "unix")] {
            let Some(event) = event(kind, prefix, trusted) else {
                return;
            };
            assert_eq!(event["client"], client, "{kind:?}");
        }
    }
}
