//! The names that others rely on.

use std::collections::BTreeSet;
use std::time::Duration;

use poem::http::Method;
use remint::metrics::{Metrics, ProviderCall, ProviderMeter, ProviderOutcome, RedisMeter};

use super::{file, spawn_watched};

/// The names that a text has, as metrics are called.
fn names(text: &str) -> BTreeSet<String> {
    let words = text.split(|c: char| !(c.is_ascii_lowercase() || c == '_'));
    let ours = words.filter(|word| word.starts_with("remint_") || word.starts_with("process_"));
    ours.map(str::to_owned).collect()
}

/// What is shown by a service with everything switched on.
async fn shown() -> String {
    let app = spawn_watched(&[("JWT_KEY_ID", "2026")]).await;
    app.refresh(&app.expired_token()).await;
    let mut text = app.admin(Method::GET, "/metrics", "").await.body;
    let rest = Metrics::default();
    RedisMeter::new(&rest).unwrap();
    let cognito = ProviderMeter::new(&rest).unwrap();
    cognito.answered(
        ProviderCall::Refresh,
        ProviderOutcome::Granted,
        Duration::ZERO,
    );
    text.push_str(&rest.text().unwrap());
    text
}

/// The names that are described, without the suffixes of histograms.
fn described(text: &str) -> BTreeSet<String> {
    let lines = text.lines().filter_map(|line| line.strip_prefix("# TYPE "));
    lines
        .map(|line| line.split(' ').next().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn the_readme_names_every_metric_and_no_other() {
    let shown = described(&shown().await);

    let readme = file("README.md");
    let (_, section) = readme.split_once("## Watching it").unwrap();
    let section = section.split("\n## ").next().unwrap();
    let table: String = section
        .lines()
        .filter(|line| line.starts_with('|'))
        .collect();

    let is_ours = |name: &&String| name.starts_with("remint_");
    let shown: Vec<_> = shown.iter().filter(is_ours).cloned().collect();
    let named: Vec<_> = names(&table)
        .into_iter()
        .filter(|name| is_ours(&name))
        .collect();
    assert_eq!(named, shown);
}

#[tokio::test]
async fn names_say_what_is_measured_as_prometheus_wants_it() {
    let text = shown().await;

    for line in text.lines().filter_map(|line| line.strip_prefix("# TYPE ")) {
        let (name, kind) = line.split_once(' ').unwrap();
        assert_eq!(name.ends_with("_total"), kind == "counter", "{line}");
        assert!(text.contains(&format!("# HELP {name} ")), "{line}");
        let is_ours = name.starts_with("remint_") || name.starts_with("process_");
        assert!(is_ours && !name.contains("milli"), "{line}");
    }
}
