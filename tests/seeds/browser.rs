//! A real browser, without a window.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use crate::harness::servers::daemon::leave_out;

/// The names that distributions give to it.
const NAMES: [&str; 3] = ["chromium", "chromium-browser", "google-chrome"];

/// A browser that is installed.
pub(super) struct Browser(PathBuf);

/// A running browser with a profile of its own; gone when dropped.
pub(super) struct Window {
    process: Child,
    _profile: TempDir,
}

impl Drop for Window {
    fn drop(&mut self) {
        self.process.kill().ok();
        self.process.wait().ok();
    }
}

impl Browser {
    /// The browser, if one is installed; says so loudly where none is.
    pub(super) fn find() -> Option<Self> {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let folders: Vec<_> = std::env::split_paths(&path).collect();
        let files = NAMES
            .iter()
            .flat_map(|name| folders.iter().map(move |folder| folder.join(name)));
        let found = files.into_iter().find(|file| file.is_file());
        if found.is_none() {
            leave_out("Chromium", "it is not installed").unwrap();
        }
        found.map(Self)
    }

    /// Opens `url`.
    pub(super) fn open(&self, url: &str) -> Window {
        let profile = tempfile::tempdir().unwrap();
        let process = Command::new(&self.0)
            // Root may not have the sandbox, and containers have little shared memory.
            .args(["--headless=new", "--no-sandbox", "--disable-dev-shm-usage"])
            .args(["--disable-gpu", "--no-first-run", "--disable-popup-blocking"])
            .args(["--disable-background-networking", "--disable-extensions"])
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .arg(url)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        Window {
            process,
            _profile: profile,
        }
    }
}
