//! Logs: what is written, how, and where to.

mod audit_file;
mod filter;

use std::io::{self, IsTerminal, Write};
use std::panic::PanicHookInfo;
use std::path::PathBuf;

use tracing::error;
use tracing_appender::non_blocking::{NonBlocking, NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::filter::{FilterExt as _, LevelFilter, Targets};
use tracing_subscriber::util::TryInitError;
use tracing_subscriber::{Layer, Registry};

pub use audit_file::{AuditFile, NotOpened};
pub use filter::{LogFilter, LogFormat};

/// The target of the audit stream.
const AUDIT: &str = "remint::audit";

/// What is logged, how, and where to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogSettings {
    /// What.
    pub filter: LogFilter,
    /// How.
    pub format: LogFormat,
    /// Where the audit stream goes, if not where the rest does.
    pub audit_file: Option<PathBuf>,
}

/// Why nothing can be logged.
#[derive(Debug, thiserror::Error)]
pub enum InitError {
    /// The file of the audit stream.
    #[error("AUDIT_LOG_FILE: {0}")]
    AuditFile(#[from] NotOpened),
    /// This process logs already.
    #[error(transparent)]
    Again(#[from] TryInitError),
}

/// Writes the logs that are still on their way when it is dropped.
#[must_use = "dropping it ends the logging"]
pub struct LogGuard {
    /// The file of the audit stream, where it has one.
    pub audit_file: Option<AuditFile>,
    // Before the log, which may have to say that the file cannot be written.
    _audit: Option<WorkerGuard>,
    _log: WorkerGuard,
}

/// From now on this process logs to its standard error, and the audit stream to its own file where
/// there is one.
///
/// Lines are written by a thread of their own, so that a slow terminal does not slow requests;
/// none is thrown away, because audit events must not be.
pub fn init(settings: &LogSettings) -> Result<LogGuard, InitError> {
    use tracing_subscriber::layer::SubscriberExt;
    use tracing_subscriber::util::SubscriberInitExt;

    let audit_file = settings.audit_file.as_deref().map(AuditFile::open);
    let audit_file = audit_file.transpose()?;
    let (writer, log) = in_background(io::stderr());
    let layer = lines(settings.format, writer);
    let filter = || settings.filter.to_library();
    let mut layers = Vec::new();
    let audit = audit_file.clone().map(|file| {
        let (writer, audit) = in_background(file);
        let alone = Targets::new().with_target(AUDIT, LevelFilter::TRACE);
        let layer = lines(LogFormat::Json, writer);
        layers.push(layer.with_filter(filter().and(alone)).boxed());
        audit
    });
    layers.push(if audit.is_some() {
        let all = Targets::new().with_default(LevelFilter::TRACE);
        let rest = all.with_target(AUDIT, LevelFilter::OFF);
        layer.with_filter(filter().and(rest)).boxed()
    } else {
        layer.with_filter(filter()).boxed()
    });
    tracing_subscriber::registry().with(layers).try_init()?;
    std::panic::set_hook(Box::new(log_panic));
    Ok(LogGuard {
        audit_file,
        _audit: audit,
        _log: log,
    })
}

fn in_background(writer: impl Write + Send + 'static) -> (NonBlocking, WorkerGuard) {
    let builder = NonBlockingBuilder::default().lossy(false);
    builder.finish(writer)
}

fn lines(format: LogFormat, writer: NonBlocking) -> Box<dyn Layer<Registry> + Send + Sync> {
    let layer = tracing_subscriber::fmt::layer().with_writer(writer);
    match format {
        LogFormat::Json => layer.json().flatten_event(true).boxed(),
        LogFormat::Pretty => layer.with_ansi(io::stderr().is_terminal()).boxed(),
    }
}

/// Says where, and not what: a panic's message may quote the data that caused it.
fn log_panic(panic: &PanicHookInfo<'_>) {
    let place = panic.location().map(tracing::field::display);
    error!(place, "a panic; this is a bug of remint");
}
