//! Logs: what is written, how, and where to.

use std::fmt;
use std::io::IsTerminal;
use std::panic::PanicHookInfo;
use std::str::FromStr;

use tracing::{Level, error};
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
        // To the library a word alone may be the name of a target: a misspelt level would be
        // one, and silence everything else.
        let is_level = |part: &str| part.parse::<Level>().is_ok() || part == "off";
        let stands = |part: &str| part.contains(['=', '[']) || is_level(part);
        if filter.split(',').all(|part| stands(part.trim())) && EnvFilter::try_new(filter).is_ok() {
            return Ok(Self(filter.to_owned()));
        }
        Err("expected error, warn, info, debug, trace, off, or target=level pairs")
    }
}

impl LogFilter {
    /// As the library wants it. The audit stream is on whatever the level, unless it is named;
    /// and sqlx quotes the parts of a database's URL that it does not know.
    fn directives(&self) -> String {
        let audit = if self.0.contains("remint::audit") {
            ""
        } else {
            ",remint::audit=info"
        };
        format!("{}{audit},sqlx_postgres::options=off", self.0)
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
    let filter = EnvFilter::try_new(settings.filter.directives()).unwrap_or_default();
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelt_level_is_not_taken_for_a_target() {
        for good in [
            "info",
            "ERROR",
            "off",
            "warn,remint::audit=info",
            "remint[span]=debug",
        ] {
            assert!(good.parse::<LogFilter>().is_ok(), "{good}");
        }
        for bad in ["inof", "warn,inof", "remint=loud", ""] {
            assert!(bad.parse::<LogFilter>().is_err(), "{bad}");
        }
    }

    #[test]
    fn the_audit_stream_is_on_unless_it_is_named() {
        let directives = |filter: &str| filter.parse::<LogFilter>().unwrap().directives();

        assert!(directives("error").contains("remint::audit=info"));
        assert!(!directives("error,remint::audit=off").contains("remint::audit=info"));
    }
}
