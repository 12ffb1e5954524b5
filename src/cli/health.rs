//! `remint health`: the health check of containers, which have no `curl`.

use std::io::{Read as _, Write as _};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args as ClapArgs;
use tokio::time::timeout;
use ureq::tls::TlsConfig;

use crate::config::{Config, Purpose};
use crate::http::ListenAddress;

use super::settings::Settings;
use super::terminal::{Failure, Outcome, say};

/// What an answer of HTTP begins with, and then its status in three digits.
const STATUS_AFTER: &str = "HTTP/1.1 ";

const STATUS_DIGITS: usize = 3;

#[derive(ClapArgs)]
pub(super) struct Args {
    /// The service, http://…, https://… or unix:PATH, if not the one that the settings describe
    #[arg(value_parser = target)]
    url: Option<Target>,
    /// Ask only whether the process lives (/healthz), not whether it can serve (/readyz)
    #[arg(long)]
    live: bool,
    /// How long it may take to answer
    #[arg(long, value_name = "DURATION", default_value = "5s", value_parser = humantime::parse_duration)]
    timeout: Duration,
}

/// Why no answer came.
type Problem = Box<dyn std::error::Error + Send + Sync>;

/// Where the service is.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Target {
    /// At the URL, without a slash at its end.
    Url(String),
    /// At a Unix socket.
    Socket(PathBuf),
}

impl std::fmt::Display for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Url(url) => f.write_str(url),
            Self::Socket(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

fn target(text: &str) -> Result<Target, &'static str> {
    if let Ok(ListenAddress::Unix(path)) = text.parse() {
        return Ok(Target::Socket(path));
    }
    let is_url = ["http://", "https://"]
        .iter()
        .any(|scheme| text.starts_with(scheme));
    is_url
        .then(|| Target::Url(text.trim_end_matches('/').to_owned()))
        .ok_or("expected an address such as http://127.0.0.1:8000 or unix:/run/remint/remint.sock")
}

pub(super) async fn run(settings: &Settings, args: Args) -> Outcome {
    let target = match args.url {
        Some(target) => target,
        None => configured(&settings.config(Purpose::Tokens)?)?,
    };
    let path = if args.live { "/healthz" } else { "/readyz" };
    let asking = tokio::task::spawn_blocking({
        let target = target.clone();
        move || status(&target, path)
    });
    let silent = |_| format!("{target}{path} does not answer in time");
    let answer = timeout(args.timeout, asking).await.map_err(silent)??;
    match answer.map_err(|why| format!("{target}{path} does not answer: {why}"))? {
        200 => {
            say(if args.live { "alive" } else { "ready" });
            Ok(())
        }
        status => Err(format!("{target}{path} answers {status}").into()),
    }
}

/// The public listener, from this machine.
fn configured(config: &Config) -> Result<Target, Failure> {
    let address = match &config.listen.address {
        address if address.is_any_port() => {
            return Err("with port 0 in LISTEN_ADDR nobody knows where it is: say the URL".into());
        }
        ListenAddress::Unix(path) => return Ok(Target::Socket(path.clone())),
        ListenAddress::Tcp(address) => reachable(*address),
    };
    let scheme = match config.listen.tls {
        Some(_) => "https",
        None => "http",
    };
    Ok(Target::Url(format!("{scheme}://{address}")))
}

/// Where to connect to what listens at all addresses.
fn reachable(mut address: SocketAddr) -> SocketAddr {
    match address.ip() {
        IpAddr::V4(Ipv4Addr::UNSPECIFIED) => address.set_ip(Ipv4Addr::LOCALHOST.into()),
        IpAddr::V6(Ipv6Addr::UNSPECIFIED) => address.set_ip(Ipv6Addr::LOCALHOST.into()),
        IpAddr::V4(_) | IpAddr::V6(_) => {}
    }
    address
}

/// The status of the answer.
fn status(target: &Target, path: &str) -> Result<u16, Problem> {
    match target {
        Target::Url(url) => status_of_url(&format!("{url}{path}")),
        Target::Socket(socket) => status_of_socket(socket, path),
    }
}

fn status_of_url(url: &str) -> Result<u16, Problem> {
    // Nothing secret is sent, and the certificate names another host than this address. One that
    // has run out is no reason to start a service again either.
    let tls = TlsConfig::builder().disable_verification(true).build();
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .tls_config(tls)
        // Those of the environment are for other hosts than this one.
        .proxy(None)
        .build()
        .into();
    Ok(agent.get(url).call()?.status().as_u16())
}

fn status_of_socket(socket: &Path, path: &str) -> Result<u16, Problem> {
    let mut stream = UnixStream::connect(socket)?;
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    )?;
    let mut start = [0; STATUS_AFTER.len() + STATUS_DIGITS];
    stream.read_exact(&mut start)?;
    let status = str::from_utf8(&start)
        .ok()
        .and_then(|start| start.strip_prefix(STATUS_AFTER));
    Ok(status.ok_or("that is no HTTP")?.parse()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_listens_at_all_addresses_is_asked_at_its_own() {
        for (listening, asked) in [
            ("0.0.0.0:8000", "127.0.0.1:8000"),
            ("[::]:8000", "[::1]:8000"),
            ("10.0.0.1:8000", "10.0.0.1:8000"),
        ] {
            let address = reachable(listening.parse().unwrap());

            assert_eq!(address.to_string(), asked);
        }
    }

    #[test]
    fn what_is_no_place_of_a_service_is_refused() {
        for text in ["", "unix:", "127.0.0.1:8000", "/run/remint.sock"] {
            assert!(target(text).is_err(), "{text}");
        }
        let url = Target::Url("https://remint".to_owned());
        assert_eq!(target("https://remint/"), Ok(url));
    }
}
