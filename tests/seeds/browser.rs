//! A real browser, without a window.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use crate::harness::chromium;

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
        chromium::find().map(Self)
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
