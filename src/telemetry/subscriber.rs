//! Which lines and spans go where.
//!
//! *Why one filter before all others.* Whether something is wanted is asked of the library more often
//! than it then comes: each filter of a single layer notes its refusal for the thread, and what comes
//! next on that thread, an event of the audit stream at worst, would be taken for what it has refused
//! (tokio-rs/tracing#2519, #2704). What no layer wants never reaches those filters; and there are none
//! but those by which several layers share out what is wanted. One of them refuses whatever another
//! takes, so that the library asks them anew each time.

use std::io::{self, IsTerminal};

use tracing::Subscriber;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::fmt::MakeWriter;
#[cfg(feature = "otlp")]
use tracing_subscriber::fmt::format::Format;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::{Layer, Registry};

use crate::trace;

use super::filter::{LogFilter, LogFormat};
use super::json_lines::JsonLines;
#[cfg(feature = "otlp")]
use super::otlp;

/// The target of the audit stream.
pub(super) const AUDIT: &str = "remint::audit";

/// Takes lines, or spans.
pub(super) type Sink = Box<dyn Layer<Registry> + Send + Sync>;

/// What is told, and where to.
pub(super) struct Sinks<W> {
    pub(super) filter: LogFilter,
    pub(super) format: LogFormat,
    pub(super) log: W,
    /// Takes the audit stream from the log.
    pub(super) audit: Option<W>,
    /// Takes the spans of [`trace`].
    pub(super) export: Option<Sink>,
}

impl<W> Sinks<W>
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    /// What takes everything that is told, and keeps what nobody wants from it.
    pub(super) fn into_subscriber(self) -> impl Subscriber + Send + Sync {
        let has_traces = self.export.is_some();
        let filter = self.filter.to_library(has_traces);
        let log = lines(self.format, has_traces, self.log);
        let layers = if self.audit.is_none() && !has_traces {
            vec![log]
        } else {
            // No more than that passes anyway; what is asked for is told by it at a glance.
            let most = filter.max_level_hint().unwrap_or(LevelFilter::TRACE);
            let mut rest = Targets::new().with_default(most);
            rest = rest.with_target(trace::TARGET, LevelFilter::OFF);
            let audit = self.audit.map(|audit| {
                let alone = Targets::new().with_target(AUDIT, most);
                let audit = lines(LogFormat::Json, has_traces, audit);
                audit.with_filter(alone).boxed()
            });
            if audit.is_some() {
                rest = rest.with_target(AUDIT, LevelFilter::OFF);
            }
            let log = log.with_filter(rest).boxed();
            self.export.into_iter().chain(audit).chain([log]).collect()
        };
        tracing_subscriber::registry().with(layers).with(filter)
    }
}

/// Writes lines, with the ids of traces where there are any.
fn lines<W>(format: LogFormat, has_traces: bool, writer: W) -> Sink
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    let is_terminal = io::stderr().is_terminal();
    let layer = tracing_subscriber::fmt::layer().with_writer(writer);
    let layer = layer.with_ansi(is_terminal);
    #[cfg(feature = "otlp")]
    if has_traces {
        return match format {
            LogFormat::Json => {
                let layer = layer.json().flatten_event(true);
                let with_ids = |inner| otlp::TraceIds {
                    inner: JsonLines::new(inner),
                    format,
                };
                layer.map_event_format(with_ids).boxed()
            }
            LogFormat::Pretty => {
                let with_ids = |inner: Format| otlp::TraceIds {
                    inner: inner.with_ansi(is_terminal),
                    format,
                };
                layer.map_event_format(with_ids).boxed()
            }
        };
    }
    let _ = has_traces;
    match format {
        LogFormat::Json => {
            let layer = layer.json().flatten_event(true);
            layer.map_event_format(JsonLines::new).boxed()
        }
        LogFormat::Pretty => layer.boxed(),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::sync::Arc;

    use tempfile::NamedTempFile;
    use tracing::dispatcher::get_default;
    use tracing::subscriber::with_default;
    use tracing::{Span, info, info_span, warn};
    use tracing_subscriber::fmt::format::FmtSpan;

    use super::*;

    /// What lines are written to.
    type File = Arc<NamedTempFile>;

    fn file() -> File {
        Arc::new(NamedTempFile::new().unwrap())
    }

    /// The lines of a file that contain `needle`.
    fn lines_with(needle: &str, file: &File) -> Vec<String> {
        let text = fs::read_to_string(file.path()).unwrap();
        let lines = text.lines().filter(|line| line.contains(needle));
        lines.map(str::to_owned).collect()
    }

    fn sinks(filter: &str, log: &File, audit: Option<&File>) -> Sinks<File> {
        Sinks {
            filter: filter.parse().unwrap(),
            format: LogFormat::Json,
            log: Arc::clone(log),
            audit: audit.map(Arc::clone),
            export: None,
        }
    }

    /// Asks whether that would be told, and then does not tell it.
    fn only_ask(span: &Span) -> bool {
        get_default(|current| current.enabled(span.metadata().unwrap()))
    }

    #[test]
    fn whoever_only_asks_costs_nobody_the_next_event() {
        let (log, audit) = (file(), file());

        for sinks in [sinks("info", &log, None), sinks("info", &log, Some(&audit))] {
            with_default(sinks.into_subscriber(), || {
                let unwanted = info_span!(target: trace::TARGET, "unwanted");
                let audited = info_span!(target: AUDIT, "audited");
                let logged = info_span!(target: "remint", "logged");

                for other in [unwanted, audited, logged] {
                    only_ask(&other);
                    info!(target: AUDIT, "an event");
                    only_ask(&other);
                    info!("a line");
                }
            });
        }

        let count = |needle, file| lines_with(needle, file).len();
        assert_eq!((count("a line", &log), count("a line", &audit)), (6, 0));
        assert_eq!((count("an event", &log), count("an event", &audit)), (3, 3));
    }

    #[test]
    fn spans_that_are_exported_are_nobody_elses() {
        let (log, audit, exported) = (file(), file(), file());
        let spans = Targets::new().with_target(trace::TARGET, LevelFilter::INFO);
        let export = tracing_subscriber::fmt::layer()
            .with_writer(Arc::clone(&exported))
            .with_span_events(FmtSpan::CLOSE)
            .with_filter(spans)
            .boxed();
        let sinks = Sinks {
            export: Some(export),
            ..sinks("off", &log, Some(&audit))
        };

        with_default(sinks.into_subscriber(), || {
            let span = info_span!(target: trace::TARGET, "a span");
            assert!(only_ask(&span));
            info!(target: AUDIT, "an event");
            warn!("nobody wants this");
            drop(span);
        });

        let count = |file| lines_with("", file).len();
        assert_eq!((count(&log), count(&audit), count(&exported)), (0, 1, 1));
        assert_eq!(lines_with("an event", &audit).len(), 1);
        assert_eq!(lines_with("a span", &exported).len(), 1);
    }

    #[test]
    fn what_is_not_wanted_is_not_told() {
        let log = file();

        with_default(sinks("warn", &log, None).into_subscriber(), || {
            let unwanted = info_span!(target: trace::TARGET, "unwanted");
            assert!(!only_ask(&unwanted));
            info!("nobody wants this");
            warn!("but this");
            info!(target: AUDIT, "and this");
        });

        let lines = lines_with("", &log);
        assert_eq!(lines.len(), 2, "{lines:?}");
        assert!(lines[0].contains("but this"), "{lines:?}");
        assert!(lines[1].contains("and this"), "{lines:?}");
    }
}
