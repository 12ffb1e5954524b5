//! Unix sockets in the place of ports.

use std::fs;
use std::os::unix::fs::{FileTypeExt as _, PermissionsExt as _};
use std::os::unix::net::UnixListener;
use std::path::PathBuf;

use serde_json::Value;

use super::{GOOD, whole_refresh};
use crate::harness::ADMIN;
use crate::harness::process::{Place, Service};
use crate::harness::wire::Wire;

const SOCKET: &str = "remint.sock";

fn place() -> Place {
    Place::new().with("LISTEN_ADDR", "unix:remint.sock")
}

fn socket(place: &Place) -> PathBuf {
    place.path().join(SOCKET)
}

fn mode(place: &Place) -> u32 {
    let file = fs::symlink_metadata(socket(place)).unwrap();
    assert!(file.file_type().is_socket());
    file.permissions().mode() & 0o777
}

/// The last line of the audit log.
fn event(service: &mut Service) -> Value {
    serde_json::from_str(&service.line_with("remint::audit")).unwrap()
}

#[test]
fn both_listeners_can_be_unix_sockets_and_take_them_along_when_they_end() {
    let place = place()
        .with("ADMIN_LISTEN_ADDR", "unix:admin.sock")
        .with(ADMIN.0, ADMIN.1);
    let mut service = place.serve();

    for name in [SOCKET, "admin.sock"] {
        let mut wire = Wire::to_socket(&place.path().join(name));
        assert_eq!(wire.send(GOOD).answer().status(), 200);
    }
    assert!(
        service
            .logged("listening; /docs")
            .contains("unix:remint.sock")
    );
    service.signal("TERM");

    assert_eq!(service.end().code(), Some(0));
    let left = place.files();
    assert!(!left.concat().contains("sock"), "{left:?}");
}

#[test]
fn only_owner_and_group_may_connect_unless_the_setting_says_otherwise() {
    let first = place();
    let service = first.serve_after("umask 0");
    assert_eq!(mode(&first), 0o660);
    drop(service);

    let second = place().with("LISTEN_SOCKET_MODE", "606");
    let _service = second.serve_after("umask 077");
    assert_eq!(mode(&second), 0o606);
}

#[test]
fn what_a_killed_process_has_left_is_replaced() {
    let place = place();
    drop(place.serve());
    assert!(socket(&place).exists());

    let _service = place.serve();

    let mut wire = Wire::to_socket(&socket(&place));
    assert_eq!(wire.send(GOOD).answer().status(), 200);
}

#[test]
fn what_is_in_use_or_no_socket_stays() {
    let place = place();
    let taken = UnixListener::bind(socket(&place)).unwrap();
    let output = place.run(&["serve"]);
    let message = "cannot listen on unix:remint.sock (LISTEN_ADDR): another process listens on it";
    assert!(output.stderr.contains(message), "{output:?}");
    assert!(socket(&place).exists());
    drop(taken);

    fs::remove_file(socket(&place)).unwrap();
    fs::write(socket(&place), "precious").unwrap();
    let output = place.run(&["serve"]);
    assert!(output.stderr.contains("which is no socket"), "{output:?}");
    assert_eq!(fs::read_to_string(socket(&place)).unwrap(), "precious");
}

#[test]
fn a_socket_that_another_has_put_there_meanwhile_stays() {
    let place = place();
    let mut service = place.serve();
    fs::remove_file(socket(&place)).unwrap();
    let _other = UnixListener::bind(socket(&place)).unwrap();

    service.signal("TERM");

    assert_eq!(service.end().code(), Some(0));
    assert!(socket(&place).exists());
}

#[test]
fn a_client_is_who_a_trusted_proxy_names() {
    let head = "GET /nothing HTTP/1.1\r\nHost: remint\r\nX-Forwarded-For: 203.0.113.9\r\n\r\n";

    for (trusted, client) in [("", "unix"), ("127.0.0.1", "unix"), ("unix", "203.0.113.9")] {
        let place = place().with("TRUSTED_PROXIES", trusted);
        let mut service = place.serve();
        let mut wire = Wire::to_socket(&socket(&place));
        assert_eq!(wire.send(head).answer().status(), 404);

        assert_eq!(event(&mut service)["client"], client, "{trusted}");
    }
}

#[test]
fn those_whom_nobody_names_are_limited_as_one() {
    let place = place().with("RATE_LIMIT_PER_MINUTE", "2");
    let _service = place.serve();
    let try_one = || {
        let mut wire = Wire::to_socket(&socket(&place));
        wire.send(whole_refresh()).answer().status()
    };

    assert_eq!([try_one(), try_one(), try_one()], [401, 401, 429]);
}
