//! The released binary in a temporary folder, with many users.

use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use std::{fs, thread};

use clap::ValueEnum as _;
use serde_json::Value;
use tempfile::TempDir;

use super::exchange::exchange;
use super::fill::{Rows, fill};
use super::straightforward::Peer;

/// The secret of the service; long enough for every contract.
pub(crate) const SECRET: &str =
    "the-secret-of-the-measurements-that-is-long-enough-for-every-hash-of-rfc-7518";

/// How long the service may take to start.
const PATIENCE: Duration = Duration::from_secs(30);

/// The key of its admin listener.
const ADMIN_KEY: &str = "the-key-of-the-admin-listener-of-the-measurements";

/// The service has the first processor for itself.
pub(crate) fn keep_to_second_processor() {
    let pid = std::process::id().to_string();
    let mut command = Command::new("taskset");
    let command = command.args(["-cp", "1", &pid]).stdout(Stdio::null());
    assert!(command.status().unwrap().success());
}

/// A running process; ended when it is dropped.
pub(crate) struct Running(pub(crate) Child);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

/// A running service.
pub(crate) struct Service {
    child: Running,
    pub(crate) address: SocketAddr,
    folder: TempDir,
}

impl Service {
    /// Starts it on the first processor alone, with these settings beside the secret, on a database
    /// that has so many rows.
    pub(crate) async fn start(settings: &[(&str, &str)], rows: Rows) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let named = settings.iter().find(|(name, _)| *name == "DATABASE_URL");
        let url = named.map_or_else(|| sqlite(&folder), |(_, url)| (*url).to_owned());
        prepare(&url, &folder, rows).await;
        let mut command = remint(&url, &folder, &[]);
        command.arg("serve").envs(settings.iter().copied());
        Self::spawn(command, folder)
    }

    /// The same on SQLite, with its instructions counted; needs valgrind.
    pub(crate) async fn under_callgrind(settings: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = sqlite(&folder);
        prepare(&url, &folder, Rows::default()).await;
        let callgrind = [
            "valgrind",
            "--tool=callgrind",
            "--callgrind-out-file=/dev/null",
        ];
        let mut command = remint(&url, &folder, &callgrind);
        command.arg("serve").envs(settings.iter().copied());
        // A hundred times slower, it would run into what bounds a healthy service.
        command
            .env("DATABASE_TIMEOUT_MILLISECONDS", "60000")
            .env("REQUEST_TIMEOUT_SECONDS", "60");
        Self::spawn(command, folder)
    }

    /// Ends it in good order; how many instructions it took.
    pub(crate) fn stop_and_count(mut self) -> u64 {
        let pid = self.child.0.id().to_string();
        assert!(Command::new("kill").arg(pid).status().unwrap().success());
        self.child.0.wait().unwrap();
        let log = fs::read_to_string(self.folder.path().join("log")).unwrap();
        let (_, count) = log.rsplit_once("Collected : ").unwrap();
        count.split_whitespace().next().unwrap().parse().unwrap()
    }

    /// Starts what it is compared with in its place: this program itself, told so by its arguments.
    pub(crate) async fn peer(peer: Peer, url: Option<&str>, rows: Rows) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = url.map_or_else(|| sqlite(&folder), str::to_owned);
        if peer != Peer::Floor {
            prepare(&url, &folder, rows).await;
        }
        let program = std::env::current_exe().unwrap();
        let mut command = on_first_processor(&program, &folder);
        let name = peer.to_possible_value().unwrap();
        command.args(["--peer", name.get_name(), "--url", &url]);
        Self::spawn(command, folder)
    }

    /// The same with a service of somebody else, by a command for the shell, on a file of `SQLite`.
    pub(crate) async fn other(shell: &str, rows: Rows) -> Self {
        let folder = tempfile::tempdir().unwrap();
        prepare(&sqlite(&folder), &folder, rows).await;
        let mut command = on_first_processor(Path::new("/bin/sh"), &folder);
        command
            .args(["-c", &format!("exec {shell}")])
            .env("DATABASE_FILE", folder.path().join("remint.db"))
            .env("JWT_SECRET_KEY", SECRET);
        Self::spawn(command, folder)
    }

    fn spawn(mut command: Command, folder: TempDir) -> Self {
        let log = fs::File::create(folder.path().join("log")).unwrap();
        let child = Running(command.stderr(log).spawn().unwrap());
        Self {
            address: listening(&folder, "listening;"),
            child,
            folder,
        }
    }

    /// The refresh token of a session of the contract `envelope` that `user` has just started.
    pub(crate) async fn log_in(&self, user: u64) -> String {
        let address = listening(&self.folder, "the admin listener is on;");
        let body = format!(r#"{{"user":"user-{user}","contract":"envelope"}}"#);
        let length = body.len();
        let request = format!(
            "POST /admin/sessions HTTP/1.1\r\nHost: remint\r\nAuthorization: Bearer {ADMIN_KEY}\r\n\
             Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
        );
        let (mut stream, mut buffer) = (None, Vec::new());
        let answer = exchange(address, &mut stream, request.as_bytes(), &mut buffer).await;
        let body: Value = serde_json::from_slice(answer.unwrap().body).unwrap();
        body["refresh_token"].as_str().unwrap().to_owned()
    }

    /// The processor time that it has used so far, in user and in kernel mode.
    pub(crate) fn cpu_time(&self) -> Duration {
        cpu_time(&proc(self.child.0.id(), "stat"))
    }

    /// The memory that it has, in MiB.
    pub(crate) fn memory(&self) -> f64 {
        memory(self.child.0.id(), "VmRSS:")
    }

    /// The most that it had so far.
    pub(crate) fn peak_memory(&self) -> f64 {
        memory(self.child.0.id(), "VmHWM:")
    }
}

