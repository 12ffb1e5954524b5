//! What the process takes of its machine, under the names that every client of Prometheus has for
//! it.
//!
//! *Why not the library's own.* It says whole seconds of CPU time, and takes a dozen crates more.

use std::fs;

use chrono::{DateTime, Utc};
use prometheus::{Counter, IntGauge};

use super::{Made, Metrics, figure};

/// How often a second Linux counts to programs, whatever its own clock does.
const TICKS: f64 = 100.0;

struct Process {
    cpu: Counter,
    resident: IntGauge,
    virtual_size: IntGauge,
    threads: IntGauge,
    open_files: IntGauge,
}

/// Shows figures of this process, which has run since `start`, where the system has them in `/proc`.
pub fn watch_process(metrics: &Metrics, start: DateTime<Utc>) -> Made<()> {
    let gauge = |name, help| metrics.register(IntGauge::new(name, help)?);
    let help = "When the process started, in seconds since 1970.";
    gauge("process_start_time_seconds", help)?.set(start.timestamp());
    if Seen::now().is_none() {
        return Ok(());
    }
    if let Some(most) = max_open_files() {
        let help = "The most files and connections that the process may have open.";
        gauge("process_max_fds", help)?.set(figure(most));
    }
    let help = "CPU time that the process has taken, in user and system mode.";
    let process = Process {
        cpu: metrics.register(Counter::new("process_cpu_seconds_total", help)?)?,
        resident: gauge(
            "process_resident_memory_bytes",
            "Memory of the process that is in RAM.",
        )?,
        virtual_size: gauge(
            "process_virtual_memory_bytes",
            "Address space of the process.",
        )?,
        threads: gauge("process_threads", "Threads of the process.")?,
        open_files: gauge(
            "process_open_fds",
            "Files and connections that the process has open.",
        )?,
    };
    metrics.before_reading(move || process.look());
    Ok(())
}

impl Process {
    fn look(&self) {
        let Some(seen) = Seen::now() else {
            return;
        };
        self.cpu
            .inc_by((seen.cpu_seconds - self.cpu.get()).max(0.0));
        self.resident.set(figure(seen.resident_bytes));
        self.virtual_size.set(figure(seen.virtual_bytes));
        self.threads.set(figure(seen.threads));
        if let Ok(files) = fs::read_dir("/proc/self/fd") {
            // The one that lists them is not counted.
            self.open_files.set(figure(files.count().saturating_sub(1)));
        }
    }
}

/// What the system says of the process.
#[derive(Debug, PartialEq)]
struct Seen {
    cpu_seconds: f64,
    resident_bytes: u64,
    virtual_bytes: u64,
    threads: u64,
}

impl Seen {
    fn now() -> Option<Self> {
        let stat = fs::read_to_string("/proc/self/stat").ok()?;
        let status = fs::read_to_string("/proc/self/status").ok()?;
        Self::read(&stat, &status)
    }

    /// Reads both texts (proc(5)).
    fn read(stat: &str, status: &str) -> Option<Self> {
        // The name before it is the process's own, with whatever it likes in it.
        let (_, fields) = stat.rsplit_once(')')?;
        let mut fields = fields.split_ascii_whitespace().skip(11);
        let mut ticks = || fields.next()?.parse::<u32>().ok();
        let cpu_seconds = (f64::from(ticks()?) + f64::from(ticks()?)) / TICKS;
        let number = |name: &str| {
            let mut lines = status.lines();
            let line = lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
            line.split_ascii_whitespace().next()?.parse::<u64>().ok()
        };
        Some(Self {
            cpu_seconds,
            resident_bytes: number("VmRSS")?.saturating_mul(1024),
            virtual_bytes: number("VmSize")?.saturating_mul(1024),
            threads: number("Threads")?,
        })
    }
}

/// None where there may be any number.
fn max_open_files() -> Option<u64> {
    let limits = fs::read_to_string("/proc/self/limits").ok()?;
    let mut lines = limits.lines();
    let line = lines.find_map(|line| line.strip_prefix("Max open files"))?;
    line.split_ascii_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_process_does_not_count_as_a_figure() {
        let stat = "7 (a) 1 2) S 1 7 7 0 -1 4194560 100 0 0 0 250 50 0 0 20 0 3 0 9 1 2 3";
        let status = "Name:\ta) 1\nVmSize:\t  2048 kB\nVmRSS:\t  1024 kB\nThreads:\t3\n";

        let seen = Seen::read(stat, status);

        let expected = Seen {
            cpu_seconds: 3.0,
            resident_bytes: 1 << 20,
            virtual_bytes: 2 << 20,
            threads: 3,
        };
        assert_eq!(seen, Some(expected));
    }

    #[test]
    fn what_cannot_be_read_is_no_figure() {
        assert_eq!(Seen::read("", ""), None);
        assert_eq!(Seen::read("7 (remint) S 1 2 3", "VmRSS: 1 kB"), None);
    }
}
