//! The names that others rely on.

use std::collections::BTreeSet;
use std::io::{Write as _, stderr};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use poem::http::Method;
use remint::metrics::{Metrics, ProviderCall, ProviderMeter, ProviderOutcome, RedisMeter};

use super::{file, spawn_watched, strings};

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

#[tokio::test]
async fn dashboard_and_alerts_ask_for_metrics_that_are_there() {
    let shown = described(&shown().await);
    let dashboard = serde_json::from_str(&file("deploy/grafana/remint.json")).unwrap();
    let dashboard = strings(&dashboard).join("\n");
    let alerts = file("deploy/prometheus/alerts.yml");
    let trials = file("deploy/prometheus/alerts_test.yml");

    for (what, text, least) in [
        ("dashboard", dashboard, 20),
        ("alerts", alerts, 7),
        ("trials", trials, 5),
    ] {
        let asked = names(&text);
        assert!(asked.len() >= least, "{what}: {asked:?}");
        for name in asked {
            let suffixes = ["_bucket", "_sum", "_count", ""];
            let mut metrics = suffixes
                .iter()
                .filter_map(|suffix| name.strip_suffix(suffix));
            assert!(
                metrics.any(|metric| shown.contains(metric)),
                "{what}: {name}"
            );
        }
    }
}

#[test]
fn the_dashboard_shows_every_metric() {
    let dashboard = names(&file("deploy/grafana/remint.json"));

    let readme = file("README.md");
    let (_, section) = readme.split_once("## Watching it").unwrap();
    let table = section
        .lines()
        .filter(|line| line.starts_with("| `remint_"));
    for name in names(&table.collect::<String>()) {
        let is_shown = |shown: &String| shown.starts_with(&name);
        assert!(dashboard.iter().any(is_shown), "{name}");
    }
}

/// Runs `promtool`, which Debian has in its package `prometheus`; none where it is not installed.
fn promtool(arguments: &[&str], input: &str) -> Option<Output> {
    let mut command = Command::new("promtool");
    let pipes = command.args(arguments).stdin(Stdio::piped());
    let pipes = pipes.stdout(Stdio::piped()).stderr(Stdio::piped());
    let Ok(mut running) = pipes.spawn() else {
        let notice = b"left out: a check of metrics, promtool is not installed\n";
        stderr().write_all(notice).unwrap();
        return None;
    };
    running
        .stdin
        .take()
        .unwrap()
        .write_all(input.as_bytes())
        .unwrap();
    Some(running.wait_with_output().unwrap())
}

#[tokio::test]
async fn promtool_has_nothing_to_say_against_metrics_and_alerts() {
    let metrics = shown().await;
    let alerts = concat!(env!("CARGO_MANIFEST_DIR"), "/deploy/prometheus/alerts.yml");

    for (arguments, input) in [
        (&["check", "metrics"][..], metrics.as_str()),
        (&["check", "rules", alerts], ""),
    ] {
        if let Some(output) = promtool(arguments, input) {
            assert!(output.status.success(), "{output:?}");
        }
    }
}
