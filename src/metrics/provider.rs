//! How an identity provider answers.

use std::time::Duration;

use prometheus::HistogramVec;

use super::{Made, Metrics, SECONDS, Spread, observe};

/// What it was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProviderCall {
    /// New tokens.
    Refresh,
    /// To end a session.
    Revoke,
}

/// What it said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProviderOutcome {
    /// Nothing that could be used, or nothing in time.
    Failed,
    /// Yes.
    Granted,
    /// That the token is not good.
    Refused,
}

impl ProviderOutcome {
    /// As labels and spans have it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Failed => "failed",
            Self::Granted => "granted",
            Self::Refused => "refused",
        }
    }
}

/// Figures of Cognito.
pub struct ProviderMeter(HistogramVec);

impl ProviderMeter {
    /// Figures that are all 0.
    pub fn new(metrics: &Metrics) -> Made<Self> {
        let spread = Spread {
            name: "remint_cognito_duration_seconds",
            help: "How long AWS Cognito took to answer, second tries included.",
            buckets: &SECONDS,
        };
        Ok(Self(metrics.histograms(spread, &["operation", "outcome"])?))
    }

    /// Counts an answer.
    pub fn answered(&self, call: ProviderCall, outcome: ProviderOutcome, took: Duration) {
        let call = match call {
            ProviderCall::Refresh => "refresh",
            ProviderCall::Revoke => "revoke",
        };
        observe(&self.0.with_label_values(&[call, outcome.word()]), took);
    }
}
