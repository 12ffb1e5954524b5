//! What the databases are asked, how quickly they answer, and who waits for them.

use std::time::Duration;

use prometheus::{Histogram, HistogramVec, IntCounter, IntCounterVec, IntGaugeVec};

use super::{Made, Metrics, SECONDS, Spread, figure, observe};

/// Powers of two, up to the most questions of one statement.
const QUESTIONS: [f64; 9] = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0];

/// A kind of statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Statement {
    /// Writes the first rows of sessions.
    Begin,
    /// Changes one thing, for one caller alone.
    Change,
    /// Looks sessions up that refresh tokens name by their handles.
    FindHandle,
    /// Looks sessions up that refresh tokens name by their ids.
    FindSession,
    /// Looks users up.
    FindUser,
    /// Makes the next generations of sessions the current ones.
    Rotate,
    /// Looks up what is known about sessions and their users.
    Standing,
}

impl Statement {
    fn word(self) -> &'static str {
        match self {
            Self::Begin => "begin",
            Self::Change => "change",
            Self::FindHandle => "find_handle",
            Self::FindSession => "find_session",
            Self::FindUser => "find_user",
            Self::Rotate => "rotate",
            Self::Standing => "standing",
        }
    }
}

/// The connections of a pool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pool {
    /// Those that are open.
    pub open: u32,
    /// Those of them that nobody uses.
    pub idle: usize,
    /// The most that there may be.
    pub most: u32,
}

/// Figures of the databases.
#[derive(Clone)]
pub struct DatabaseMetrics {
    durations: HistogramVec,
    batches: HistogramVec,
    failures: IntCounterVec,
    queues: IntGaugeVec,
    connections: IntGaugeVec,
    most_connections: IntGaugeVec,
}

impl DatabaseMetrics {
    /// Figures that are all 0.
    pub fn new(metrics: &Metrics) -> Made<Self> {
        let durations = Spread {
            name: "remint_database_duration_seconds",
            help: "How long statements took, waiting for a connection included.",
            buckets: &SECONDS,
        };
        let batches = Spread {
            name: "remint_database_batch_size",
            help: "How many look-ups or changes one statement had.",
            buckets: &QUESTIONS,
        };
        let statement = ["statement"];
        Ok(Self {
            durations: metrics.histograms(durations, &statement)?,
            batches: metrics.histograms(batches, &statement)?,
            failures: metrics.counters(
                "remint_database_failures_total",
                "Statements that failed, or did not end in time.",
                &statement,
            )?,
            queues: metrics.gauges(
                "remint_database_queue_length",
                "Look-ups or changes that wait for the statement before theirs.",
                &statement,
            )?,
            connections: metrics.gauges(
                "remint_database_connections",
                "Open connections of the pool of each database.",
                &["database", "state"],
            )?,
            most_connections: metrics.gauges(
                "remint_database_max_connections",
                "The most connections of each pool, DATABASE_MAX_CONNECTIONS.",
                &["database"],
            )?,
        })
    }

    /// Those of one kind of statement.
    pub fn of(&self, statement: Statement) -> StatementMeter {
        let word = [statement.word()];
        StatementMeter {
            durations: self.durations.with_label_values(&word),
            batches: self.batches.with_label_values(&word),
            failures: self.failures.with_label_values(&word),
            queues: self.queues.clone(),
            word: statement.word(),
        }
    }

    /// Sets those of the pool of `database`, a word of the code.
    pub fn set_pool(&self, database: &'static str, pool: Pool) {
        let Pool { open, idle, most } = pool;
        // A connection may be counted as idle before it is counted as open.
        let used = figure(open).saturating_sub(figure(idle)).max(0);
        let connections = |state| self.connections.with_label_values(&[database, state]);
        connections("idle").set(figure(idle));
        connections("used").set(used);
        self.most_connections
            .with_label_values(&[database])
            .set(figure(most));
    }
}

/// Figures of one kind of statement.
pub struct StatementMeter {
    durations: Histogram,
    batches: Histogram,
    failures: IntCounter,
    queues: IntGaugeVec,
    word: &'static str,
}

impl StatementMeter {
    /// What the figures call the statement.
    pub fn word(&self) -> &'static str {
        self.word
    }

    /// Counts a statement that was run for so many callers.
    pub fn ran(&self, callers: usize, took: Duration, has_failed: bool) {
        observe(&self.durations, took);
        self.batches
            .observe(u32::try_from(callers).map_or(f64::MAX, f64::from));
        if has_failed {
            self.failures.inc();
        }
    }

    /// Says how many callers wait now.
    pub fn set_queue(&self, waiting: usize) {
        self.queues
            .with_label_values(&[self.word])
            .set(figure(waiting));
    }

    /// Says that so many more wait.
    pub fn add_to_queue(&self, waiting: usize) {
        self.queues
            .with_label_values(&[self.word])
            .add(figure(waiting));
    }
}
