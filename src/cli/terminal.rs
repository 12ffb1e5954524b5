//! What people see: results on the standard output, errors on the standard error.

use std::error::Error;
use std::io::{self, ErrorKind, Write};
use std::process::ExitCode;
use std::sync::OnceLock;

use comfy_table::Table;
use comfy_table::presets::ASCII_MARKDOWN;
use serde_json::Value;

/// Why a command ends with a failure.
pub(super) enum Failure {
    /// It has already said all there is to say.
    Said,
    /// To be shown.
    Error(Box<dyn Error + Send + Sync>),
}

impl<E: Into<Box<dyn Error + Send + Sync>>> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::Error(error.into())
    }
}

/// The outcome of a command.
pub(super) type Outcome = Result<(), Failure>;

/// Why a line of results could not be written, the first time.
static UNSAID: OnceLock<io::Error> = OnceLock::new();

/// Writes a line of results. Whether it could be written, [`all_said`] tells.
pub(super) fn say(line: impl AsRef<str>) {
    if let Err(error) = writeln!(io::stdout(), "{}", line.as_ref()) {
        UNSAID.set(error).ok();
    }
}

/// Fails if a line of results is lost. A reader that has gone away (`| head`) is no error.
pub(super) fn all_said() -> Outcome {
    match UNSAID.get() {
        Some(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(format!("the result could not be written: {error}").into())
        }
        Some(_) | None => Ok(()),
    }
}

/// Writes a line about the work, not part of the results.
pub(super) fn note(line: impl AsRef<str>) {
    writeln!(io::stderr(), "{}", line.as_ref()).ok();
}

/// Writes an error.
pub(super) fn fail(message: &str) -> ExitCode {
    note(format!("remint: {message}"));
    ExitCode::FAILURE
}

/// Writes a table for people, or for programs a JSON list of one object per row.
pub(super) fn table<C: Clone + Into<Value>>(header: &[&str], rows: &[Vec<C>], json: bool) {
    let rows = rows.iter().map(|row| row.iter().cloned().map(Into::into));
    if json {
        let names = || {
            let lower = header.iter().map(|name| name.to_lowercase());
            lower.map(|name| name.replace(' ', "_"))
        };
        let objects = rows.map(|row| names().zip(row).collect::<Value>());
        say(objects.collect::<Value>().to_string());
        return;
    }
    let text = |cell: Value| {
        cell.as_str()
            .map_or_else(|| cell.to_string(), str::to_owned)
    };
    let mut table = Table::new();
    table.load_style(ASCII_MARKDOWN).set_header(header.to_vec());
    table.add_rows(rows.map(|row| row.map(text)));
    say(table.to_string());
}
