//! Nobody holds a connection without using it.

use std::time::{Duration, Instant};

use super::{BODY, GOOD, refresh};
use crate::harness::process::{Place, Service};
use crate::harness::wire::Wire;

/// Less than any default, so that it can only be the deadline under test that has struck.
const SOON: Duration = Duration::from_secs(8);

fn serve(deadline: &str) -> (Place, Service) {
    let place = Place::new().with(deadline, "1");
    let service = place.serve();
    (place, service)
}

/// Fails unless `wire` is closed without a word once a second is over, and not before.
fn assert_closed_after_a_second(wire: &mut Wire, began: Instant) {
    assert_eq!(wire.rest(), "");
    let waited = began.elapsed();
    assert!(
        waited > Duration::from_millis(900) && waited < SOON,
        "{waited:?}"
    );
}

#[test]
fn half_a_head_is_cut_off() {
    let (_place, service) = serve("REQUEST_HEAD_TIMEOUT_SECONDS");
    let mut wire = Wire::to(&service);

    let began = Instant::now();
    wire.send("GET /healthz HTTP/1.1\r\nHost:");

    assert_closed_after_a_second(&mut wire, began);
}

#[test]
fn half_a_head_is_cut_off_on_a_connection_that_was_in_use_as_well() {
    let (_place, service) = serve("REQUEST_HEAD_TIMEOUT_SECONDS");
    let mut wire = Wire::to(&service);
    assert_eq!(wire.send(GOOD).answer().status(), 200);

    let began = Instant::now();
    wire.send("GET /heal");

    assert_closed_after_a_second(&mut wire, began);
}

#[test]
fn a_head_that_drips_in_byte_by_byte_is_cut_off_as_well() {
    let (_place, service) = serve("REQUEST_HEAD_TIMEOUT_SECONDS");
    let mut wire = Wire::to(&service);

    let began = Instant::now();
    wire.send("GET /healthz HTTP/1.1\r\nHost: ");
    while !wire.closes_within(Duration::from_millis(100)) {
        wire.send("a");
        assert!(began.elapsed() < SOON, "it drips for ever");
    }

    assert!(began.elapsed() > Duration::from_millis(900));
}

#[test]
fn half_a_body_is_answered_408_and_cut_off() {
    let (_place, service) = serve("REQUEST_BODY_TIMEOUT_SECONDS");
    let mut wire = Wire::to(&service);

    wire.send(refresh("Content-Length: 99\r\n")).send(BODY);

    let answer = wire.answer();
    assert_eq!(answer.status(), 408);
    assert!(answer.body.contains("request_timeout"), "{answer:?}");
    assert_eq!(wire.rest(), "");
}

#[test]
fn an_idle_connection_is_closed_before_and_after_its_first_request() {
    let (_place, service) = serve("KEEP_ALIVE_SECONDS");
    let began = Instant::now();
    let (mut fresh, mut used) = (Wire::to(&service), Wire::to(&service));

    assert_eq!(used.send(GOOD).answer().status(), 200);

    assert_closed_after_a_second(&mut fresh, began);
    assert_closed_after_a_second(&mut used, began);
}

#[test]
fn the_deadline_of_a_head_does_not_end_an_idle_connection() {
    let place = Place::new()
        .with("REQUEST_HEAD_TIMEOUT_SECONDS", "1")
        .with("KEEP_ALIVE_SECONDS", "60");
    let service = place.serve();
    let mut wire = Wire::to(&service);
    assert_eq!(wire.send(GOOD).answer().status(), 200);

    assert!(!wire.closes_within(Duration::from_millis(1500)));

    assert_eq!(wire.send(GOOD).answer().status(), 200);
}