/// That field of a process, in MiB.
pub(crate) fn memory(pid: u32, field: &str) -> f64 {
    let status = proc(pid, "status");
    let line = status.lines().find(|line| line.starts_with(field));
    let number = line.unwrap().split_whitespace().nth(1).unwrap();
    number.parse::<f64>().unwrap() / 1024.0
}

fn proc(pid: u32, file: &str) -> String {
    fs::read_to_string(format!("/proc/{pid}/{file}")).unwrap()
}

/// The processor time of a process, by its file in /proc.
pub(crate) fn cpu_time(stat: &str) -> Duration {
    // Fields 14 and 15; the second one is the name in parentheses, which may hold spaces.
    let (_, after_name) = stat.rsplit_once(") ").unwrap();
    let ticks = after_name.split(' ').skip(11).take(2);
    let ticks: u64 = ticks.map(|field| field.parse::<u64>().unwrap()).sum();
    // A tick of /proc is 10 ms on every Linux.
    Duration::from_millis(ticks * 10)
}

/// Makes the tables, and their rows.
pub(crate) async fn prepare(url: &str, folder: &TempDir, rows: Rows) {
    let migrated = remint(url, folder, &[]).args(["migrate", "up"]).status();
    assert!(migrated.unwrap().success());
    fill(url, rows).await;
    // What the kernel has still to write would be written while somebody is measured.
    assert!(Command::new("sync").status().unwrap().success());
}

/// The file of a database in that folder.
pub(crate) fn sqlite(folder: &TempDir) -> String {
    format!(
        "sqlite://{}?mode=rwc",
        folder.path().join("remint.db").display()
    )
}

/// The released binary with the settings of every measurement, run by that program.
pub(crate) fn remint(url: &str, folder: &TempDir, by: &[&str]) -> Command {
    let program = [by, &[env!("CARGO_BIN_EXE_remint")]].concat();
    let mut command = on_first_processor(Path::new(program[0]), folder);
    command
        .args(&program[1..])
        .env("ADMIN_API_KEY", ADMIN_KEY)
        .env("ADMIN_LISTEN_ADDR", "127.0.0.1:0")
        .env("DATABASE_URL", url)
        .env("JWT_SECRET_KEY", SECRET)
        .env("LISTEN_ADDR", "127.0.0.1:0")
        .env("LOG_FORMAT", "json")
        .env("RATE_LIMIT_PER_MINUTE", "0");
    command
}

fn on_first_processor(program: &Path, folder: &TempDir) -> Command {
    let mut command = Command::new("taskset");
    command
        .args(["-c", "0"])
        .arg(program)
        .env_clear()
        .current_dir(folder.path())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command
}

/// Where the service says that it listens, in a line that begins so.
fn listening(folder: &TempDir, says: &str) -> SocketAddr {
    let began = Instant::now();
    while began.elapsed() < PATIENCE {
        let log = fs::read_to_string(folder.path().join("log")).unwrap();
        if let Some(line) = log.lines().find(|line| line.contains(says)) {
            let line: Value = serde_json::from_str(line).unwrap();
            return line["address"].as_str().unwrap().parse().unwrap();
        }
        thread::sleep(Duration::from_millis(20));
    }
    let log = fs::read_to_string(folder.path().join("log"));
    panic!("the service does not start: {log:?}")
}
