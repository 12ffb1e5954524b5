//! The real binary, as people start it: its own folder, its own environment and nothing else.

use std::fs::File;
use std::io::{BufRead as _, BufReader, ErrorKind, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};
use std::{fs, thread};

use serde_json::Value;
use tempfile::TempDir;

use super::servers::daemon::free_port;
use super::{SECRET, UNLIMITED, logs};

/// How long a test waits for what is sure to come, before it fails instead of hanging.
pub(crate) const PATIENCE: Duration = Duration::from_mins(1);

/// A folder to run the binary in, and the environment to run it with.
pub(crate) struct Place {
    folder: TempDir,
    variables: Vec<(String, String)>,
}

impl Place {
    /// An empty folder, and no environment at all.
    pub(crate) fn bare() -> Self {
        logs::never(SECRET);
        Self {
            folder: tempfile::tempdir().unwrap(),
            variables: Vec::new(),
        }
    }

    /// An empty folder, a good secret, and the database `remint.db` that is the default.
    pub(crate) fn new() -> Self {
        Self::bare().with("JWT_SECRET_KEY", SECRET)
    }

    /// The same with one more variable.
    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// The names of the files in the folder.
    pub(crate) fn files(&self) -> Vec<String> {
        let entries = fs::read_dir(self.path()).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<_> = names.collect();
        names.sort_unstable();
        names
    }

    /// Runs a command to its end.
    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        self.run_with_input(arguments, "")
    }

    /// Runs a command to its end with that on its standard input.
    pub(crate) fn run_with_input(&self, arguments: &[&str], input: &str) -> Output {
        let mut command = self.command(env!("CARGO_BIN_EXE_remint"));
        let mut child = command
            .args(arguments)
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdin = child.stdin.take().unwrap();
        match stdin.write_all(input.as_bytes()) {
            // Some arguments are refused before anything is read.
            Err(error) if error.kind() == ErrorKind::BrokenPipe => {}
            written => written.unwrap(),
        }
        drop(stdin);
        Output::of(child)
    }

    /// Runs a command to its end whose results go into `file`.
    pub(crate) fn run_into(&self, arguments: &[&str], file: File) -> Output {
        let mut command = self.command(env!("CARGO_BIN_EXE_remint"));
        Output::of(command.args(arguments).stdout(file).spawn().unwrap())
    }

    /// Runs a shell script to its end.
    pub(crate) fn shell(&self, script: &str) -> Output {
        let mut command = self.command("/bin/sh");
        Output::of(command.args(["-c", script]).spawn().unwrap())
    }

    /// Starts the service on a free port.
    pub(crate) fn serve(&self) -> Service {
        self.serve_after("true")
    }

    /// The same after a shell command in the same process, such as `ulimit`.
    pub(crate) fn serve_after(&self, shell: &str) -> Service {
        let mut service = self.start_after(shell);
        let line: Value = serde_json::from_str(&service.line_with("listening;")).unwrap();
        let address = line["address"].as_str().unwrap();
        address.clone_into(&mut service.address);
        service
    }

    /// The same where nobody sees what it logs.
    pub(crate) fn serve_unseen(&self, shell: &str) -> Service {
        let address = SocketAddr::from(([127, 0, 0, 1], free_port()));
        let mut service = self.start_after(&format!("export LISTEN_ADDR={address} && {shell}"));
        service.address = address.to_string();
        let begun = Instant::now();
        while TcpStream::connect(address).is_err() {
            assert!(begun.elapsed() < PATIENCE, "it does not listen");
            thread::yield_now();
        }
        service
    }

    /// Starts the service, and does not wait until it listens.
    pub(crate) fn start(&self) -> Service {
        self.start_after("true")
    }

    fn start_after(&self, shell: &str) -> Service {
        let script = format!("{shell} && exec {} serve", env!("CARGO_BIN_EXE_remint"));
        let mut command = self.command("/bin/sh");
        let mut child = command
            .args(["-c", &script])
            .envs(self.service_variables())
            .stdin(Stdio::null())
            .spawn()
            .unwrap();
        Service {
            lines: lines_of(&mut child),
            child,
            log: String::new(),
            address: String::new(),
        }
    }

    /// Free ports and a log for machines, unless the place says otherwise.
    fn service_variables(&self) -> impl Iterator<Item = (&str, &str)> {
        let defaults = [
            ("LISTEN_ADDR", "127.0.0.1:0"),
            ("ADMIN_LISTEN_ADDR", "127.0.0.1:0"),
            ("LOG_FORMAT", "json"),
        ];
        let own = self.variables.iter();
        defaults
            .into_iter()
            .chain(own.map(|(name, value)| (name.as_str(), value.as_str())))
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command
            .env_clear()
            .env(UNLIMITED.0, UNLIMITED.1)
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .current_dir(self.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }
}

