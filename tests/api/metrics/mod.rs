//! `GET /metrics` on the admin listener.

mod access;
mod answers;
mod closed;
mod databases;
mod keys;
mod limits;
mod names;

use std::collections::BTreeMap;

use poem::http::Method;
use serde_json::Value;

use crate::harness::{ADMIN, TestApp, spawn_with};

/// Every series with its value.
pub(crate) struct Figures(BTreeMap<String, f64>);

impl Figures {
    /// What the admin listener shows now.
    pub(crate) async fn of(app: &TestApp) -> Self {
        let answer = app.admin(Method::GET, "/metrics", "").await;
        assert_eq!(answer.status, 200, "{answer:?}");
        let lines = answer.body.lines().filter(|line| !line.starts_with('#'));
        let series = lines.map(|line| {
            let (name, value) = line.rsplit_once(' ').unwrap();
            (name.to_owned(), value.parse().unwrap())
        });
        Self(series.collect())
    }

    /// The value of that series, which must be there.
    pub(crate) fn shown(&self, series: &str) -> f64 {
        let value = self.0.get(series);
        *value.unwrap_or_else(|| panic!("no {series}"))
    }

    /// By how much those series have moved since `before`; what was not there began at 0.
    #[track_caller]
    pub(crate) fn assert_moved(&self, before: &Self, expected: &[(&str, f64)]) {
        for (series, by) in expected {
            let old = before.0.get(*series).copied().unwrap_or_default();
            let moved = self.shown(series) - old;
            assert!((moved - by).abs() < f64::EPSILON, "{series}: {moved}");
        }
    }
}

/// A service with an admin listener.
async fn spawn_watched(settings: &[(&str, &str)]) -> TestApp {
    spawn_with(&[&[ADMIN], settings].concat()).await
}

/// The labels of a series.
fn labels(series: &str) -> BTreeMap<&str, &str> {
    let Some((_, labels)) = series.trim_end_matches('}').split_once('{') else {
        return BTreeMap::new();
    };
    let pairs = labels.split("\",").map(|pair| pair.trim_end_matches('"'));
    pairs.filter_map(|pair| pair.split_once("=\"")).collect()
}

/// The text of a file of the repository.
fn file(path: &str) -> String {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(root.join(path)).unwrap()
}

/// Every string in a JSON document.
fn strings(document: &Value) -> Vec<&str> {
    match document {
        Value::String(text) => vec![text],
        Value::Array(values) => values.iter().flat_map(strings).collect(),
        Value::Object(members) => members.values().flat_map(strings).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) => Vec::new(),
    }
}
