//! Where one request ends and the next begins: what a proxy could see otherwise is refused.

use super::{BODY, GOOD, refresh, whole_refresh};
use crate::harness::process::Place;
use crate::harness::wire::Wire;

/// A refresh with both framings; to who believes the length, `GOOD` is its body.
fn smuggled(lines: &str) -> String {
    refresh(&lines.replace("LENGTH", &(5 + GOOD.len()).to_string())) + "0\r\n\r\n" + GOOD
}

/// Both framings in every order and spelling that is worth a try.
const BOTH_FRAMINGS: [&str; 6] = [
    "Transfer-Encoding: chunked\r\nContent-Length: LENGTH\r\n",
    "Content-Length: LENGTH\r\nTransfer-Encoding: chunked\r\n",
    "content-length: LENGTH\r\nTRANSFER-ENCODING: Chunked\r\n",
    "tRANSFER-eNCODING:chunked\r\ncONTENT-lENGTH:LENGTH\r\n",
    "Content-Length: LENGTH\r\nAccept: */*\r\nTransfer-Encoding: gzip, chunked\r\n",
    "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\nContent-Length: LENGTH\r\n",
];

/// Fails unless the one thing that comes is a 400.
fn assert_refused(wire: &mut Wire, sent: &str) {
    let rest = wire.rest();
    assert!(rest.starts_with("HTTP/1.1 400 "), "{sent:?}: {rest}");
    assert_eq!(rest.matches("HTTP/1.").count(), 1, "{sent:?}: {rest}");
}

#[test]
fn two_framings_at_once_are_refused_and_nothing_of_them_is_executed() {
    let place = Place::new();
    let service = place.serve();

    for lines in BOTH_FRAMINGS {
        let mut wire = Wire::to(&service);
        wire.send(smuggled(lines));
        assert_refused(&mut wire, lines);
    }
}

#[test]
fn two_framings_at_once_are_refused_however_they_are_split() {
    let place = Place::new();
    let service = place.serve();

    for lines in BOTH_FRAMINGS {
        let head = refresh(&lines.replace("LENGTH", "5"));
        let mut wire = Wire::to(&service);
        for byte in head.as_bytes() {
            wire.send([*byte]);
        }
        assert_refused(&mut wire, lines);
    }
}

#[test]
fn two_framings_at_once_are_refused_on_a_connection_that_was_in_use_as_well() {
    let place = Place::new();
    let service = place.serve();

    for lines in BOTH_FRAMINGS {
        let mut wire = Wire::to(&service);
        assert_eq!(wire.send(whole_refresh()).answer().status(), 401);
        wire.send(smuggled(lines));
        assert_refused(&mut wire, lines);
    }
}

#[test]
fn what_stands_before_two_framings_at_once_is_answered() {
    let place = Place::new();
    let service = place.serve();
    let mut wire = Wire::to(&service);

    wire.send(whole_refresh() + &smuggled(BOTH_FRAMINGS[0]));

    let answer = wire.answer();
    assert_eq!(answer.status(), 401, "{answer:?}");
    assert_refused(&mut wire, BOTH_FRAMINGS[0]);
}

#[test]
fn a_chunked_request_is_answered_and_is_the_last_of_its_connection() {
    let place = Place::new();
    let service = place.serve();
    let mut wire = Wire::to(&service);
    let (first, second) = BODY.split_at(6);

    wire.send(refresh("Transfer-Encoding: chunked\r\n"));
    for chunk in [first, second] {
        wire.send(format!("{:x}\r\n{chunk}\r\n", chunk.len()));
    }
    wire.send(format!("0\r\n\r\n{GOOD}"));

    let answer = wire.answer();
    assert_eq!(answer.status(), 401, "{answer:?}");
    assert!(answer.body.contains("invalid_token"), "{answer:?}");
    assert_eq!(answer.header("connection"), Some("close"));
    assert_eq!(wire.rest(), "");
}

#[test]
fn what_is_no_single_length_is_refused() {
    let place = Place::new();
    let service = place.serve();

    for lines in [
        "Content-Length: 14\r\nContent-Length: 15\r\n",
        "Content-Length: 14, 14\r\n",
        "Content-Length: +14\r\n",
        "Content-Length: -14\r\n",
        "Content-Length: 0x0e\r\n",
        "Content-Length:\r\n",
        "Content-Length: 99999999999999999999\r\n",
        "Transfer-Encoding: gzip\r\n",
        "Transfer-Encoding: chunked, identity\r\n",
    ] {
        let mut wire = Wire::to(&service);
        wire.send(refresh(lines) + BODY + GOOD);
        assert_refused(&mut wire, lines);
    }
}

#[test]
fn a_head_that_is_too_large_is_answered_431() {
    let place = Place::new();
    let service = place.serve();
    let large = format!("X-Large: {}\r\n", "a".repeat(17 * 1024));
    let many = "X-One-Of-Many: 1\r\n".repeat(200);

    for lines in [large, many] {
        let mut wire = Wire::to(&service);
        wire.send(refresh(&lines));
        let rest = wire.rest();
        assert!(rest.starts_with("HTTP/1.1 431 "), "{rest}");
    }
}

#[test]
fn a_client_of_http_1_0_is_served() {
    let place = Place::new();
    let service = place.serve();
    let mut wire = Wire::to(&service);

    wire.send("GET /healthz HTTP/1.0\r\n\r\n");

    assert_eq!(wire.answer().status(), 200);
    assert_eq!(wire.rest(), "");
}

#[test]
fn pipelined_requests_are_answered_in_their_order() {
    let place = Place::new();
    let service = place.serve();
    let mut wire = Wire::to(&service);

    wire.send([GOOD, &whole_refresh(), &whole_refresh(), GOOD].concat());

    let statuses: Vec<_> = (0..4).map(|_| wire.answer().status()).collect();
    assert_eq!(statuses, [200, 401, 401, 200]);
}

#[test]
fn the_answer_to_head_has_no_body() {
    let place = Place::new();
    let service = place.serve();
    let mut wire = Wire::to(&service);

    wire.send("HEAD /openapi.json HTTP/1.1\r\nHost: remint\r\nConnection: close\r\n\r\n");

    let rest = wire.rest();
    assert!(rest.starts_with("HTTP/1.1 200 "), "{rest}");
    assert!(rest.ends_with("\r\n\r\n"), "{rest}");
}

#[test]
fn a_body_that_is_far_too_large_is_answered_413() {
    let place = Place::new();
    let service = place.serve();
    let mut wire = Wire::to(&service);

    wire.send(refresh("Content-Length: 1000000\r\n"));
    wire.send("a".repeat(100_000));

    assert_eq!(wire.answer().status(), 413);
}
