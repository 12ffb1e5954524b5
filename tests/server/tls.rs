//! HTTPS, where a certificate is set.

use std::fs;
use std::net::{SocketAddr, TcpStream};
use std::process::Command;
use std::time::{Duration, Instant};

use rustls::version::{TLS12, TLS13};

use super::{BODY, GOOD, refresh};
use crate::harness::ADMIN;
use crate::harness::authority::{Authority, Signed};
use crate::harness::process::{Place, Service};
use crate::harness::wire::{Tls, Wire};

/// A year in which no test runs.
const LATER: i32 = 2100;

/// Where HTTPS is spoken, with a certificate of that authority.
fn place(authority: &Authority) -> Place {
    let place = Place::new()
        .with("TLS_CERT", "cert.pem")
        .with("TLS_KEY", "key.pem");
    authority.sign(LATER).write_to(place.path());
    place
}

fn connect(authority: &Authority, address: SocketAddr) -> Wire<Tls> {
    let stream = TcpStream::connect(address).unwrap();
    Wire::within_tls(stream, authority.client(&[&TLS13]))
}

/// The certificate that whoever connects now is shown.
fn shown(authority: &Authority, service: &Service) -> Vec<u8> {
    let mut wire = connect(authority, service.address());
    assert_eq!(wire.send(GOOD).answer().status(), 200);
    wire.connection().peer_certificates().unwrap()[0].to_vec()
}

#[test]
fn both_listeners_speak_https_in_its_two_versions() {
    let authority = Authority::new();
    let place = place(&authority).with(ADMIN.0, ADMIN.1);
    let service = place.serve();

    for address in [service.address(), service.admin_address()] {
        for version in [&TLS12, &TLS13] {
            let mut config = authority.client(&[version]);
            config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
            let mut wire = Wire::within_tls(TcpStream::connect(address).unwrap(), config);

            assert_eq!(wire.send(GOOD).answer().status(), 200);
            assert_eq!(wire.send(GOOD).answer().status(), 200);
            let agreed = wire.connection().alpn_protocol();
            assert_eq!(agreed, Some(&b"http/1.1"[..]));
        }
    }
    assert!(service.logged("listening;").contains("https://127.0.0.1:"));
}

#[test]
fn curl_is_served_and_plain_http_is_not() {
    let authority = Authority::new();
    let place = place(&authority);
    let service = place.serve();
    fs::write(place.path().join("ca.pem"), authority.pem()).unwrap();
    let curl = |arguments: &[&str], scheme| {
        let url = format!("{scheme}://{}/healthz", service.address());
        let mut curl = Command::new("curl");
        curl.current_dir(place.path()).args(["-sS", "-m", "20"]);
        let output = curl.args(arguments).arg(url).output().unwrap();
        output.status.success()
    };

    assert!(curl(&["--cacert", "ca.pem"], "https"));
    assert!(!curl(&["--cacert", "ca.pem", "--tls-max", "1.1"], "https"));
    assert!(!curl(&[], "https"));
    assert!(!curl(&[], "http"));
}

#[test]
fn who_says_nothing_instead_of_shaking_hands_is_cut_off() {
    let authority = Authority::new();
    let place = place(&authority)
        .with("MAX_CONNECTIONS", "1")
        .with("REQUEST_HEAD_TIMEOUT_SECONDS", "1");
    let service = place.serve();
    let began = Instant::now();
    let mut silent = Wire::to(&service);

    let mut other = connect(&authority, service.address());
    assert_eq!(other.send(GOOD).answer().status(), 200);

    assert_eq!(silent.rest(), "");
    assert!(began.elapsed() < Duration::from_secs(8));
    // The deadline of heads holds within TLS as well.
    other.send("GET /heal");
    assert_eq!(other.rest(), "");
}

#[test]
fn after_sighup_the_new_certificate_is_shown_and_connections_go_on() {
    let authority = Authority::new();
    let place = place(&authority);
    let mut service = place.serve();
    let before = shown(&authority, &service);
    let mut old = connect(&authority, service.address());
    assert_eq!(old.send(GOOD).answer().status(), 200);

    authority.sign(LATER + 1).write_to(place.path());
    service.signal("HUP");
    let line = service.line_with("the certificate was read again");

    assert!(line.contains("2101-01-01"), "{line}");
    assert_ne!(shown(&authority, &service), before);
    assert_eq!(old.send(GOOD).answer().status(), 200);
}

