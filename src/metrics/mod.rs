//! Figures of the running service, for Prometheus.
//!
//! *Closed sets.* Every label has one of a few values that the code or the settings know
//! beforehand. Nothing that a request says makes a series, and nothing of it can be read here.
//!
//! *What recording costs.* A few atomic additions: who records has the very series at hand, so
//! there is no lock and no look-up by name. What can be asked at any time (a pool, a queue, the
//! memory) is not recorded at all, but asked when somebody reads the figures.
//!
//! *Why this library.* Its histograms have no lock, and its text is the one that every scraper and
//! `promtool` read. It brings no crate that was not there.

mod answers;
mod build;
mod database;
mod grid;
mod limits;
mod process;
mod provider;

use std::sync::{Mutex, PoisonError};

use prometheus::core::Collector;
use prometheus::{
    Histogram, HistogramOpts, HistogramVec, IntCounterVec, IntGaugeVec, Opts, Registry, TextEncoder,
};

pub use answers::{Answer, Answers, UnderWay, Words};
pub use build::describe;
pub use database::{DatabaseMetrics, Pool, Statement, StatementMeter};
pub use limits::{LimitKind, LimitMetrics, RedisMeter};
pub use process::watch_process;
pub use provider::{ProviderCall, ProviderMeter, ProviderOutcome};

/// The figures could not be set up, or not be written. A fault of the code.
#[derive(Debug, thiserror::Error)]
#[error("the metrics are wrong: {0}")]
pub struct MetricsError(#[from] prometheus::Error);

/// Every figure that there is.
#[derive(Default)]
pub struct Metrics {
    registry: Registry,
    samplers: Mutex<Vec<Sampler>>,
}

/// Brings figures up to date that are not recorded as they change.
type Sampler = Box<dyn Fn() + Send + Sync>;

impl Metrics {
    /// Calls `sampler` each time before the figures are read. It must not wait.
    pub fn before_reading(&self, sampler: impl Fn() + Send + Sync + 'static) {
        let mut samplers = self.samplers.lock().unwrap_or_else(PoisonError::into_inner);
        samplers.push(Box::new(sampler));
    }

    /// All figures as of now, in the text format of Prometheus, version 0.0.4.
    pub fn text(&self) -> Result<String, MetricsError> {
        let samplers = self.samplers.lock().unwrap_or_else(PoisonError::into_inner);
        samplers.iter().for_each(|sampler| sampler());
        drop(samplers);
        Ok(TextEncoder::new().encode_to_string(&self.registry.gather())?)
    }

    fn counters(&self, name: &str, help: &str, labels: &[&str]) -> Made<IntCounterVec> {
        self.register(IntCounterVec::new(Opts::new(name, help), labels)?)
    }

    fn gauges(&self, name: &str, help: &str, labels: &[&str]) -> Made<IntGaugeVec> {
        self.register(IntGaugeVec::new(Opts::new(name, help), labels)?)
    }

    fn histograms(&self, spread: Spread<'_>, labels: &[&str]) -> Made<HistogramVec> {
        let Spread {
            name,
            help,
            buckets,
        } = spread;
        let opts = HistogramOpts::new(name, help).buckets(buckets.to_vec());
        self.register(HistogramVec::new(opts, labels)?)
    }

    fn register<C: Collector + Clone + 'static>(&self, collector: C) -> Made<C> {
        self.registry.register(Box::new(collector.clone()))?;
        Ok(collector)
    }
}

type Made<T> = Result<T, MetricsError>;

/// A histogram, and how finely it tells.
#[derive(Clone, Copy)]
struct Spread<'a> {
    name: &'a str,
    help: &'a str,
    buckets: &'a [f64],
}

/// Times in seconds, from a tenth of a millisecond to the longest that a request may take.
const SECONDS: [f64; 16] = [
    0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5,
    5.0, 10.0,
];

/// Reads a figure that may be too large for the library; none of ours ever is.
fn figure(number: impl TryInto<i64>) -> i64 {
    number.try_into().unwrap_or(i64::MAX)
}

/// Notes how long something took.
fn observe(histogram: &Histogram, took: std::time::Duration) {
    histogram.observe(took.as_secs_f64());
}
