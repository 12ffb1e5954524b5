//! How far an import is: a bar on a terminal, now and then a line elsewhere.

use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use super::super::super::terminal::note;

/// Between two lines.
const EVERY: Duration = Duration::from_secs(10);

/// Says how far the import is.
pub(super) struct Progress {
    bar: ProgressBar,
    spoken: Instant,
}

impl Progress {
    /// For a file of so many bytes, if it is one.
    pub(super) fn new(length: Option<u64>) -> Self {
        let bar = match length {
            Some(length) => ProgressBar::new(length).with_style(style()),
            None => ProgressBar::new_spinner(),
        };
        Self {
            bar,
            spoken: Instant::now(),
        }
    }

    /// Everything up to that line is done.
    pub(super) fn advance(&mut self, line: u64, bytes: u64) {
        let text = format!("line {line}");
        self.bar.set_position(bytes);
        if self.bar.is_hidden() && self.spoken.elapsed() >= EVERY {
            note(format!("at {text}"));
            self.spoken = Instant::now();
        }
        self.bar.set_message(text);
    }

    /// Writes a line that stays.
    pub(super) fn note(&self, line: String) {
        self.bar.suspend(|| note(line));
    }

    /// Takes the bar away.
    pub(super) fn end(&self) {
        self.bar.finish_and_clear();
    }
}

fn style() -> ProgressStyle {
    ProgressStyle::with_template("{wide_bar} {bytes}/{total_bytes} {msg}, {eta} left")
        .unwrap_or_else(|_| ProgressStyle::default_bar())
}
