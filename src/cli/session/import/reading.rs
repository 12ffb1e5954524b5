//! From the file to the sessions that are to be written down.

use std::io::BufRead;

use crate::domain::{Contract, Session};
use crate::service::{Adoption, Importer};

use super::format::{BadHeader, CsvRows, Format, Rows};
use super::lines::Lines;
use super::row::BadLine;

/// How many sessions are written down by one statement.
const SESSIONS_AT_ONCE: usize = 500;

/// After how many lines that came to nothing they are spoken of all the same.
const LINES_AT_ONCE: u64 = 10_000;

/// How a file is to be understood.
pub(super) struct Reading {
    pub(super) importer: Importer,
    /// If nothing says it, the first line decides.
    pub(super) format: Option<Format>,
    /// For lines that name none.
    pub(super) contract: Option<Contract>,
}

/// What some lines in a row came to.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Chunk {
    pub(super) sessions: Vec<Session>,
    /// By the numbers of their lines.
    pub(super) bad: Vec<(u64, BadLine)>,
    pub(super) expired: u64,
    /// Those that began too long ago.
    pub(super) too_old: u64,
    /// How many of the sessions do not say when they began.
    pub(super) undated: u64,
    /// The number of the last line.
    pub(super) line: u64,
    /// How much of the file lies before its end.
    pub(super) bytes: u64,
}

/// The file could not be read to its end.
#[derive(Debug, thiserror::Error)]
pub(super) enum ReadError {
    /// It is not what it should be.
    #[error(transparent)]
    Header(#[from] BadHeader),
    /// The operating system says no.
    #[error("the file cannot be read: {0}")]
    Io(#[from] std::io::Error),
    /// Nobody wants the rest.
    #[error("the import has ended")]
    Unwanted,
}

impl Reading {
    /// Reads `input` to its end, or until `take` wants no more of it.
    pub(super) fn read(
        &self,
        input: impl BufRead,
        mut take: impl FnMut(Chunk) -> Result<(), ReadError>,
    ) -> Result<(), ReadError> {
        let mut lines = Lines::new(input);
        let mut rows = None;
        let (mut chunk, mut first) = (Chunk::default(), 0);
        while let Some(line) = lines.next()? {
            let rows = match (&mut rows, line.text) {
                (Some(rows), _) => rows,
                (None, Some(text)) => match self.format.unwrap_or_else(|| Format::of_line(text)) {
                    Format::Jsonl => rows.insert(Rows::Jsonl),
                    Format::Csv => {
                        let header = CsvRows::of_header(text, self.contract.is_none())?;
                        rows = Some(Rows::Csv(header));
                        continue;
                    }
                },
                (None, None) => return Err(BadHeader::Unreadable(BadLine::TooLong).into()),
            };
            match self.adopt(rows, line.text) {
                Ok((session, is_undated)) => chunk.put(session, is_undated),
                Err(bad) => chunk.bad.push((line.number, bad)),
            }
            (chunk.line, chunk.bytes) = (line.number, line.bytes);
            let is_full = chunk.sessions.len() == SESSIONS_AT_ONCE;
            if is_full || line.number - first >= LINES_AT_ONCE {
                first = line.number;
                take(std::mem::take(&mut chunk))?;
            }
        }
        if chunk.line > 0 {
            take(chunk)?;
        }
        Ok(())
    }

    /// What one line comes to, and whether it leaves open when its session began.
    fn adopt(&self, rows: &mut Rows, line: Option<&[u8]>) -> Result<(Adoption, bool), BadLine> {
        let row = rows.row(line.ok_or(BadLine::TooLong)?)?;
        let legacy = row.session(self.contract)?;
        let is_undated = legacy.issued_at.is_none();
        Ok((self.importer.adopt(legacy)?, is_undated))
    }
}

impl Chunk {
    fn put(&mut self, adoption: Adoption, is_undated: bool) {
        match adoption {
            Adoption::Expired => self.expired += 1,
            Adoption::Session(session) => {
                self.undated += u64::from(is_undated);
                self.sessions.push(*session);
            }
            Adoption::TooOld => self.too_old += 1,
        }
    }
}
