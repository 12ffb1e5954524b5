//! What the limits let through, and where they are counted.

use prometheus::{IntCounter, IntCounterVec, IntGauge, IntGaugeVec};

use super::{Made, Metrics, figure};

/// What a limit is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LimitKind {
    /// The failed attempts of a client.
    Failures,
    /// The requests of a client.
    Requests,
    /// The refreshes of a session.
    Session,
}

impl LimitKind {
    const ALL: [Self; 3] = [Self::Failures, Self::Requests, Self::Session];

    fn word(self) -> &'static str {
        match self {
            Self::Failures => "failures",
            Self::Requests => "requests",
            Self::Session => "session",
        }
    }
}

/// Figures of the limits.
pub struct LimitMetrics {
    refusals: IntCounterVec,
    keys: IntGaugeVec,
}

impl LimitMetrics {
    /// Figures that are all 0.
    pub fn new(metrics: &Metrics) -> Made<Self> {
        let help = "What there was too much of, by limit.";
        let refusals = metrics.counters("remint_limit_refusals_total", help, &["limit"])?;
        let help = "Sessions or addresses that this process remembers, by limit.";
        let keys = metrics.gauges("remint_limit_keys", help, &["limit"])?;
        for kind in LimitKind::ALL {
            refusals.with_label_values(&[kind.word()]);
            keys.with_label_values(&[kind.word()]);
        }
        Ok(Self { refusals, keys })
    }

    /// Counts that there was too much.
    pub fn refused(&self, kind: LimitKind) {
        self.refusals.with_label_values(&[kind.word()]).inc();
    }

    /// Says for how many something is remembered.
    pub fn set_keys(&self, kind: LimitKind, keys: usize) {
        self.keys
            .with_label_values(&[kind.word()])
            .set(figure(keys));
    }
}

/// Whether Redis counts; only where it should.
pub struct RedisMeter {
    up: IntGauge,
    fallbacks: IntCounter,
}

impl RedisMeter {
    /// A Redis that is away.
    pub fn new(metrics: &Metrics) -> Made<Self> {
        let help = "Whether Redis counts the limits: 1, or 0 while each replica does so by itself.";
        let up = metrics.gauges("remint_redis_up", help, &[])?;
        let help = "What this process counted by itself because Redis was away.";
        let fallbacks = metrics.counters("remint_redis_fallbacks_total", help, &[])?;
        Ok(Self {
            up: up.with_label_values::<&str>(&[]),
            fallbacks: fallbacks.with_label_values::<&str>(&[]),
        })
    }

    /// Says whether it is there.
    pub fn set_up(&self, is_up: bool) {
        self.up.set(is_up.into());
    }

    /// Counts that it was done without.
    pub fn fell_back(&self) {
        self.fallbacks.inc();
    }
}
