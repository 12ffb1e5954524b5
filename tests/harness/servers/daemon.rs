//! A server that ends with the tests, however they end.
//!
//! Why a supervisor: a test process that panics, is killed or runs into a time limit cleans up
//! nothing. So beside each server runs a shell that waits for the end of its input, a pipe whose
//! other end only the test process holds, and then ends the server and removes its folder.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::{Duration, Instant};
use std::{fs, io, thread};

/// Why a server does not answer (yet).
pub(super) type Problem = Box<dyn std::error::Error>;

/// How a server is found, started and asked whether it is ready.
pub(super) struct Daemon {
    pub(super) name: &'static str,
    pub(super) binary: &'static str,
    pub(super) package: &'static str,
    /// Whom it runs as when the tests run as root, which PostgreSQL and MariaDB refuse.
    pub(super) owner: &'static str,
    /// Shell commands; the last one becomes the server.
    pub(super) script: &'static str,
    /// Fails until the server answers, then makes what all tests share.
    pub(super) prepare: fn(u16) -> Result<(), Problem>,
    pub(super) running: Running,
}

/// What became of a start. A failure is kept too: one bound is waited for, not one per test.
pub(super) type Running = OnceLock<Result<Option<Server>, String>>;

/// A server that lives as long as this process.
pub(super) struct Server {
    port: u16,
    _process: Supervised,
}

impl Daemon {
    /// Where the server listens; starts it on the first call, `None` where it is not installed.
    pub(super) async fn port(&'static self) -> Option<u16> {
        // A blocking thread: the server outlives the runtime of the test that starts it, and a
        // paused clock must not shorten the wait.
        let start = || self.running.get_or_init(|| self.start());
        match tokio::task::spawn_blocking(start).await.unwrap() {
            Ok(server) => server.as_ref().map(|server| server.port),
            Err(problem) => panic!("{problem}"),
        }
    }

    fn start(&self) -> Result<Option<Server>, String> {
        let Some(path) = path_to(self.name, self.binary, self.package)? else {
            return Ok(None);
        };

        let folder = tempfile::Builder::new()
            .prefix("remint-test-")
            .tempdir()
            .unwrap()
            .keep();
        let port = free_port();
        let variables = BTreeMap::from([
            ("OWNER", self.owner.to_owned()),
            ("PATH", path),
            ("PORT", port.to_string()),
        ]);
        let mut process = supervise(self.script, &folder, &variables);
        self.wait_until_ready(port, &mut process.server)
            .map_err(|problem| {
                let log = fs::read_to_string(folder.join("log")).unwrap_or_default();
                format!("{} did not start: {problem}\n{log}", self.name)
            })?;
        Ok(Some(Server {
            port,
            _process: process,
        }))
    }

    fn wait_until_ready(&self, port: u16, server: &mut Child) -> Result<(), Problem> {
        let deadline = Instant::now() + Duration::from_mins(1);
        loop {
            let Err(problem) = (self.prepare)(port) else {
                return Ok(());
            };
            if server.try_wait()?.is_some() || Instant::now() > deadline {
                return Err(problem);
            }
            thread::sleep(Duration::from_millis(10));
        }
    }
}

/// A `PATH` on which that program is; where it is not installed, says so and is none.
pub(crate) fn path_to(name: &str, binary: &str, package: &str) -> Result<Option<String>, String> {
    let path = search_path();
    if path.iter().any(|folder| folder.join(binary).is_file()) {
        let path = std::env::join_paths(path).unwrap();
        return Ok(Some(path.into_string().unwrap()));
    }
    let notice = format!("no `{binary}` binary found; apt-get install {package}");
    leave_out(name, &notice).map(|()| None)
}

/// Says aloud that tests are left out, and why; an error where that is not allowed.
pub(crate) fn leave_out(tests: &str, notice: &str) -> Result<(), String> {
    if variable("REMINT_REQUIRE_SERVERS") == "1" {
        return Err(format!("REMINT_REQUIRE_SERVERS=1, but {notice}"));
    }
    // Not `eprintln!`, which libtest swallows for the very tests that pass for want of a server.
    io::stderr()
        .write_all(format!("left out: {tests} tests, {notice}\n").as_bytes())
        .unwrap();
    Ok(())
}

