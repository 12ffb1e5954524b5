//! A database server that one test may kill, stop and start again.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use std::{fs, io, thread};

use tokio::task::{block_in_place, spawn_blocking};

use super::daemon::{Daemon, Problem, Supervised, free_port, search_path, supervise};
use super::{
    Engine, MARIADB, POSTGRES, ThrowawayDatabase, database, mariadb_admin_url, on_mariadb,
    on_postgres, postgres_admin_url, prepared_by_sql,
};

/// A server of the test's own, always on the same port and with the same data.
///
/// It forgets nothing that it said was committed, however it ends.
pub(crate) struct OwnServer {
    is_postgres: bool,
    daemon: &'static Daemon,
    folder: PathBuf,
    port: u16,
    /// Each one that was started. The supervisor of the first would remove the folder at its end.
    runs: Vec<Supervised>,
}

impl OwnServer {
    /// One with a fresh database; `None` where the engine is not installed.
    pub(crate) async fn start(engine: Engine) -> Option<(Self, ThrowawayDatabase)> {
        // Says so, and fails where that is not allowed.
        database(engine).await?;
        let is_postgres = engine == Engine::Postgres;
        let mut server = Self {
            is_postgres,
            daemon: if is_postgres { &POSTGRES } else { &MARIADB },
            folder: tempfile::tempdir().unwrap().keep(),
            port: free_port(),
            runs: Vec::new(),
        };
        server.run(server.daemon.prepare).await;
        let database = if is_postgres {
            on_postgres(server.port).await
        } else {
            on_mariadb(server.port).await
        };
        Some((server, database))
    }

    /// Starts it after it has ended, and waits until it answers.
    pub(crate) async fn start_again(&mut self) {
        self.run(if self.is_postgres {
            |port| prepared_by_sql(port, &postgres_admin_url(port, "postgres"), "SELECT 1")
        } else {
            |port| prepared_by_sql(port, &mariadb_admin_url(port, "mysql"), "SELECT 1")
        })
        .await;
    }

    /// Kills it without a warning, with all of its processes.
    pub(crate) fn kill(&mut self) {
        self.signal("STOP");
        self.signal("KILL");
        self.end();
    }

    /// Has it hang up on everybody and end in good order.
    pub(crate) fn shut_down(&mut self) {
        // At SIGTERM PostgreSQL waits until nobody is connected.
        let name = if self.is_postgres { "INT" } else { "TERM" };
        send(name, &[self.pid()]);
        self.end();
    }

    /// Sends all of its processes a signal by its name.
    pub(crate) fn signal(&self, name: &str) {
        let processes = self.processes().unwrap();
        let (first, children) = processes.split_first().unwrap();
        send(name, std::slice::from_ref(first));
        // One whose connection has ended meanwhile is no more.
        kill(name, children).stderr(Stdio::null()).status().unwrap();
    }

    /// The first one first: the others are its own to replace.
    pub(crate) fn processes(&self) -> io::Result<Vec<String>> {
        let pid = self.pid();
        let children = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children"))?;
        let children = children.split_whitespace().map(str::to_owned);
        Ok(std::iter::once(pid).chain(children).collect())
    }

    fn pid(&self) -> String {
        self.runs.last().unwrap().server.id().to_string()
    }

    fn end(&mut self) {
        let run = self.runs.last_mut().unwrap();
        block_in_place(|| run.server.wait()).unwrap();
    }

    /// Starts it, and waits until `answers` finds that it does.
    async fn run(&mut self, answers: fn(u16) -> Result<(), Problem>) {
        let path = std::env::join_paths(search_path()).unwrap();
        // To MariaDB 1 is: on the disk at every commit.
        let keep = if self.is_postgres { "on" } else { "1" };
        let variables = BTreeMap::from([
            ("KEEP", keep.to_owned()),
            ("OWNER", self.daemon.owner.to_owned()),
            ("PATH", path.into_string().unwrap()),
            ("PORT", self.port.to_string()),
        ]);
        self.runs
            .push(supervise(self.daemon.script, &self.folder, &variables));
        let port = self.port;
        let waiting = spawn_blocking(move || {
            let deadline = Instant::now() + Duration::from_mins(1);
            while let Err(problem) = answers(port) {
                assert!(Instant::now() < deadline, "it did not start: {problem}");
                thread::sleep(Duration::from_millis(10));
            }
        });
        waiting.await.unwrap();
    }
}

impl Drop for OwnServer {
    /// Lets those go on that stand still, or they would never end.
    fn drop(&mut self) {
        let processes = self.processes().unwrap_or_default();
        kill("CONT", &processes).stderr(Stdio::null()).status().ok();
    }
}

fn send(name: &str, pids: &[String]) {
    assert!(kill(name, pids).status().unwrap().success());
}

fn kill(name: &str, pids: &[String]) -> Command {
    let mut kill = Command::new("kill");
    kill.args(["-s", name]).args(pids);
    kill
}