/// What a command printed, already searched for secrets.
#[derive(Debug)]
pub(crate) struct Output {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Output {
    fn of(child: Child) -> Self {
        let output = child.wait_with_output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        let output = Self {
            code: output.status.code(),
            stdout: text(output.stdout),
            stderr: text(output.stderr),
        };
        logs::assert_clean(&output.stdout);
        logs::assert_clean(&output.stderr);
        output
    }

    /// The one line that a good command printed, and nothing else.
    pub(crate) fn only_line(&self) -> &str {
        assert_eq!(self.code, Some(0), "{self:?}");
        let line = self.stdout.strip_suffix('\n').unwrap();
        assert!(!line.is_empty() && !line.contains('\n'), "{self:?}");
        line
    }

    /// The JSON that a command printed.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|_| panic!("no JSON in {self:?}"))
    }
}

/// A running service; killed, and its log searched for secrets, when it is dropped.
pub(crate) struct Service {
    child: Child,
    lines: Receiver<String>,
    log: String,
    address: String,
}

impl Service {
    /// Where it is, if it listens at a port.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address.parse().unwrap()
    }

    /// Where the admin listener is, which says so before the public one does.
    pub(crate) fn admin_address(&self) -> SocketAddr {
        let line = self.logged("the admin listener is on");
        let line: Value = serde_json::from_str(line).unwrap();
        line["address"].as_str().unwrap().parse().unwrap()
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// A line that contains `needle` of the part of the log that was read before.
    pub(crate) fn logged(&self, needle: &str) -> &str {
        let mut lines = self.log.lines();
        let line = lines.find(|line| line.contains(needle));
        line.unwrap_or_else(|| panic!("no {needle} in the log:\n{}", self.log))
    }

    /// How many lines contain `needle` of the part of the log that was read before.
    pub(crate) fn count(&self, needle: &str) -> usize {
        let lines = self.log.lines();
        lines.filter(|line| line.contains(needle)).count()
    }

    /// The next line of the log that contains `needle`.
    pub(crate) fn line_with(&mut self, needle: &str) -> String {
        loop {
            let line = self.lines.recv_timeout(PATIENCE);
            let line = line.unwrap_or_else(|_| panic!("no {needle} in the log:\n{}", self.log));
            self.log.push_str(&line);
            self.log.push('\n');
            if line.contains(needle) {
                return line;
            }
        }
    }

    /// Closes the other end of its log.
    pub(crate) fn stop_reading(&mut self) {
        let (_, nothing) = channel();
        self.lines = nothing;
    }

    /// Sends a signal by its name.
    pub(crate) fn signal(&self, name: &str) {
        let pid = self.pid().to_string();
        let status = Command::new("kill").args(["-s", name, &pid]).status();
        assert!(status.unwrap().success());
    }

    /// Waits until the process has ended by itself.
    pub(crate) fn end(&mut self) -> ExitStatus {
        // Its log ends with it, and reading that, unlike waiting, can be given up.
        while let Ok(line) = self.lines.recv_timeout(PATIENCE) {
            self.log.push_str(&line);
            self.log.push('\n');
        }
        if let Some(status) = self.child.try_wait().unwrap() {
            return status;
        }
        self.child.wait().unwrap()
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
        self.log.extend(self.lines.iter());
        if !thread::panicking() {
            logs::assert_clean(&self.log);
        }
    }
}

/// The lines of both outputs, as they come.
fn lines_of(child: &mut Child) -> Receiver<String> {
    let (sender, lines) = channel();
    let stdout: Box<dyn std::io::Read + Send> = Box::new(child.stdout.take().unwrap());
    let stderr = Box::new(child.stderr.take().unwrap());
    for output in [stdout, stderr] {
        let sender = sender.clone();
        thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    break;
                }
            }
        });
    }
    lines
}
