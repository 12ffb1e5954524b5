//! Two listeners of one process.

use std::net::TcpStream;
use std::time::Duration;

use super::{GOOD, whole_refresh};
use crate::harness::ADMIN_KEY;
use crate::harness::process::{Place, Service};
use crate::harness::wire::Wire;

const BODY: &str = r#"{"user": "alice", "contract": "cookie"}"#;

fn place() -> Place {
    Place::new().with("ADMIN_API_KEY", ADMIN_KEY)
}

fn admin(service: &Service) -> Wire {
    Wire::over(TcpStream::connect(service.admin_address()).unwrap())
}

/// The head of a login, with these lines in it.
fn login(lines: &str) -> String {
    let length = BODY.len();
    format!(
        "POST /admin/sessions HTTP/1.1\r\nHost: remint\r\nContent-Length: {length}\r\n{lines}\r\n"
    )
}

fn key() -> String {
    format!("Authorization: Bearer {ADMIN_KEY}\r\n")
}

#[test]
fn each_listener_serves_its_own() {
    let place = place();
    place.run(&["user", "add", "a@example.com", "--id", "alice"]);
    let service = place.serve();
    let (mut public, mut admin) = (Wire::to(&service), admin(&service));

    for wire in [&mut public, &mut admin] {
        assert_eq!(wire.send(GOOD).answer().status(), 200);
    }
    let started = admin.send(login(&key()) + BODY).answer();
    assert_eq!(started.status(), 201, "{started:?}");
    assert_eq!(admin.send(login("") + BODY).answer().status(), 401);
    assert_eq!(public.send(login(&key()) + BODY).answer().status(), 404);
    assert_eq!(public.send(whole_refresh()).answer().status(), 401);
}

#[test]
fn one_signal_drains_both() {
    let place = place();
    let mut service = place.serve();
    let mut wire = admin(&service);
    // The interim answer is sent when the handler asks for the body.
    wire.send(login(&(key() + "Expect: 100-continue\r\n")));
    assert_eq!(wire.answer().status(), 100);
    let idle = Wire::to(&service);

    service.signal("TERM");
    service.line_with("stopping");
    assert!(!wire.closes_within(Duration::from_millis(500)));
    wire.send(BODY);

    let answer = wire.answer();
    assert_eq!(answer.status(), 404, "{answer:?}");
    assert_eq!(answer.header("connection"), Some("close"));
    assert_eq!(service.end().code(), Some(0));
    TcpStream::connect(service.admin_address()).unwrap_err();
    drop(idle);
}

#[test]
fn without_a_key_the_log_says_how_to_switch_it_on() {
    let place = Place::new();
    let service = place.serve();

    let line = service.logged("the admin listener is off");

    assert!(
        line.contains("ADMIN_API_KEY") && line.contains("INFO"),
        "{line}"
    );
}

#[test]
fn an_address_that_is_taken_is_an_error_that_names_the_setting() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let place = place()
        .with("ADMIN_LISTEN_ADDR", &address)
        .with("LISTEN_ADDR", "127.0.0.1:0");

    let output = place.run(&["serve"]);

    assert_eq!(output.code, Some(1));
    let message = format!("remint: cannot listen on {address} (ADMIN_LISTEN_ADDR): ");
    assert!(output.stderr.contains(&message), "{output:?}");
}
