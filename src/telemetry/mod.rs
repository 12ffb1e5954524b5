//! What the service tells of itself: logs and traces; what is told, how, and where to.

mod audit_file;
mod filter;
mod json_lines;
#[cfg(feature = "otlp")]
mod otlp;
mod paced;
mod subscriber;
mod traces;

use std::io::{self, BufWriter, Write};
use std::panic::PanicHookInfo;
use std::path::PathBuf;
use std::time::Duration;

use tracing::error;
use tracing_appender::non_blocking::{NonBlocking, NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::util::{SubscriberInitExt as _, TryInitError};

pub use audit_file::{AuditFile, NotOpened};
pub use filter::{LogFilter, LogFormat};
pub use traces::{EXPORTS_TRACES, Sampling, TraceSettings};

use paced::Paced;
use subscriber::Sinks;

/// So many lines may wait to be written, and whoever has one more waits with them. There is room for all of
/// them from the start: half a MiB.
const WAITING_LINES: usize = 16 * 1024;

/// The most of the log that is written at a time.
const BUFFERED_BYTES: usize = 64 * 1024;

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

/// Why nothing can be told.
#[derive(Debug, thiserror::Error)]
pub enum InitError {
    /// This process logs already.
    #[error(transparent)]
    Again(#[from] TryInitError),
    /// The file of the audit stream.
    #[error("AUDIT_LOG_FILE: {0}")]
    AuditFile(#[from] NotOpened),
    /// The settings of the exporter.
    #[error("OTEL_EXPORTER_OTLP_…: {0}")]
    Traces(String),
}

/// Writes the logs that are still on their way when it is dropped.
#[must_use = "dropping it ends the logging"]
pub struct TelemetryGuard {
    /// The file of the audit stream, where it has one.
    pub audit_file: Option<AuditFile>,
    #[cfg(feature = "otlp")]
    export: Option<otlp::Export>,
    // Before the log, which may have to say that the file cannot be written.
    _audit: Option<WorkerGuard>,
    _log: WorkerGuard,
}

impl TelemetryGuard {
    /// Exports the traces that still wait for it, for so long at most.
    #[cfg_attr(
        not(feature = "otlp"),
        expect(clippy::unused_async, reason = "there are none to wait for")
    )]
    pub async fn finish_traces(&self, within: Duration) {
        #[cfg(feature = "otlp")]
        if let Some(export) = &self.export {
            export.finish(within).await;
        }
        #[cfg(not(feature = "otlp"))]
        let _ = within;
    }
}

/// From now on this process logs to its standard error, the audit stream to its own file where there
/// is one, and exports traces where that is wanted.
///
/// Lines are written by a thread of their own, so that a slow terminal does not slow requests;
/// none is thrown away, because audit events must not be.
pub fn init(
    settings: &LogSettings,
    traces: Option<&TraceSettings>,
) -> Result<TelemetryGuard, InitError> {
    let audit_file = settings.audit_file.as_deref().map(AuditFile::open);
    let audit_file = audit_file.transpose()?;
    let (audit, audit_guard) = audit_file.clone().map(in_background).unzip();
    // What is there by then is written at once.
    let (log, log_guard) = in_background(BufWriter::with_capacity(BUFFERED_BYTES, io::stderr()));
    #[cfg(feature = "otlp")]
    let export = traces.map(otlp::Export::start).transpose();
    #[cfg(feature = "otlp")]
    let export = export.map_err(|error| InitError::Traces(error.to_string()))?;
    let sinks = Sinks {
        filter: settings.filter.clone(),
        format: settings.format,
        log,
        audit,
        #[cfg(feature = "otlp")]
        export: export.as_ref().map(otlp::Export::layer),
        #[cfg(not(feature = "otlp"))]
        export: None,
    };
    #[cfg(not(feature = "otlp"))]
    let _ = traces;
    sinks.into_subscriber().try_init()?;
    std::panic::set_hook(Box::new(log_panic));
    Ok(TelemetryGuard {
        audit_file,
        #[cfg(feature = "otlp")]
        export,
        _audit: audit_guard,
        _log: log_guard,
    })
}

fn in_background(writer: impl Write + Send + 'static) -> (NonBlocking, WorkerGuard) {
    let builder = NonBlockingBuilder::default()
        .lossy(false)
        .buffered_lines_limit(WAITING_LINES);
    builder.finish(Paced(writer))
}

/// Says where, and not what: a panic's message may quote the data that caused it.
fn log_panic(panic: &PanicHookInfo<'_>) {
    let place = panic.location().map(tracing::field::display);
    error!(place, "a panic; this is a bug of remint");
}