#[test]
fn after_sighup_files_that_do_not_fit_change_nothing() {
    let authority = Authority::new();
    let place = place(&authority);
    let mut service = place.serve();
    let before = shown(&authority, &service);

    for (file, text, why) in [
        ("key.pem", authority.sign(LATER).key, "is another"),
        ("key.pem", "garbage".to_owned(), "no private key"),
        ("cert.pem", String::new(), "no certificate"),
    ] {
        fs::write(place.path().join(file), text).unwrap();
        service.signal("HUP");
        let line = service.line_with("the certificate stays the one before");

        assert!(line.contains(why) && line.contains("ERROR"), "{line}");
        assert_eq!(shown(&authority, &service), before);
    }
}

#[test]
fn without_a_certificate_sighup_ends_nothing() {
    let place = Place::new();
    let mut service = place.serve();

    service.signal("HUP");
    service.line_with("SIGHUP: nothing to read again");

    assert_eq!(Wire::to(&service).send(GOOD).answer().status(), 200);
}

#[test]
fn it_counts_as_https_wherever_that_matters() {
    let authority = Authority::new();
    let place = place(&authority);
    let service = place.serve();
    let mut wire = connect(&authority, service.address());
    let mut page = |origin: &str| {
        let lines = format!("Cookie: refresh_token=x\r\nOrigin: {origin}\r\n");
        wire.send(refresh(&lines)).answer().status()
    };

    assert_eq!(page("https://remint"), 401);
    assert_eq!(page("http://remint"), 403);
    let metadata = "GET /.well-known/oauth-authorization-server HTTP/1.1\r\nHost: remint\r\n\r\n";
    let answer = wire.send(metadata).answer();
    let issuer = r#""issuer":"https://remint""#;
    assert!(answer.body.contains(issuer), "{answer:?}");
}

#[test]
fn a_stop_lets_what_is_in_flight_finish() {
    let authority = Authority::new();
    let place = place(&authority);
    let mut service = place.serve();
    let mut wire = connect(&authority, service.address());
    let length = BODY.len();
    wire.send(refresh(&format!(
        "Content-Length: {length}\r\nExpect: 100-continue\r\n"
    )));
    assert_eq!(wire.answer().status(), 100);

    service.signal("TERM");
    service.line_with("stopping");
    let answer = wire.send(BODY).answer();

    assert_eq!(answer.header("connection"), Some("close"));
    assert_eq!((answer.status(), wire.rest()), (401, String::new()));
    assert_eq!(service.end().code(), Some(0));
}

/// What `serve` says of such files.
fn complaint(certificate: Option<&str>, key: Option<&str>) -> String {
    let place = Place::new();
    let files = [("TLS_CERT", certificate), ("TLS_KEY", key)];
    let place = files.into_iter().fold(place, |place, (name, text)| {
        let Some(text) = text else { return place };
        fs::write(place.path().join(name), text).unwrap();
        place.with(name, name)
    });
    let output = place.run(&["serve"]);
    assert_eq!(output.code, Some(1), "{output:?}");
    output.stderr
}

#[test]
fn files_that_cannot_be_used_stop_the_start() {
    let authority = Authority::new();
    let Signed { certificate, key } = authority.sign(LATER);
    let (good, own) = (Some(certificate.as_str()), Some(key.as_str()));
    let other = authority.sign(LATER).key;

    for (certificate, key, why) in [
        (good, None, "TLS_KEY: required where TLS_CERT is set"),
        (None, own, "TLS_CERT: required where TLS_KEY is set"),
        (own, own, "TLS_CERT: there is no certificate in the file"),
        (good, good, "TLS_KEY: there is no private key in the file"),
        (good, Some(&other), "TLS_KEY: the private key is another"),
    ] {
        let said = complaint(certificate, key);
        assert!(said.contains(why), "{said}");
    }
    let nowhere = Place::new().with("TLS_CERT", "a").with("TLS_KEY", "b");
    let said = nowhere.run(&["serve"]).stderr;
    assert!(
        said.contains("TLS_CERT: the file a could not be read"),
        "{said}"
    );
}

#[test]
fn a_certificate_that_ran_out_and_a_key_for_everybody_are_warnings() {
    use std::os::unix::fs::PermissionsExt as _;

    let authority = Authority::new();
    let place = place(&authority);
    authority.sign(2020).write_to(place.path());
    let everybody = fs::Permissions::from_mode(0o644);
    fs::set_permissions(place.path().join("key.pem"), everybody).unwrap();
    let service = place.serve();

    let line = service.logged("TLS_CERT: the certificate ran out at 2020-01-01");
    assert!(line.contains("WARN"), "{line}");
    assert!(service.logged("chmod o= changes that").contains("WARN"));
}
