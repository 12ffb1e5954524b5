//! Programs in other languages, with the packages that they need.

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use tokio::io::AsyncWriteExt as _;

use crate::harness::SECRET;
use crate::harness::servers::daemon::leave_out;

/// Where the scripts are.
const SCRIPTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/frameworks");

/// What runs a script.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Runtime {
    Python,
    Node,
}

impl Runtime {
    /// Installs the packages once; false where that cannot be done.
    pub(super) async fn is_there(self) -> bool {
        static PYTHON: OnceLock<Result<bool, String>> = OnceLock::new();
        static NODE: OnceLock<Result<bool, String>> = OnceLock::new();

        let once = match self {
            Self::Python => &PYTHON,
            Self::Node => &NODE,
        };
        let install = move || once.get_or_init(|| self.install()).clone();
        let installed = tokio::task::spawn_blocking(install).await.unwrap();
        installed.unwrap_or_else(|problem| panic!("{problem}"))
    }

    fn install(self) -> Result<bool, String> {
        let install = format!("{SCRIPTS}/install.sh");
        let output = Command::new("sh")
            .args([&install, self.name(), SCRIPTS])
            .arg(self.folder())
            .stdin(Stdio::null())
            .output();
        let output = output.map_err(|error| error.to_string())?;
        if output.status.success() {
            return Ok(true);
        }
        let why = String::from_utf8_lossy(&output.stderr);
        let last_line = why.lines().last().unwrap_or("it said nothing");
        let name = self.name();
        leave_out(
            name,
            &format!("its packages could not be installed: {last_line}"),
        )?;
        Ok(false)
    }

    fn name(self) -> &'static str {
        match self {
            Self::Python => "python",
            Self::Node => "node",
        }
    }

    fn folder(self) -> PathBuf {
        PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(self.name())
    }

    /// What the script prints; panics where it fails.
    pub(super) async fn run(self, script: &str, arguments: &[&str], input: &str) -> String {
        self.run_with(script, arguments, input, "").await
    }

    /// The same, for a script that works on a database.
    pub(super) async fn run_with(
        self,
        script: &str,
        arguments: &[&str],
        input: &str,
        database_url: &str,
    ) -> String {
        let program = match self {
            Self::Python => self.folder().join("bin/python"),
            Self::Node => "node".into(),
        };
        let mut child = tokio::process::Command::new(program)
            .arg(format!("{SCRIPTS}/{script}"))
            .args(arguments)
            .env("JWT_SECRET", SECRET)
            .env("DATABASE_URL", database_url)
            .env("NODE_FOLDER", self.folder())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdin = child.stdin.take().unwrap();
        stdin.write_all(input.as_bytes()).await.unwrap();
        drop(stdin);
        let output = child.wait_with_output().await.unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{script} {arguments:?}: {said}");
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }
}