/// A server and who ends it.
pub(crate) struct Supervised {
    /// The server, or what its script does before.
    pub(crate) server: Child,
    /// A shell that ends the server, and removes its folder, once its own input ends.
    pub(crate) supervisor: Child,
}

/// Runs `script`, whose last command becomes the server, until this process ends.
///
/// The caller hands `folder` over: the supervisor removes it.
pub(crate) fn supervise(
    script: &str,
    folder: &Path,
    variables: &BTreeMap<&'static str, String>,
) -> Supervised {
    let as_owner = r#"
        as=
        if [ "$(id -u)" = 0 ]; then
            id -u "$OWNER" >/dev/null 2>&1 || OWNER=nobody
            chown "$OWNER" "$FOLDER"
            as="setpriv --reuid=$OWNER --regid=$(id -g "$OWNER") --clear-groups"
        fi"#;
    // SIGINT, since PostgreSQL waits for its clients after SIGTERM and leaves shared memory behind
    // after SIGKILL. Again and again, since MariaDB forgets a signal that comes while it starts.
    let end = r#"
        read -r _
        tries=0
        while kill -TERM "-$GROUP" && [ "$tries" -lt 100 ]; do
            kill -INT "-$GROUP"
            sleep 0.1
            tries=$((tries + 1))
        done
        kill -KILL "-$GROUP"
        rm -rf "$FOLDER""#;

    let log = fs::File::create(folder.join("log")).unwrap();
    let server = shell(&format!("set -e\n{as_owner}\n{script}"), folder)
        .envs(variables)
        .stdin(Stdio::null())
        .stdout(log.try_clone().unwrap())
        .stderr(log)
        .spawn()
        .unwrap();
    let supervisor = shell(end, folder)
        .env("GROUP", server.id().to_string())
        .stdin(Stdio::piped())
        // Whoever reads the output of the tests would otherwise wait for the supervisor too.
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    Supervised { server, supervisor }
}

/// `script` in a process group of its own, which Ctrl-C does not reach and one `kill` does.
fn shell(script: &str, folder: &Path) -> Command {
    let mut shell = Command::new("sh");
    shell
        .args(["-c", script])
        .env("FOLDER", folder)
        // Not all users whom the servers run as may enter the folder that the tests run in.
        .current_dir("/")
        .process_group(0);
    shell
}

/// Where servers are looked for.
pub(super) fn search_path() -> Vec<PathBuf> {
    // Debian keeps PostgreSQL's programs out of PATH, one folder per version.
    let versions = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten();
    let mut versions: Vec<(u32, PathBuf)> = versions
        .filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path())))
        .collect();
    versions.sort_unstable_by(|a, b| b.cmp(a));

    std::env::split_paths(&variable("PATH"))
        .chain(versions.into_iter().map(|(_, version)| version.join("bin")))
        .chain(["/usr/sbin", "/usr/bin", "/sbin", "/bin"].map(PathBuf::from))
        .collect()
}

/// A port that is free and stays so.
pub(crate) fn free_port() -> u16 {
    // Below the range from which the system hands out ports: what it gives to a listener of
    // another test, while this server gets ready, cannot be this one.
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let first = std::process::id() % 10_000;
    std::iter::repeat_with(|| NEXT.fetch_add(1, Ordering::Relaxed))
        .map(|tried| 20_000 + u16::try_from((first + u32::from(tried)) % 10_000).unwrap())
        .find(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok())
        .unwrap()
}

/// A variable of the environment that the tests run in; empty where it is not set.
#[expect(
    clippy::disallowed_methods,
    reason = "tells which servers there are and how long tests take, not how remint acts"
)]
pub(crate) fn variable(name: &str) -> String {
    std::env::var(name).unwrap_or_default()
}
