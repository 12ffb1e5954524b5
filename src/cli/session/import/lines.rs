//! Lines of bounded length.

use std::io::{self, BufRead, Read};

/// Room for a token and claims of any size that is imported, however they are escaped.
pub(super) const MAX_LINE_BYTES: usize = 32 * 1_024;

/// What Windows writes at the beginning of a file.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Reads one line after the other into the same memory.
pub(super) struct Lines<R> {
    input: R,
    buffer: Vec<u8>,
    number: u64,
    bytes: u64,
}

/// A line.
pub(super) struct Line<'a> {
    /// The first one is 1.
    pub(super) number: u64,
    /// Without its end; [`None`] if it is too long to be read.
    pub(super) text: Option<&'a [u8]>,
    /// How much was read up to its end.
    pub(super) bytes: u64,
}

impl<R: BufRead> Lines<R> {
    pub(super) fn new(input: R) -> Self {
        Self {
            input,
            buffer: Vec::new(),
            number: 0,
            bytes: 0,
        }
    }

    /// The next line that is not blank.
    pub(super) fn next(&mut self) -> io::Result<Option<Line<'_>>> {
        loop {
            let Some(is_whole) = self.fill()? else {
                return Ok(None);
            };
            self.number += 1;
            if !is_whole {
                while self.fill()? == Some(false) {}
                return Ok(Some(self.line(None)));
            }
            if !self.text().trim_ascii().is_empty() {
                return Ok(Some(self.line(Some(self.text()))));
            }
        }
    }

    /// What was read last, without its end.
    fn text(&self) -> &[u8] {
        let text = self.buffer.strip_suffix(b"\n").unwrap_or(&self.buffer);
        let text = text.strip_suffix(b"\r").unwrap_or(text);
        match text.strip_prefix(BYTE_ORDER_MARK) {
            Some(text) if self.number == 1 => text,
            _ => text,
        }
    }

    fn line<'a>(&self, text: Option<&'a [u8]>) -> Line<'a> {
        Line {
            number: self.number,
            text,
            bytes: self.bytes,
        }
    }

    /// Reads up to the end of the line, or as much as a line may have: whether that was its end.
    fn fill(&mut self) -> io::Result<Option<bool>> {
        self.buffer.clear();
        let mut bounded = (&mut self.input).take(MAX_LINE_BYTES as u64 + 1);
        let read = bounded.read_until(b'\n', &mut self.buffer)?;
        self.bytes += read as u64;
        let is_whole = read <= MAX_LINE_BYTES || self.buffer.ends_with(b"\n");
        Ok((read > 0).then_some(is_whole))
    }
}
