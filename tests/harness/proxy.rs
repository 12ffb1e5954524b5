//! Real reverse proxies before the service.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use super::servers::daemon::{Supervised, free_port, path_to, supervise};

/// Which one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Asks `/readyz` five times a second.
    HaProxy,
    /// Finds out by trying.
    Nginx,
    /// Has a file of its own form.
    Caddy,
}

/// A running proxy, which goes with the tests.
pub(crate) struct Proxy {
    pub(crate) address: SocketAddr,
    _process: Supervised,
}

impl Kind {
    /// Starts it before those addresses, as the proxy writes them; none where it is not installed.
    pub(crate) fn before(self, upstreams: &[String]) -> Option<Proxy> {
        self.start(|port| match self {
            Self::HaProxy => haproxy(port, upstreams),
            Self::Nginx => nginx(port, upstreams),
            Self::Caddy => caddy(port, upstreams),
        })
    }

    /// Starts it with such a file as people have for it, at the port that the file is made for; none where it
    /// is not installed.
    pub(crate) fn with(self, file: impl FnOnce(u16) -> String) -> Option<Proxy> {
        self.start(|port| match self {
            Self::Nginx => within_nginx(&file(port)),
            Self::HaProxy | Self::Caddy => file(port),
        })
    }

    fn start(self, config: impl FnOnce(u16) -> String) -> Option<Proxy> {
        let (name, binary, script) = match self {
            Self::HaProxy => (
                "HAProxy",
                "haproxy",
                r#"exec haproxy -db -f "$FOLDER/config""#,
            ),
            Self::Nginx => (
                "nginx",
                "nginx",
                r#"exec nginx -e stderr -p "$FOLDER" -c config"#,
            ),
            Self::Caddy => (
                "Caddy",
                "caddy",
                r#"export HOME="$FOLDER"; exec caddy run --adapter caddyfile --config "$FOLDER/config""#,
            ),
        };
        let path = path_to(name, binary, binary).unwrap_or_else(|problem| panic!("{problem}"))?;
        let folder = tempfile::tempdir().unwrap().keep();
        let port = free_port();
        fs::write(folder.join("config"), config(port)).unwrap();
        let variables = BTreeMap::from([("OWNER", "root".to_owned()), ("PATH", path)]);
        let mut process = supervise(script, &folder, &variables);

        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let deadline = Instant::now() + Duration::from_mins(1);
        while TcpStream::connect(address).is_err() {
            let is_over = process.server.try_wait().unwrap().is_some();
            if is_over || Instant::now() > deadline {
                let log = fs::read_to_string(folder.join("log")).unwrap_or_default();
                panic!("{name} did not start: {log}");
            }
            thread::sleep(Duration::from_millis(10));
        }
        Some(Proxy {
            address,
            _process: process,
        })
    }
}

fn haproxy(port: u16, upstreams: &[String]) -> String {
    let mut config = format!(
        "defaults\n\
         mode http\n\
         timeout connect 5s\n\
         timeout client 1m\n\
         timeout server 1m\n\
         option redispatch 1\n\
         option forwardfor\n\
         timeout check 5s\n\
         frontend remint\n\
         bind 127.0.0.1:{port}\n\
         use_backend any if {{ nbsrv(ready) eq 0 }}\n\
         default_backend ready\n"
    );
    // While none is ready they answer for themselves, in the words of the contract.
    let checked = "option httpchk GET /readyz\ndefault-server check inter 200ms fall 1 rise 1\n";
    for (backend, checks) in [("ready", checked), ("any", "")] {
        write!(config, "backend {backend}\n{checks}").unwrap();
        for (number, upstream) in upstreams.iter().enumerate() {
            writeln!(config, "server replica{number} {upstream}").unwrap();
        }
    }
    config
}

fn nginx(port: u16, upstreams: &[String]) -> String {
    // Without `max_fails=0` all of them would be off for ten seconds after a restart of each.
    let servers = upstreams
        .iter()
        .map(|upstream| format!("server {upstream} max_fails=0;"));
    let servers = servers.collect::<Vec<_>>().join("\n");
    within_nginx(&format!(
        "upstream remint {{ {servers} keepalive 16; }}\n\
         server {{\n\
         listen 127.0.0.1:{port};\n\
         location / {{\n\
         proxy_pass http://remint;\n\
         proxy_http_version 1.1;\n\
         proxy_set_header Connection '';\n\
         proxy_set_header Host $http_host;\n\
         proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;\n\
         proxy_set_header X-Forwarded-Proto $scheme;\n\
         }} }}\n"
    ))
}

fn caddy(port: u16, upstreams: &[String]) -> String {
    let upstreams = upstreams.join(" ");
    format!("http://127.0.0.1:{port} {{\nreverse_proxy {upstreams}\n}}\n")
}

/// The whole configuration around what is within `http`.
fn within_nginx(http: &str) -> String {
    let folders = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
    let folders = folders.map(|name| format!("{name}_temp_path tmp-{name};"));
    let folders = folders.join("\n");
    format!(
        "daemon off;\n\
         user root;\n\
         pid pid;\n\
         events {{ worker_connections 1024; }}\n\
         http {{\n\
         access_log off;\n\
         {folders}\n\
         {http} }}\n"
    )
}
