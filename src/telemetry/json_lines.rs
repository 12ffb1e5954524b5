//! Lines of JSON, of which those of the audit stream are written quickly.
//!
//! *Why not by the library alone.* It passes on each quote and comma by itself, through five functions,
//! looks for what must be escaped in names that are written here, and takes each instant apart into a
//! date; for a line of the audit stream, which every refresh has, that came to a sixth of all its work.
//! Such a line says what the library's would; all other lines are the library's.

use std::fmt::{self, Debug, Write as _};
use std::mem;
use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, Utc};
use serde_json::Value;
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

use super::subscriber::AUDIT;

/// There is room from the start for most lines, in bytes.
const USUAL_LINE: usize = 512;

/// The same for one value of them.
const USUAL_VALUE: usize = 64;

/// Writes lines as the library's `F` does, whose events must be flattened.
pub(super) struct JsonLines<F> {
    library: F,
    second: Mutex<Second>,
}

/// The second of the last line.
#[derive(Default)]
struct Second {
    number: i64,
    /// As a date and a time.
    text: String,
}

impl<F> JsonLines<F> {
    pub(super) fn new(library: F) -> Self {
        Self {
            library,
            second: Mutex::default(),
        }
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "a line says when it was written, whatever the service takes for the time"
)]
fn now() -> DateTime<Utc> {
    Utc::now()
}

impl Second {
    /// Writes an instant, with microseconds (RFC 3339).
    fn write(&mut self, now: DateTime<Utc>, line: &mut String) -> fmt::Result {
        if self.text.is_empty() || self.number != now.timestamp() {
            self.number = now.timestamp();
            self.text = now.format("%FT%T").to_string();
        }
        line.push_str(&self.text);
        write!(line, ".{:06}Z", now.timestamp_subsec_micros())
    }
}

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
        let metadata = event.metadata();
        if metadata.target() != AUDIT || context.parent_span().is_some() {
            return self.library.format_event(context, writer, event);
        }
        let mut line = String::with_capacity(USUAL_LINE);
        line.push_str("{\"timestamp\":\"");
        let mut second = self.second.lock().unwrap_or_else(PoisonError::into_inner);
        second.write(now(), &mut line)?;
        drop(second);
        line.push('"');
        let mut members = Members {
            text: line,
            value: String::with_capacity(USUAL_VALUE),
        };
        members.add_text("level", metadata.level().as_str());
        event.record(&mut members);
        members.add_text("target", metadata.target());
        members.text.push_str("}\n");
        writer.write_str(&members.text)
    }
}

/// An object that has a member by then.
struct Members {
    /// So far.
    text: String,
    /// One value, before it is known whether anything in it must be escaped.
    value: String,
}

impl Members {
    /// Adds a name, which stands in our code.
    fn add_name(&mut self, name: &str) {
        debug_assert!(
            !name.contains(['"', '\\']),
            "{name} would have to be escaped"
        );
        self.text.push_str(",\"");
        self.text.push_str(name);
        self.text.push_str("\":");
    }

    fn add_text(&mut self, name: &str, text: &str) {
        self.add_name(name);
        // All of them, also after the first: so the compiler looks at many at a time.
        let is_special = |byte: u8| byte < b' ' || byte == b'"' || byte == b'\\';
        let has_special = text.bytes().fold(false, |any, byte| any | is_special(byte));
        if has_special {
            self.text.push_str(&Value::from(text).to_string());
        } else {
            self.text.push('"');
            self.text.push_str(text);
            self.text.push('"');
        }
    }

    /// Adds what is no text.
    fn add(&mut self, name: &str, value: &impl ToString) {
        self.add_name(name);
        self.text.push_str(&value.to_string());
    }
}

impl Visit for Members {
    fn record_bool(&mut self, field: &Field, value: bool) {
        self.add(field.name(), &value);
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        let mut text = mem::take(&mut self.value);
        // A value that cannot be written is left where it fails.
        write!(text, "{value:?}").ok();
        self.add_text(field.name(), &text);
        text.clear();
        self.value = text;
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.add(field.name(), &Value::from(value));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.add(field.name(), &value);
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.add_text(field.name(), value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.add(field.name(), &value);
    }
}

#[cfg(test)]
mod tests {
    use std::error::Error;
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
            let time = time.strip_prefix(r#"{"timestamp":""#).unwrap();
            assert_eq!(time.len(), "2026-11-22T10:00:00.000000Z".len(), "{line}");
            assert!(time.parse::<DateTime<Utc>>().is_ok(), "{line}");
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
        let quick = layer().map_event_format(JsonLines::new);
        let quick = quick.with_writer(Arc::clone(&ours)).boxed();
        let library = layer().with_writer(Arc::clone(&librarys)).boxed();
        let subscriber = registry().with(vec![quick, library]);

        with_default(subscriber, || {
            let nothing: Option<&str> = None;
            let shown = Some(display("shown"));
            info!(target: AUDIT, text = "\"quoted\"\\\n\u{1}ü", count = 7_u64, shown, nothing, "said");
            warn!(target: AUDIT, negative = -1, ratio = 0.5, is_it = true, debug = ?[1, 2]);
            let cause: &(dyn Error + 'static) = &std::fmt::Error;
            warn!(target: AUDIT, none = f64::NAN, large = u128::MAX, cause, text = "\u{7f}\u{2028}");
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
        assert!(ours[4].contains(r#""what":"around""#), "{}", ours[4]);
    }

    #[test]
    fn each_instant_is_written_as_its_own() {
        let instants = [
            "1970-01-01T00:00:00.000000Z",
            "2026-11-23T09:59:59.999999Z",
            "2026-11-23T10:00:00.000007Z",
            "2026-11-23T10:00:00.120000Z",
            "2026-11-23T09:59:59.999999Z",
        ];
        let mut second = Second::default();

        for instant in instants {
            let mut line = String::new();
            second.write(instant.parse().unwrap(), &mut line).unwrap();
            assert_eq!(line, instant);
        }
    }
}
