//! The end of the process, asked for by a signal.

use std::net::TcpStream;
use std::time::{Duration, Instant};

use super::{BODY, GOOD, refresh, whole_refresh};
use crate::harness::process::{Place, Service};
use crate::harness::wire::Wire;

/// What a load balancer asks.
const READY: &str = "GET /readyz HTTP/1.1\r\nHost: remint\r\n\r\n";

/// A refresh that the service has begun to work on and cannot finish yet.
fn begin_refresh(service: &Service) -> Wire {
    let mut wire = Wire::to(service);
    let length = BODY.len();
    // The interim answer is sent when the handler asks for the body.
    wire.send(refresh(&format!(
        "Content-Length: {length}\r\nExpect: 100-continue\r\n"
    )));
    assert_eq!(wire.answer().status(), 100);
    wire
}

#[test]
fn what_is_in_flight_finishes_and_the_exit_code_is_0() {
    let place = Place::new();
    let mut service = place.serve();
    let mut wire = begin_refresh(&service);

    service.signal("TERM");
    service.line_with("stopping");
    assert!(!wire.closes_within(Duration::from_millis(500)));
    wire.send(BODY);

    let answer = wire.answer();
    assert_eq!(answer.status(), 401);
    assert_eq!(answer.header("connection"), Some("close"));
    assert_eq!(service.end().code(), Some(0));
}

#[test]
fn while_it_stops_nobody_else_can_connect() {
    let place = Place::new();
    let mut service = place.serve();
    let _wire = begin_refresh(&service);

    service.signal("INT");
    service.line_with("stopping");

    // Who connects between that line and the end of the listener is closed with it, which is long
    // before the request in flight runs into its deadline.
    if let Ok(stream) = TcpStream::connect(service.address()) {
        assert!(Wire::over(stream).closes_within(Duration::from_secs(5)));
    }
    TcpStream::connect(service.address()).unwrap_err();
}

#[test]
fn for_the_delay_only_readyz_says_that_it_stops() {
    let place = Place::new().with("SHUTDOWN_DELAY_SECONDS", "5");
    let mut service = place.serve();
    let mut used = Wire::to(&service);
    assert_eq!(used.send(READY).answer().status(), 200);

    let began = Instant::now();
    service.signal("TERM");
    service.line_with("the listeners stay open for another 5s");

    let mut fresh = Wire::to(&service);
    assert_eq!(fresh.send(READY).answer().status(), 503);
    assert_eq!(used.send(whole_refresh()).answer().status(), 401);
    assert_eq!(service.end().code(), Some(0));
    assert!(began.elapsed() >= Duration::from_secs(5));
}

#[test]
fn a_second_signal_ends_the_delay_as_well() {
    let place = Place::new().with("SHUTDOWN_DELAY_SECONDS", "600");
    let mut service = place.serve();

    service.signal("TERM");
    service.line_with("the listeners stay open");
    service.signal("TERM");

    assert_eq!(service.end().code(), Some(1));
}

#[test]
fn a_request_that_is_on_its_way_is_answered_and_is_the_last_of_its_connection() {
    let place = Place::new();
    let mut service = place.serve();
    let (mut used, mut fresh) = (Wire::to(&service), Wire::to(&service));
    assert_eq!(used.send(GOOD).answer().status(), 200);

    service.signal("TERM");
    service.line_with("stopping");
    for wire in [&mut used, &mut fresh] {
        let answer = wire.send(GOOD).answer();
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.header("connection"), Some("close"));
        assert_eq!(wire.rest(), "");
    }

    assert_eq!(service.end().code(), Some(0));
}

#[test]
fn while_the_listeners_stay_open_each_answer_is_the_last_of_its_connection() {
    let place = Place::new().with("SHUTDOWN_DELAY_SECONDS", "600");
    let mut service = place.serve();
    let mut used = Wire::to(&service);
    assert_eq!(used.send(GOOD).answer().status(), 200);

    service.signal("TERM");
    service.line_with("stopping");

    for mut wire in [used, Wire::to(&service)] {
        assert_eq!(wire.send(GOOD).answer().header("connection"), Some("close"));
        assert_eq!(wire.rest(), "");
    }
}

#[test]
fn idle_connections_do_not_hold_it_up() {
    let place = Place::new();
    let mut service = place.serve();
    let (mut used, mut fresh) = (Wire::to(&service), Wire::to(&service));
    assert_eq!(used.send(GOOD).answer().status(), 200);

    let began = Instant::now();
    service.signal("TERM");

    assert_eq!(service.end().code(), Some(0));
    assert!(began.elapsed() < Duration::from_secs(10));
    assert_eq!((used.rest(), fresh.rest()), (String::new(), String::new()));
}

#[test]
fn what_does_not_finish_in_time_is_cut() {
    let place = Place::new().with("SHUTDOWN_TIMEOUT_SECONDS", "1");
    let mut service = place.serve();
    let _wire = begin_refresh(&service);

    let began = Instant::now();
    service.signal("TERM");
    service.line_with("were cut");

    assert_eq!(service.end().code(), Some(0));
    assert!(began.elapsed() < Duration::from_secs(8));
}

#[test]
fn a_second_signal_ends_it_at_once() {
    for (first, second) in [("TERM", "TERM"), ("INT", "TERM"), ("TERM", "INT")] {
        let place = Place::new();
        let mut service = place.serve();
        let _wire = begin_refresh(&service);

        let began = Instant::now();
        service.signal(first);
        service.line_with("stopping");
        service.signal(second);

        assert_eq!(service.end().code(), Some(1));
        assert!(began.elapsed() < Duration::from_secs(8));
    }
}
