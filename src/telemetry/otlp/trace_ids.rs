//! Log lines that name the trace of their request.

use std::fmt;

use opentelemetry::trace::{TraceContextExt as _, TraceId};
use tracing::{Event, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

use super::super::filter::LogFormat;

/// Writes lines as `inner` does, with the id of the trace at their end.
pub(in super::super) struct TraceIds<F> {
    pub(in super::super) inner: F,
    pub(in super::super) format: LogFormat,
}

impl<F, S, N> FormatEvent<S, N> for TraceIds<F>
where
    F: FormatEvent<S, N>,
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let Some(id) = trace_id() else {
            return self.inner.format_event(context, writer, event);
        };
        let mut line = String::new();
        self.inner
            .format_event(context, Writer::new(&mut line), event)?;
        match (self.format, line.strip_suffix("}\n"), line.trim_end()) {
            (LogFormat::Json, Some(members), _) => {
                writeln!(writer, r#"{members},"trace_id":"{id}"}}"#)
            }
            (_, _, line) => writeln!(writer, "{line} trace_id={id}"),
        }
    }
}

/// The trace of the request that is being worked on.
fn trace_id() -> Option<TraceId> {
    opentelemetry::Context::map_current(|context| {
        let span = context.span();
        let id = span.span_context().trace_id();
        (id != TraceId::INVALID).then_some(id)
    })
}
