//! The real binary on real sockets: what no test in process can see.

mod admin;
mod deadlines;
mod framing;
mod load;
mod log;
mod overload;
mod shutdown;
mod start;
mod tls;
mod unix;

use std::net::{SocketAddr, TcpStream};

use crate::harness::process::Service;
use crate::harness::wire::{Wire, WireAnswer};

/// A request that is answered 200.
const GOOD: &str = "GET /healthz HTTP/1.1\r\nHost: remint\r\n\r\n";

/// The body of a refresh that is answered 401.
const BODY: &str = r#"{"token": "x"}"#;

/// The head of a refresh, with these lines in it.
fn refresh(lines: &str) -> String {
    format!("POST /api/auth/refresh HTTP/1.1\r\nHost: remint\r\n{lines}\r\n")
}

/// A refresh in one piece.
fn whole_refresh() -> String {
    refresh(&format!("Content-Length: {}\r\n", BODY.len())) + BODY
}

/// The answer to a refresh with that body.
pub(crate) fn post_refresh(service: &Service, body: &str) -> WireAnswer {
    post_refresh_to(service.address(), body)
}

/// The same of the service at that address.
pub(crate) fn post_refresh_to(address: SocketAddr, body: &str) -> WireAnswer {
    let head = refresh(&format!("Content-Length: {}\r\n", body.len()));
    let stream = TcpStream::connect(address).unwrap();
    Wire::over(stream).send(head + body).answer()
}
