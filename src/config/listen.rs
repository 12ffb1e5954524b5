//! Where the service listens, and how it is spoken to there.

use std::net::SocketAddr;

use crate::http::{ListenAddress, Tls, TlsError, TlsFiles};

use super::Purpose;
use super::vars::Vars;

/// The settings of the public listener; the admin listener shares all but the address.
#[derive(Debug, Clone)]
pub struct ListenSettings {
    /// Where it is.
    pub address: ListenAddress,
    /// Who may connect to Unix sockets.
    pub socket_mode: u32,
    /// What is shown to whoever connects by TCP, if HTTPS is spoken.
    pub tls: Option<Tls>,
}

/// What is set for it.
pub(super) fn read(vars: &mut Vars, purpose: Purpose) -> ListenSettings {
    ListenSettings {
        address: address(vars, "LISTEN_ADDR", 8000),
        socket_mode: socket_mode(vars),
        tls: tls(vars, purpose),
    }
}

/// An address and a port, or a Unix socket; by default that port of this machine alone.
pub(super) fn address(vars: &mut Vars, name: &'static str, port: u16) -> ListenAddress {
    let default = ListenAddress::Tcp(SocketAddr::from(([127, 0, 0, 1], port)));
    let Some(address) = vars.optional(name) else {
        return default;
    };
    address.trim().parse().unwrap_or_else(|error| {
        let what = format!(
            "{error}, such as 127.0.0.1:{port}, 0.0.0.0:{port}, [::]:{port} or unix:/run/remint.sock"
        );
        vars.problem(name, what);
        default
    })
}

/// Who may connect to Unix sockets, as `chmod` writes it.
fn socket_mode(vars: &mut Vars) -> u32 {
    const NAME: &str = "LISTEN_SOCKET_MODE";
    let mode = vars.text(NAME, "660");
    match u32::from_str_radix(mode.trim(), 8) {
        Ok(mode) if mode <= 0o777 => mode,
        _ => {
            vars.problem(NAME, "expected three octal digits, such as 660 or 666");
            0o660
        }
    }
}

/// What is in the files, if they are named; not where it is not needed, since not everybody who
/// may change a database may read the key.
fn tls(vars: &mut Vars, purpose: Purpose) -> Option<Tls> {
    const CERTIFICATE: &str = "TLS_CERT";
    const KEY: &str = "TLS_KEY";
    let (certificate, key) = match (vars.optional(CERTIFICATE), vars.optional(KEY)) {
        (Some(certificate), Some(key)) => (certificate.into(), key.into()),
        (Some(_), None) => {
            vars.problem(KEY, "required where TLS_CERT is set");
            return None;
        }
        (None, Some(_)) => {
            vars.problem(CERTIFICATE, "required where TLS_KEY is set");
            return None;
        }
        (None, None) => return None,
    };
    if purpose == Purpose::Database {
        return None;
    }
    match Tls::open(TlsFiles { certificate, key }) {
        Ok(tls) => Some(tls),
        Err(error) => {
            let name = match error {
                TlsError::CertificateUnreadable(..) | TlsError::NoCertificate => CERTIFICATE,
                TlsError::KeyUnreadable(..) | TlsError::Mismatch | TlsError::NoKey => KEY,
            };
            vars.problem(name, error);
            None
        }
    }
}
