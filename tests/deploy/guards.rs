//! Proxies that ask remint before a request reaches the backend, with the very files that people copy.

use std::io::{Read as _, Write as _, stderr};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::process::Command;
use std::{fs, thread};

use serde_json::Value;

use super::{file, get, path};
use crate::cli::place_with_users;
use crate::harness::process::{PATIENCE, Place, Service};
use crate::harness::proxy::{Kind, Proxy};

/// A backend that answers each request with its head, in lower case.
fn echo() -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut head = Vec::new();
            let mut byte = [0];
            while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).unwrap() > 0 {
                head.push(byte[0].to_ascii_lowercase());
            }
            let length = head.len();
            let answer =
                format!("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {length}");
            stream.write_all(answer.as_bytes()).unwrap();
            stream.write_all(b"\r\n\r\n").unwrap();
            // A proxy that only looks whether it is there does not wait for the end.
            stream.write_all(&head).ok();
        }
    });
    address
}

/// remint with alice, who is active, and a proxy before it and the backend.
struct Site {
    place: Place,
    service: Service,
    proxy: Proxy,
    token: String,
}

impl Site {
    /// Where the file has the default addresses, those of this site are put.
    fn new(kind: Kind, name: &str) -> Option<Self> {
        let place = place_with_users()
            .with("TRUSTED_PROXIES", "127.0.0.1")
            .with("RATE_LIMIT_PER_MINUTE", "0");
        let service = place.serve();
        let (remint, backend) = (service.address().to_string(), echo().to_string());
        let folder = path(name).parent().unwrap().display().to_string();
        let proxy = kind.with(|port| {
            file(name)
                .replace("BIND-127.0.0.1:8080", &format!("BIND-127.0.0.1:{port}"))
                .replace("listen 80;", &format!("listen 127.0.0.1:{port};"))
                .replace("\n:80 {", &format!("\nhttp://127.0.0.1:{port} {{"))
                .replace("lua-load ", &format!("lua-load {folder}/"))
                // What another file of nginx may have switched on.
                .replace("upstream remint {", "underscores_in_headers on; upstream remint {")
                .replace("127.0.0.1:8000", &remint)
                .replace("127.0.0.1:8080", &backend)
        })?;
        let token = place.run(&["token", "--sub", "alice"]);
        Some(Self {
            token: token.only_line().to_owned(),
            place,
            service,
            proxy,
        })
    }

    fn get(&self, path: &str, token: &str) -> (u16, String) {
        get(self.proxy.address, path, token)
    }

