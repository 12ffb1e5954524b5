//! The log as it is written.

use serde_json::Value;

use super::{GOOD, whole_refresh};
use crate::harness::process::Place;
use crate::harness::wire::Wire;

/// The client that the audit log names for a request that `203.0.113.9` is said to have sent.
fn client_seen(place: &Place) -> Value {
    let mut service = place.serve();
    let mut wire = Wire::to(&service);
    let head = "GET /nothing HTTP/1.1\r\nHost: remint\r\nX-Forwarded-For: 203.0.113.9\r\n\r\n";
    assert_eq!(wire.send(head).answer().status(), 404);

    let event: Value = serde_json::from_str(&service.line_with("remint::audit")).unwrap();
    event["client"].clone()
}

#[test]
fn only_a_trusted_proxy_may_name_the_client() {
    let place = Place::new();
    assert_eq!(client_seen(&place), "127.0.0.1");

    let place = place.with("TRUSTED_PROXIES", "10.0.0.0/8, 127.0.0.1");
    assert_eq!(client_seen(&place), "203.0.113.9");
}

#[test]
fn probes_are_not_in_the_log_and_refusals_are() {
    let place = Place::new();
    let mut service = place.serve();
    let mut wire = Wire::to(&service);

    assert_eq!(wire.send(GOOD).answer().status(), 200);
    let refused = wire.send(whole_refresh()).answer();

    let event = service.line_with("remint::audit");
    assert!(
        event.contains(refused.header("x-request-id").unwrap()),
        "{event}"
    );
}
