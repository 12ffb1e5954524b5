//! What was answered, and how quickly.

use std::time::Duration;

use prometheus::{Histogram, IntCounter, IntCounterVec, IntGauge};

use crate::domain::{Contract, Refusal};

use super::grid::Grid;
use super::{Made, Metrics, SECONDS, Spread, observe};

/// The words that answers are labelled with.
pub struct Words {
    /// Contracts and endpoints.
    pub contracts: Vec<&'static str>,
    /// What comes of requests.
    pub outcomes: Vec<&'static str>,
    /// What keys are called, and the `kid` of each that has one.
    pub keys: Vec<(String, Option<String>)>,
}

/// What is counted of an answer.
#[derive(Debug, Clone, Copy)]
pub struct Answer<'a> {
    /// Of which contract or endpoint it is.
    pub contract: &'static str,
    /// What came of the request.
    pub outcome: &'static str,
    /// Why a credential was refused.
    pub refusal: Option<Refusal>,
    /// The key that verified the credential.
    pub key: Option<&'a str>,
    /// How long the whole request took.
    pub took: Duration,
}

/// Counts answers.
pub struct Answers {
    outcomes: Grid<IntCounter, 2>,
    refusals: IntCounterVec,
    verified: Grid<IntCounter, 2>,
    durations: Grid<Histogram, 1>,
    under_way: IntGauge,
    turned_away: IntCounter,
}

impl Answers {
    /// Counters for answers with those words.
    pub fn new(metrics: &Metrics, words: &Words) -> Made<Self> {
        let keys = words.keys.iter().map(|(key, _)| key.clone()).collect();
        let contracts: Vec<_> = words.contracts.iter().map(ToString::to_string).collect();
        let outcomes = words.outcomes.iter().map(ToString::to_string).collect();
        let labels = ["contract", "outcome"];
        let help = "Answers by contract or endpoint, and by what came of the request.";
        let answers = metrics.counters("remint_answers_total", help, &labels)?;
        let help = "Credentials that were verified, by the key of the ring that did.";
        let labels = ["contract", "key"];
        let verified = metrics.counters("remint_verified_credentials_total", help, &labels)?;
        let durations = metrics.histograms(
            Spread {
                name: "remint_request_duration_seconds",
                help: "How long whole requests took, from the end of their heads to the answer.",
                buckets: &SECONDS,
            },
            &["contract"],
        )?;
        let help =
            "Credentials that were refused, by the exact reason, which callers are not told.";
        let refusals = metrics.counters("remint_refusals_total", help, &["contract", "reason"])?;
        let help = "Requests that are being answered.";
        let under_way = metrics.gauges("remint_requests_in_flight", help, &[])?;
        let help = "Requests that found no place, since there were more than can be worked on.";
        let turned_away = metrics.counters("remint_turned_away_total", help, &[])?;
        let answers = Self {
            outcomes: Grid::new([contracts.clone(), outcomes], move |words| {
                answers.with_label_values(&words)
            }),
            refusals,
            verified: Grid::new([contracts.clone(), keys], move |words| {
                verified.with_label_values(&words)
            }),
            durations: Grid::new([contracts], move |words| {
                durations.with_label_values(&words)
            }),
            under_way: under_way.with_label_values::<&str>(&[]),
            turned_away: turned_away.with_label_values::<&str>(&[]),
        };
        answers.show(&words.keys);
        name_keys(metrics, &words.keys)?;
        Ok(answers)
    }

    /// Shows what is watched for, before it happens.
    fn show(&self, keys: &[(String, Option<String>)]) {
        for contract in Contract::ALL.map(Contract::word) {
            for outcome in ["refreshed", "replayed", "internal", "unavailable"] {
                self.outcomes.show([contract, outcome]);
            }
            for (key, _) in keys {
                self.verified.show([contract, key]);
            }
            let reuse = Refusal::TokenReused.word();
            self.refusals.with_label_values(&[contract, reuse]);
        }
    }

    /// Counts an answer.
    pub fn count(&self, answer: Answer<'_>) {
        let Answer {
            contract,
            outcome,
            refusal,
            key,
            took,
        } = answer;
        self.outcomes.with([contract, outcome], IntCounter::inc);
        self.durations
            .with([contract], |series| observe(series, took));
        if let Some(key) = key {
            self.verified.with([contract, key], IntCounter::inc);
        }
        if let Some(refusal) = refusal {
            let words = [contract, refusal.word()];
            self.refusals.with_label_values(&words).inc();
        }
    }

    /// Counts a request for which there was no place.
    pub fn turned_away(&self) {
        self.turned_away.inc();
    }

    /// Counts a request as being answered for as long as the result is kept.
    pub fn under_way(&self) -> UnderWay<'_> {
        self.under_way.inc();
        UnderWay(&self.under_way)
    }
}

/// A request that is being answered.
pub struct UnderWay<'a>(&'a IntGauge);

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.0.dec();
    }
}

/// Says which `kid` each key has, so that a key can be followed when its place in the ring changes.
fn name_keys(metrics: &Metrics, keys: &[(String, Option<String>)]) -> Made<()> {
    let help = "The kid of each key of the ring that has one.";
    let names = metrics.gauges("remint_key_info", help, &["key", "kid"])?;
    for (key, key_id) in keys {
        if let Some(key_id) = key_id {
            names.with_label_values(&[key, key_id]).set(1);
        }
    }
    Ok(())
}
