//! Everything that the services under test log, searched for secrets as it is written.

use std::io::{self, Write};
use std::sync::{Mutex, OnceLock, PoisonError};

use tracing_subscriber::fmt::MakeWriter;

/// All that was logged, and all that must never be.
#[derive(Default)]
struct Logs {
    text: String,
    secrets: Vec<String>,
    /// Whether one was logged, by whichever task: a panic in a task of its own ends only that.
    has_leaked: bool,
}

impl Logs {
    fn assert_no_leak(&self) {
        assert!(!self.has_leaked, "a secret was logged before");
    }
}

static LOGS: Mutex<Logs> = Mutex::new(Logs {
    text: String::new(),
    secrets: Vec::new(),
    has_leaked: false,
});

/// What is shorter cannot be told from other text; hostile tokens have such signatures.
const SHORTEST: usize = 16;

/// From now on everything down to `trace` is captured; the first call of the process counts.
pub(crate) fn capture() {
    static ONCE: OnceLock<()> = OnceLock::new();
    ONCE.get_or_init(|| {
        let subscriber = tracing_subscriber::fmt()
            .json()
            .with_max_level(tracing::Level::TRACE)
            .with_writer(Capture)
            .finish();
        tracing::subscriber::set_global_default(subscriber).unwrap();
    });
}

/// Fails the test that logs `secret`, or has logged it before.
///
/// Of a token it is the signature that must not appear: the rest is no secret once it is gone.
pub(crate) fn never(secret: &str) {
    let secret = secret.rsplit('.').next().unwrap().to_owned();
    if secret.len() < SHORTEST {
        return;
    }
    let mut logs = LOGS.lock().unwrap_or_else(PoisonError::into_inner);
    logs.assert_no_leak();
    assert!(
        !logs.text.contains(&secret),
        "a secret was logged before it was named one"
    );
    logs.secrets.push(secret);
}

/// Fails if `output` of a process has one of the secrets in it.
pub(crate) fn assert_clean(output: &str) {
    let logs = LOGS.lock().unwrap_or_else(PoisonError::into_inner);
    for secret in &logs.secrets {
        assert!(
            !output.contains(secret.as_str()),
            "a process printed a secret"
        );
    }
}

/// The lines that contain `needle`, such as a request id.
pub(crate) fn lines_with(needle: &str) -> Vec<String> {
    let logs = LOGS.lock().unwrap_or_else(PoisonError::into_inner);
    logs.assert_no_leak();
    logs.text
        .lines()
        .filter(|line| line.contains(needle))
        .map(str::to_owned)
        .collect()
}

struct Capture;

impl<'a> MakeWriter<'a> for Capture {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        Self
    }
}

impl Write for Capture {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(line);
        let mut logs = LOGS.lock().unwrap_or_else(PoisonError::into_inner);
        let leaked = logs
            .secrets
            .iter()
            .any(|secret| text.contains(secret.as_str()));
        logs.text.push_str(&text);
        logs.has_leaked |= leaked;
        drop(logs);
        assert!(!leaked, "a secret was logged: {text}");
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