    /// Status and answer for a path in the very letters that it has here.
    fn get_as_spelt(&self, path: &str, token: Option<&str>) -> (u16, String) {
        let address = self.proxy.address;
        let token = token.map(|token| format!("Authorization: Bearer {token}\r\n"));
        let token = token.unwrap_or_default();
        let head =
            format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n{token}\r\n");
        let mut stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        // In one piece, since a proxy may refuse it before its end.
        stream.write_all(head.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let status = answer.split(' ').nth(1).unwrap();
        (status.parse().unwrap(), answer)
    }
}

const GUARDED: &str = "/api/reports/today";

/// What one backend or another takes for something that is guarded.
const SPELLINGS: [&str; 25] = [
    "/api/reports",
    "/api/reports?day=today",
    "/api//reports/today",
    "//api/reports/today",
    "//api/reports/%zz",
    "/API/Reports/today",
    "/api/%72eports/today",
    "/api/%2572eports/today",
    "/api%2Freports/today",
    "/api/reports%2ftoday",
    "/api\\reports/today",
    "/api%5Creports/today",
    "/api/./reports/today",
    "/x/../api/reports/today",
    "/x/%2E%2e/api/reports/today",
    "/x%2f..%2Fapi/reports/today",
    "/api/reports/../x",
    "/api/reports/..%2fx",
    "/api/reports/%2e%2e",
    "/api/reports;x/today",
    "/api;x/reports/today",
    "/api/reports%3Bx/today",
    "/api/reports#x",
    "/x#/../api/reports/today",
    "/api/re%09ports/today",
];

/// What looks as odd, and leads nowhere else.
const HARMLESS: [&str; 6] = [
    "/",
    "/api/reportsx",
    "/.well-known/a..b/c.d",
    "/a%20b+c%2Fd/caf%C3%A9",
    "/x?y=/../api//reports;z=%25",
    "/x?http://a/../b",
];

fn assert_no_way_round(site: &Site) {
    for path in SPELLINGS {
        for token in [None, Some("garbage")] {
            let (status, seen) = site.get_as_spelt(path, token);
            assert!(matches!(status, 400 | 401), "{path}: {seen}");
        }
        let (status, seen) = site.get_as_spelt(path, Some(&site.token));
        let is_known = seen.contains("\r\nx-auth-subject: alice\r\n");
        assert!(status == 400 || is_known, "{path}: {seen}");
    }
    for path in HARMLESS {
        let (status, seen) = site.get_as_spelt(path, None);
        assert_eq!(status, 200, "{path}: {seen}");
    }
}

/// The addresses that remint answers in the place of the backend.
fn taken_over() -> Vec<String> {
    let document = fs::read_to_string(path("../openapi/openapi.json")).unwrap();
    let document: Value = serde_json::from_str(&document).unwrap();
    let paths = document["paths"].as_object().unwrap().keys();
    let others = ["/healthz", "/readyz", "/api/auth/verify"];
    let documented = paths.filter(|path| !others.contains(&path.as_str()));
    let pages = ["/client.js", "/client.d.ts", "/problems/invalid_token"].map(str::to_owned);
    let paths: Vec<_> = documented.cloned().chain(pages).collect();
    assert!(paths.len() > 8, "{paths:?}");
    paths
}

/// Walks through everything that a proxy with that file promises.
fn assert_guards(kind: Kind, name: &str) {
    let Some(mut site) = Site::new(kind, name) else {
        return;
    };
    assert_eq!(site.get(GUARDED, "garbage").0, 401);
    let (status, seen) = site.get(GUARDED, &site.token);
    assert_eq!(status, 200, "{seen}");
    assert!(seen.contains("\r\nx-auth-subject: alice\r\n"), "{seen}");
    assert!(!seen.contains("mallory"), "{seen}");

    assert_no_way_round(&site);

    let (status, seen) = site.get("/anything/else", &site.token);
    assert_eq!(status, 200, "{seen}");
    assert!(!seen.contains("mallory"), "{seen}");
    for path in taken_over() {
        let (_, seen) = site.get(&path, &site.token);
        assert!(!seen.contains("\r\nhost: "), "{path} went to the backend");
    }

    site.place.run(&["user", "deactivate", "alice"]);
    assert_eq!(site.get(GUARDED, &site.token).0, 401);
    site.place.run(&["user", "activate", "alice"]);
    assert_eq!(site.get(GUARDED, &site.token).0, 200);

    site.service.signal("KILL");
    site.service.end();
    let (status, seen) = site.get(GUARDED, &site.token);
    assert!(matches!(status, 502 | 503), "{status}: {seen}");
}

#[test]
fn nginx_lets_in_whom_remint_knows_and_nobody_while_it_is_away() {
    assert_guards(Kind::Nginx, "nginx/remint.conf");
}

#[test]
fn haproxy_lets_in_whom_remint_knows_and_nobody_while_it_is_away() {
    assert_guards(Kind::HaProxy, "haproxy/forward_auth.cfg");
}

#[test]
fn caddy_lets_in_whom_remint_knows_and_nobody_while_it_is_away() {
    // Unlike the others it is nothing that the tests must have.
    if Command::new("caddy").arg("version").output().is_err() {
        let notice = b"left out: Caddy before the service, it is not installed\n";
        stderr().write_all(notice).unwrap();
        return;
    }
    assert_guards(Kind::Caddy, "caddy/Caddyfile");
}
