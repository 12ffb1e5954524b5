//! `remint health`, before a service at every kind of address.

use std::net::TcpListener;
use std::time::Instant;

use crate::harness::authority::Authority;
use crate::harness::process::{PATIENCE, Place};
use crate::harness::servers::daemon::free_port;

/// Starts the service of that place, and asks it both questions.
fn assert_is_ready(place: &Place) {
    let _service = place.serve();

    assert_eq!(place.run(&["health"]).only_line(), "ready");
    assert_eq!(place.run(&["health", "--live"]).only_line(), "alive");
}

/// A place of a service on a port that is known before it starts.
fn place_on(address: &str) -> Place {
    let port = free_port();
    Place::new().with("LISTEN_ADDR", &format!("{address}:{port}"))
}

#[test]
fn a_service_on_a_port_is_asked_there_whatever_proxies_the_environment_names() {
    let place = place_on("0.0.0.0").with("http_proxy", "http://127.0.0.1:1");

    assert_is_ready(&place);
}

#[test]
fn a_service_with_a_certificate_is_asked_by_https_even_if_that_has_run_out() {
    let place = place_on("127.0.0.1")
        .with("TLS_CERT", "cert.pem")
        .with("TLS_KEY", "key.pem");
    Authority::new().sign(2020).write_to(place.path());

    assert_is_ready(&place);
}

#[test]
fn a_service_on_a_unix_socket_is_asked_there() {
    let place = Place::new().with("LISTEN_ADDR", "unix:remint.sock");

    assert_is_ready(&place);

    let gone = place.run(&["health"]);
    assert_eq!(gone.code, Some(1), "{gone:?}");
    let message = "remint: unix:remint.sock/readyz does not answer: ";
    assert!(gone.stderr.starts_with(message), "{gone:?}");
}

#[test]
fn a_service_that_stops_is_alive_and_not_ready() {
    for address in ["127.0.0.1:0", "unix:remint.sock"] {
        let place = Place::new()
            .with("LISTEN_ADDR", address)
            .with("SHUTDOWN_DELAY_SECONDS", "60");
        let mut service = place.serve();
        let url = match address {
            "127.0.0.1:0" => format!("http://{}/", service.address()),
            socket => socket.to_owned(),
        };
        service.signal("TERM");
        service.line_with("/readyz says no");

        let ready = place.run(&["health", &url]);

        assert_eq!((ready.code, ready.stdout.as_str()), (Some(1), ""));
        assert!(ready.stderr.ends_with("/readyz answers 503\n"), "{ready:?}");
        assert_eq!(place.run(&["health", "--live", &url]).only_line(), "alive");
    }
}

#[test]
fn a_url_needs_no_settings() {
    let service = Place::new().serve();

    let url = format!("http://{}", service.address());
    let output = Place::bare().run(&["health", &url]);

    assert_eq!(output.only_line(), "ready");
}

#[test]
fn who_never_answers_is_given_up() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", silent.local_addr().unwrap());

    let begun = Instant::now();
    let output = Place::bare().run(&["health", "--timeout", "200ms", &url]);

    assert!(begun.elapsed() < PATIENCE);
    assert_eq!(output.code, Some(1));
    let message = format!("remint: {url}/readyz does not answer in time\n");
    assert_eq!(output.stderr, message);
}

#[test]
fn a_port_that_nobody_knows_is_an_error_that_says_what_to_do() {
    let output = Place::new()
        .with("LISTEN_ADDR", "127.0.0.1:0")
        .run(&["health"]);

    assert_eq!(output.code, Some(1));
    assert!(output.stderr.contains("say the URL"), "{output:?}");
}
