//! The released binary in a temporary folder, with many users.

use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use std::{fs, thread};

use sea_orm::{ConnectionTrait as _, Database};
use tempfile::TempDir;

use super::tokens::USERS;

/// The secret of the service.
pub(crate) const SECRET: &str = "the-secret-of-the-measurements-that-is-long-enough";

/// How long the service may take to start.
const PATIENCE: Duration = Duration::from_secs(30);

/// A running service; ended when it is dropped.
pub(crate) struct Service {
    child: Child,
    pub(crate) address: SocketAddr,
    _folder: TempDir,
}

impl Service {
    /// Starts it on the first processor alone, with these settings beside the secret.
    pub(crate) async fn start(settings: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut url = format!("sqlite://{}/remint.db", folder.path().display());
        if let Some((_, other)) = settings.iter().find(|(name, _)| *name == "DATABASE_URL") {
            (*other).clone_into(&mut url);
        }
        let log = fs::File::create(folder.path().join("log")).unwrap();
        let child = Command::new("taskset")
            .args(["-c", "0", env!("CARGO_BIN_EXE_remint"), "serve"])
            .env_clear()
            .env("JWT_SECRET_KEY", SECRET)
            .env("LISTEN_ADDR", "127.0.0.1:0")
            .env("LOG_FORMAT", "json")
            .env("RATE_LIMIT_PER_MINUTE", "0")
            .env("DATABASE_URL", &url)
            .envs(settings.iter().copied())
            .current_dir(folder.path())
            .stdin(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        let service = Self {
            address: listening(&folder),
            child,
            _folder: folder,
        };
        add_users(&url).await;
        service
    }

    /// The processor time that it has used so far, in user and in kernel mode.
    pub(crate) fn cpu_time(&self) -> Duration {
        let stat = self.proc("stat");
        // Fields 14 and 15; the second one is the name in parentheses, which may hold spaces.
        let (_, after_name) = stat.rsplit_once(") ").unwrap();
        let ticks = after_name.split(' ').skip(11).take(2);
        let ticks: u64 = ticks.map(|field| field.parse::<u64>().unwrap()).sum();
        // A tick of /proc is 10 ms on every Linux.
        Duration::from_millis(ticks * 10)
    }

    /// The memory that it has, in MiB.
    pub(crate) fn memory(&self) -> f64 {
        let status = self.proc("status");
        let line = status.lines().find(|line| line.starts_with("VmRSS:"));
        let number = line.unwrap().split_whitespace().nth(1).unwrap();
        number.parse::<f64>().unwrap() / 1024.0
    }

    fn proc(&self, file: &str) -> String {
        fs::read_to_string(format!("/proc/{}/{file}", self.child.id())).unwrap()
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// Where the service says that it listens.
fn listening(folder: &TempDir) -> SocketAddr {
    let began = Instant::now();
    while began.elapsed() < PATIENCE {
        let log = fs::read_to_string(folder.path().join("log")).unwrap();
        if let Some(line) = log.lines().find(|line| line.contains("listening;")) {
            let line: serde_json::Value = serde_json::from_str(line).unwrap();
            return line["address"].as_str().unwrap().parse().unwrap();
        }
        thread::sleep(Duration::from_millis(20));
    }
    let log = fs::read_to_string(folder.path().join("log"));
    panic!("the service does not start: {log:?}")
}

async fn add_users(url: &str) {
    let database = Database::connect(url).await.unwrap();
    let sql = format!(
        "INSERT INTO users (id, email, is_active) WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL \
         SELECT i + 1 FROM n WHERE i < {}) SELECT 'user-' || i, 'user-' || i || '@example.com', \
         TRUE FROM n",
        USERS - 1
    );
    database.execute_unprepared(&sql).await.unwrap();
}
