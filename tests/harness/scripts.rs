//! Programs in other languages, with the packages that they need.

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use tokio::io::AsyncWriteExt as _;

use super::servers::daemon::leave_out;

/// Where the folders of the tests are.
const TESTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests");

/// The scripts of a folder in one language, and the packages that the folder lists.
pub(crate) struct Scripts {
    language: &'static str,
    folder: &'static str,
    installed: OnceLock<Result<bool, String>>,
}

impl Scripts {
    /// Those in Python.
    pub(crate) const fn python(folder: &'static str) -> Self {
        Self::of("python", folder)
    }

    /// Those for Node.js.
    pub(crate) const fn node(folder: &'static str) -> Self {
        Self::of("node", folder)
    }

    const fn of(language: &'static str, folder: &'static str) -> Self {
        Self {
            language,
            folder,
            installed: OnceLock::new(),
        }
    }

    /// Installs the packages once; false where that cannot be done.
    pub(crate) async fn are_there(&'static self) -> bool {
        let install = || self.are_installed();
        tokio::task::spawn_blocking(install).await.unwrap()
    }

    /// The same, on the thread of the caller.
    pub(crate) fn are_installed(&self) -> bool {
        let installed = self.installed.get_or_init(|| self.install()).clone();
        installed.unwrap_or_else(|problem| panic!("{problem}"))
    }

    fn install(&self) -> Result<bool, String> {
        let output = Command::new("sh")
            .args([&format!("{TESTS}/harness/install.sh"), self.language])
            .args([self.source(), self.target()])
            .stdin(Stdio::null())
            .output();
        let output = output.map_err(|error| error.to_string())?;
        if output.status.success() {
            return Ok(true);
        }
        let why = String::from_utf8_lossy(&output.stderr);
        let last_line = why.lines().last().unwrap_or("it said nothing");
        let notice = format!("its packages could not be installed: {last_line}");
        leave_out(&format!("{}'s {}", self.folder, self.language), &notice)?;
        Ok(false)
    }

    fn source(&self) -> PathBuf {
        PathBuf::from(TESTS).join(self.folder)
    }

    /// Where the packages are.
    pub(crate) fn target(&self) -> PathBuf {
        let name = format!("{}-{}", self.folder, self.language);
        PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name)
    }

    /// What runs that script, with pipes to and from it; it is killed when it is dropped.
    pub(crate) fn command(&self, script: &str) -> tokio::process::Command {
        let (program, home) = match self.language {
            "python" => (self.target().join("bin/python"), self.source()),
            _ => (PathBuf::from("node"), self.target()),
        };
        let mut command = tokio::process::Command::new(program);
        command
            .arg(home.join(script))
            // The folder of the tests stays as it is.
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        command
    }
}

/// What `command` prints when it is given `input`; panics where it fails.
pub(crate) async fn output(mut command: tokio::process::Command, input: &str) -> String {
    let mut child = command.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(input.as_bytes()).await.unwrap();
    drop(stdin);
    let output = child.wait_with_output().await.unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    // Without the environment, which may hold secrets.
    let script = command.as_std().get_args();
    assert!(output.status.success(), "{script:?}: {said}");
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}
