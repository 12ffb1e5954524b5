//! The formats of the file, line by line.

use std::borrow::Cow;
use std::io::Cursor;
use std::path::Path;

use clap::ValueEnum;

use crate::domain::Subject;
use crate::json::{StrictObject, as_string};

use super::row::{BadLine, Column, Row, names};

/// How a file says what it says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// A header line, then values between commas
    Csv,
    /// A JSON object on each line
    Jsonl,
}

impl Format {
    /// What the name of a file says about its format.
    pub(super) fn of_name(path: &Path) -> Option<Self> {
        let extension = path.extension()?.to_str()?.to_ascii_lowercase();
        match extension.as_str() {
            "csv" => Some(Self::Csv),
            "jsonl" | "ndjson" => Some(Self::Jsonl),
            _ => None,
        }
    }

    /// What the first line says about it.
    pub(super) fn of_line(line: &[u8]) -> Self {
        if line.trim_ascii_start().starts_with(b"{") {
            Self::Jsonl
        } else {
            Self::Csv
        }
    }
}

/// Why the whole file cannot be read. Says nothing of what stands in it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum BadHeader {
    /// A column is needed that is not there.
    #[error("the header line has no column {0}")]
    Missing(&'static str),
    /// A column stands twice.
    #[error("the header line has the column {0} twice")]
    Twice(&'static str),
    /// A column that means nothing.
    #[error("column {0} of the header line is none of {names}", names = names())]
    Unknown(usize),
    /// The line is none.
    #[error("the header line cannot be read: {0}")]
    Unreadable(BadLine),
}

/// Reads the lines of one file.
pub(super) enum Rows {
    Csv(CsvRows),
    Jsonl,
}

impl Rows {
    pub(super) fn row<'a>(&'a mut self, line: &'a [u8]) -> Result<Row<'a>, BadLine> {
        match self {
            Self::Csv(rows) => rows.row(line),
            Self::Jsonl => json_row(line),
        }
    }
}

/// Lines of values between commas.
pub(super) struct CsvRows {
    columns: Vec<Column>,
    fields: Fields,
}

impl CsvRows {
    /// What the header line promises; `needs_contract` if nothing else names one.
    pub(super) fn of_header(line: &[u8], needs_contract: bool) -> Result<Self, BadHeader> {
        let mut fields = Fields::new();
        let header = fields.split(line).map_err(BadHeader::Unreadable)?;
        let mut columns = Vec::new();
        for (index, name) in header.iter().enumerate() {
            let column = Column::of_name(name).ok_or(BadHeader::Unknown(index + 1))?;
            if columns.contains(&column) {
                return Err(BadHeader::Twice(column.name()));
            }
            columns.push(column);
        }
        for column in [Column::User, Column::ExpiresAt, Column::Contract] {
            let is_needed = column != Column::Contract || needs_contract;
            if is_needed && !columns.contains(&column) {
                return Err(BadHeader::Missing(column.name()));
            }
        }
        if !columns.contains(&Column::Token) && !columns.contains(&Column::Sha256) {
            return Err(BadHeader::Missing("token or sha256"));
        }
        Ok(Self { columns, fields })
    }

    fn row(&mut self, line: &[u8]) -> Result<Row<'_>, BadLine> {
        let record = self.fields.split(line)?;
        if record.len() != self.columns.len() {
            return Err(BadLine::Width {
                found: record.len(),
                expected: self.columns.len(),
            });
        }
        let mut row = Row::default();
        for (column, field) in self.columns.iter().zip(record) {
            row.put(*column, Cow::Borrowed(field))?;
        }
        Ok(row)
    }
}

/// Splits lines at their commas.
///
/// *Why line by line.* A quote that is not closed would else swallow the rest of the file, and
/// nothing that is imported has line breaks in it.
struct Fields {
    reader: csv::Reader<Cursor<Vec<u8>>>,
    record: csv::StringRecord,
}

impl Fields {
    fn new() -> Self {
        Self {
            reader: reader(),
            record: csv::StringRecord::new(),
        }
    }

    fn split(&mut self, line: &[u8]) -> Result<&csv::StringRecord, BadLine> {
        let input = self.reader.get_mut();
        input.set_position(0);
        let text = input.get_mut();
        text.clear();
        text.extend_from_slice(line);
        text.push(b'\n');
        let read = self.reader.read_record(&mut self.record);
        // Nothing else puts the end of the line into a field.
        let is_open = self.record.iter().any(|field| field.ends_with('\n'));
        if read.is_ok() && !is_open {
            return Ok(&self.record);
        }
        // It has seen the end of its input, and is not made to go on.
        self.reader = reader();
        // There is nothing else that it minds.
        Err(read.map_or(BadLine::Utf8, |_| BadLine::UnclosedQuote))
    }
}

fn reader() -> csv::Reader<Cursor<Vec<u8>>> {
    csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .terminator(csv::Terminator::Any(b'\n'))
        .from_reader(Cursor::default())
}

fn json_row(line: &[u8]) -> Result<Row<'_>, BadLine> {
    if std::str::from_utf8(line).is_err() {
        return Err(BadLine::Utf8);
    }
    let object = StrictObject::parse(line)?;
    let mut row = Row::default();
    for (name, value) in object.iter() {
        let column = Column::of_name(name).ok_or(BadLine::Unknown)?;
        let text = match (column, as_string(value), value.get()) {
            (_, _, "null") => continue,
            (Column::Claims, _, object) => Cow::Borrowed(object),
            (_, Some(text), _) => text,
            (Column::ExpiresAt | Column::IssuedAt, None, number) => Cow::Borrowed(number),
            (Column::User, None, number) => {
                let wrong = |_| BadLine::NotText(column.name());
                row.user = Some(Subject::Integer(number.parse().map_err(wrong)?));
                continue;
            }
            (Column::Contract | Column::Sha256 | Column::Token, None, _) => {
                return Err(BadLine::NotText(column.name()));
            }
        };
        row.put(column, text)?;
    }
    Ok(row)
}
