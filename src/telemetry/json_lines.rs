//! Lines of JSON, of which those of the audit stream are written quickly.
//!
//! *Why not by the library alone.* It passes on each quote and comma by itself, through five functions;
//! for a line of the audit stream, which every refresh has, that came to a sixth of all its work. So
//! such a line is made at once and passed on as a whole. What it says, and all other lines, are the
//! library's.

use std::fmt;

use serde::ser::{Error as _, Serialize, SerializeMap as _, Serializer};
use tracing::{Event, Subscriber};
use tracing_serde::SerdeMapVisitor;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::{FormatTime as _, SystemTime};
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

use super::subscriber::AUDIT;

/// Writes lines as the library's `F` does, whose events must be flattened.
pub(super) struct JsonLines<F>(pub(super) F);

impl<F, S, N> FormatEvent<S, N> for JsonLines<F>
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
        let is_audit = event.metadata().target() == AUDIT;
        if !is_audit || context.parent_span().is_some() {
            return self.0.format_event(context, writer, event);
        }
        let mut line = serde_json::to_string(&Line(event)).map_err(|_| fmt::Error)?;
        line.push('\n');
        writer.write_str(&line)
    }
}

/// An event that is within no span.
struct Line<'a>(&'a Event<'a>);

impl Serialize for Line<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut timestamp = String::new();
        let written = SystemTime.format_time(&mut Writer::new(&mut timestamp));
        written.map_err(S::Error::custom)?;
        let metadata = self.0.metadata();
        let mut members = serializer.serialize_map(None)?;
        members.serialize_entry("timestamp", &timestamp)?;
        members.serialize_entry("level", metadata.level().as_str())?;
        let mut fields = SerdeMapVisitor::new(members);
        self.0.record(&mut fields);
        members = fields.take_serializer()?;
        members.serialize_entry("target", metadata.target())?;
        members.end()
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::sync::Arc;

    use tempfile::NamedTempFile;
    use tracing::field::display;
    use tracing::subscriber::with_default;
    use tracing::{error, info, info_span, warn};
    use tracing_subscriber::layer::SubscriberExt as _;
    use tracing_subscriber::{Layer as _, fmt, registry};

    use super::*;

    /// The lines of that file, without the time that each begins with.
    fn lines(file: &NamedTempFile) -> Vec<String> {
        let text = fs::read_to_string(file.path()).unwrap();
        let timeless = |line: &str| {
            let (time, rest) = line.split_once(r#"","level""#).unwrap();
            assert_eq!(
                time.len(),
                r#"{"timestamp":"2026-11-22T10:00:00.000000Z"#.len()
            );
            rest.to_owned()
        };
        text.lines().map(timeless).collect()
    }

    #[test]
    fn each_line_is_the_librarys() {
        let (ours, librarys) = [(); 2]
            .map(|()| Arc::new(NamedTempFile::new().unwrap()))
            .into();
        let layer = || fmt::layer().json().flatten_event(true);
        let quick = layer().map_event_format(JsonLines);
        let quick = quick.with_writer(Arc::clone(&ours)).boxed();
        let library = layer().with_writer(Arc::clone(&librarys)).boxed();
        let subscriber = registry().with(vec![quick, library]);

        with_default(subscriber, || {
            let nothing: Option<&str> = None;
            let shown = Some(display("shown"));
            info!(target: AUDIT, text = "\"quoted\"\\\n\u{1}ü", count = 7_u64, shown, nothing, "said");
            warn!(target: AUDIT, negative = -1, ratio = 0.5, is_it = true, debug = ?[1, 2]);
            error!("of another target");
            let _within = info_span!("a_span", what = "around").entered();
            info!(target: AUDIT, "within a span");
        });

        let ours = lines(&ours);
        assert_eq!(ours, lines(&librarys));
        assert!(
            ours[0].contains(r#""count":7,"shown":"shown","target""#),
            "{}",
            ours[0]
        );
        assert!(ours[3].contains(r#""what":"around""#), "{}", ours[3]);
    }
}
