//! Logs: what is written, how, and where to.

use std::fmt;
use std::io::IsTerminal;
use std::panic::PanicHookInfo;
use std::str::FromStr;

use tracing::error;
use tracing_appender::non_blocking::{NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::util::TryInitError;

/// What is logged, in the syntax of `RUST_LOG`: `info`, `warn,remint::audit=info`, ….
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogFilter(String);

impl Default for LogFilter {
    fn default() -> Self {
        Self("info".to_owned())
    }
}

impl FromStr for LogFilter {
    type Err = &'static str;

    fn from_str(filter: &str) -> Result<Self, Self::Err> {
        match EnvFilter::try_new(filter) {
            Ok(_) => Ok(Self(filter.to_owned())),
            Err(_) => Err("expected error, warn, info, debug, trace, or target=level pairs"),
        }
    }
}

/// How a line looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// One JSON object a line, for machines.
    Json,
    /// For people.
    Pretty,
}

impl FromStr for LogFormat {
    type Err = &'static str;

    fn from_str(format: &str) -> Result<Self, Self::Err> {
        match format {
            "json" => Ok(Self::Json),
            "pretty" => Ok(Self::Pretty),
            _ => Err("expected pretty or json"),
        }
    }
}

/// What is logged, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogSettings {
    /// What.
    pub filter: LogFilter,
    /// How.
    pub format: LogFormat,
}

/// Writes the logs that are still on their way when it is dropped.
#[must_use = "dropping it ends the logging"]
pub struct LogGuard(#[expect(dead_code, reason = "it works by being dropped")] WorkerGuard);

/// From now on this process logs to its standard error.
///
/// Lines are written by a thread of their own, so that a slow terminal does not slow requests;
/// none is thrown away, because audit events must not be.
pub fn init(settings: &LogSettings) -> Result<LogGuard, TryInitError> {
    use tracing_subscriber::util::SubscriberInitExt;

    let builder = NonBlockingBuilder::default().lossy(false);
    let (writer, guard) = builder.finish(std::io::stderr());
    let filter = EnvFilter::try_new(&settings.filter.0).unwrap_or_default();
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(writer);
    match settings.format {
        LogFormat::Json => subscriber.json().flatten_event(true).finish().try_init()?,
        LogFormat::Pretty => subscriber.finish().try_init()?,
    }
    std::panic::set_hook(Box::new(log_panic));
    Ok(LogGuard(guard))
}

/// Says where, and not what: a panic's message may quote the data that caused it.
fn log_panic(panic: &PanicHookInfo<'_>) {
    let place = panic.location().map(tracing::field::display);
    error!(place, "a panic; this is a bug of remint");
}

impl fmt::Display for LogFilter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
