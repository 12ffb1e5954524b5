//! A Redis that one test may kill.

use std::collections::BTreeMap;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use super::daemon::{Supervised, free_port, supervise, variable};
use super::{REDIS_SCRIPT, ping_redis, redis};

/// A Redis of the test's own, always on the same port.
pub(crate) struct OwnRedis {
    port: u16,
    running: Option<Supervised>,
}

impl OwnRedis {
    /// One that does not run yet; `None` where Redis is not installed.
    pub(crate) async fn new() -> Option<Self> {
        // Says so, and fails where that is not allowed.
        redis().await?;
        Some(Self {
            port: free_port(),
            running: None,
        })
    }

    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/0", self.port)
    }

    /// Starts it, with nothing in it.
    pub(crate) fn start(&mut self) {
        let folder = tempfile::tempdir().unwrap().keep();
        let variables = BTreeMap::from([
            ("OWNER", "redis".to_owned()),
            ("PATH", variable("PATH")),
            ("PORT", self.port.to_string()),
        ]);
        self.running = Some(supervise(REDIS_SCRIPT, &folder, &variables));
        let deadline = Instant::now() + Duration::from_mins(1);
        while let Err(problem) = ping_redis(self.port) {
            assert!(Instant::now() < deadline, "Redis did not start: {problem}");
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// Sends it a signal by its name.
    pub(crate) fn signal(&self, name: &str) {
        let pid = self.running.as_ref().unwrap().server.id().to_string();
        let status = Command::new("kill").args(["-s", name, &pid]).status();
        assert!(status.unwrap().success());
    }

    /// Kills it, and waits until it is gone.
    pub(crate) fn kill(&mut self) {
        self.signal("KILL");
        let mut running = self.running.take().unwrap();
        running.server.wait().unwrap();
    }
}
