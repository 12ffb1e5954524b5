//! Writing lines a moment apart.

use std::io::{self, Write};
use std::thread;
use std::time::Duration;

/// Between two times that lines are written. Nobody who reads them notices, and a process that is killed loses
/// no more than what it answered in that time.
const PAUSE: Duration = Duration::from_millis(5);

/// Writes a line at once, and those of the next [`PAUSE`] together after it.
///
/// *Why.* The thread that writes falls asleep as soon as no line is there. Where one request follows
/// another, each would wake it, which takes longer than the writing.
pub(super) struct Paced<W>(pub(super) W);

impl<W: Write> Write for Paced<W> {
    fn write(&mut self, lines: &[u8]) -> io::Result<usize> {
        self.0.write(lines)
    }

    fn flush(&mut self) -> io::Result<()> {
        let done = self.0.flush();
        thread::sleep(PAUSE);
        done
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::time::Instant;

    use super::super::in_background;
    use super::*;

    /// Counts how often lines were written.
    #[derive(Clone, Default)]
    struct Flushes(Arc<AtomicU32>);

    impl Write for Flushes {
        fn write(&mut self, lines: &[u8]) -> io::Result<usize> {
            Ok(lines.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            self.0.fetch_add(1, Ordering::SeqCst);
            Ok(())
        }
    }

    #[test]
    fn lines_that_follow_each_other_are_written_together() {
        let flushes = Flushes::default();
        let begun = Instant::now();
        let (mut log, _guard) = in_background(flushes.clone());

        while flushes.0.load(Ordering::SeqCst) < 20 {
            log.write_all(b"a line\n").unwrap();
            thread::yield_now();
        }

        assert!(begun.elapsed() >= 19 * PAUSE);
    }
}
