//! HTTP as bytes on a socket, right or wrong.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, StreamOwned};

use super::process::{PATIENCE, Service};

/// A connection within TLS.
pub(crate) type Tls = StreamOwned<ClientConnection, TcpStream>;

/// Requests as bytes, and what comes back; no read waits for ever.
pub(crate) struct Wire<S = TcpStream>(S);

impl Wire {
    pub(crate) fn to(service: &Service) -> Self {
        Self::over(TcpStream::connect(service.address()).unwrap())
    }

    pub(crate) fn over(stream: TcpStream) -> Self {
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        // What is sent apart shall arrive apart.
        stream.set_nodelay(true).unwrap();
        Self(stream)
    }

    /// Whether anything at all comes within that time; leaves it where it is.
    pub(crate) fn has_answer_within(&mut self, time: Duration) -> bool {
        self.0.set_read_timeout(Some(time)).unwrap();
        let peeked = self.0.peek(&mut [0]);
        self.0.set_read_timeout(Some(PATIENCE)).unwrap();
        peeked.is_ok()
    }

    /// Whether the service closes the connection within that time, saying nothing.
    pub(crate) fn closes_within(&mut self, time: Duration) -> bool {
        self.0.set_read_timeout(Some(time)).unwrap();
        let read = self.0.read(&mut [0]);
        self.0.set_read_timeout(Some(PATIENCE)).unwrap();
        match read {
            Ok(read) => {
                assert_eq!(read, 0, "an answer came");
                true
            }
            Err(error) => error.kind() == ErrorKind::ConnectionReset,
        }
    }
}

impl Wire<UnixStream> {
    pub(crate) fn to_socket(path: &Path) -> Self {
        let stream = UnixStream::connect(path).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        Self(stream)
    }
}

impl Wire<Tls> {
    /// The same within TLS, for whoever believes in what `config` says.
    pub(crate) fn within_tls(stream: TcpStream, config: ClientConfig) -> Self {
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let name = ServerName::try_from("localhost").unwrap();
        let connection = ClientConnection::new(Arc::new(config), name).unwrap();
        Self(StreamOwned::new(connection, stream))
    }

    /// What was agreed on.
    pub(crate) fn connection(&self) -> &ClientConnection {
        &self.0.conn
    }
}

impl<S: Read + Write> Wire<S> {
    pub(crate) fn send(&mut self, bytes: impl AsRef<[u8]>) -> &mut Self {
        self.0.write_all(bytes.as_ref()).unwrap();
        self
    }

    /// The next answer; its body is as long as its head says.
    pub(crate) fn answer(&mut self) -> WireAnswer {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            let mut byte = [0];
            let read = self.0.read_exact(&mut byte);
            read.unwrap_or_else(|error| panic!("{error} after {head:?}"));
            head.push(char::from(byte[0]));
        }
        let mut answer = WireAnswer {
            head,
            body: String::new(),
        };
        let length = answer
            .header("content-length")
            .map_or(0, |length| length.parse().unwrap());
        let mut body = vec![0; length];
        self.0.read_exact(&mut body).unwrap();
        answer.body = String::from_utf8(body).unwrap();
        answer
    }

    /// Everything until the service closes the connection.
    pub(crate) fn rest(&mut self) -> String {
        let mut rest = Vec::new();
        match self.0.read_to_end(&mut rest) {
            Ok(_) => {}
            // What the service left unread makes the kernel close so, after all that it sent.
            Err(error) if error.kind() == ErrorKind::ConnectionReset => {}
            // Within TLS, of whom one has given up.
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => {}
            Err(error) => panic!("still open: {error}"),
        }
        String::from_utf8(rest).unwrap()
    }
}

/// An answer as it came over the wire.
#[derive(Debug)]
pub(crate) struct WireAnswer {
    pub(crate) head: String,
    pub(crate) body: String,
}

impl WireAnswer {
    pub(crate) fn status(&self) -> u16 {
        self.head.split(' ').nth(1).unwrap().parse().unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (found, value) = line.split_once(": ")?;
            found.eq_ignore_ascii_case(name).then_some(value)
        })
    }
}
