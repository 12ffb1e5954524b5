//! What the files say of the service: settings, paths, ports, its version.

use std::collections::BTreeSet;
use std::fs;

use remint::config::Config;

use super::{file, path};

/// Names that are none of remint's settings, and whose they are.
const OTHERS: [&str; 10] = [
    // systemd and Linux
    "AF_INET",
    "AF_INET6",
    "AF_UNIX",
    "DAC_OVERRIDE",
    // PostgreSQL's image
    "POSTGRES_DB",
    "POSTGRES_PASSWORD_FILE",
    "POSTGRES_USER",
    // haproxy.cfg
    "REMINT_ONE",
    "REMINT_TWO",
    // what Kubernetes would set
    "REMINT_PORT",
];

/// The ports of remint, a proxy or backend, PostgreSQL and Redis.
const PORTS: [&str; 5] = ["8000", "9000", "8080", "5432", "6379"];

/// The folders that start the service or stand before it, with all their files in one text.
fn texts() -> Vec<(String, String)> {
    let mut texts = Vec::new();
    let mut folders: Vec<_> = [
        "caddy",
        "compose",
        "docker",
        "haproxy",
        "kubernetes",
        "logrotate",
        "nginx",
        "systemd",
        "traefik",
    ]
    .map(path)
    .into();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let found = entry.unwrap().path();
            if found.is_dir() {
                folders.push(found);
            } else {
                let text = fs::read_to_string(&found).unwrap();
                texts.push((found.display().to_string(), text));
            }
        }
    }
    assert!(texts.len() > 15, "the files are not where they were");
    texts
}

/// The words of a text that are written as settings are: `NAME_OF_IT`.
fn names(text: &str) -> BTreeSet<&str> {
    let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
    let is_name = |word: &&str| {
        let inner = word.trim_matches('_');
        inner == *word
            && word.contains('_')
            && word.starts_with(|c: char| c.is_ascii_uppercase())
            && !word.contains(|c: char| c.is_ascii_lowercase())
    };
    words.filter(is_name).collect()
}

#[test]
fn every_setting_that_they_name_is_one() {
    let known = Config::variables();
    let mut named = BTreeSet::new();

    for (file, text) in &texts() {
        for name in names(text) {
            if known.contains(name) {
                named.insert(name.to_owned());
            } else {
                assert!(OTHERS.contains(&name), "{file}: {name}");
            }
        }
    }

    assert!(named.len() > 10, "{named:?}");
}

/// The paths that a text tells others to ask, by the words before them.
fn asked_paths(text: &str) -> Vec<&str> {
    let before = [
        "GET ",
        "path: ",
        "health_uri ",
        "\turi ",
        "//remint",
        ":8000",
        ".. \"",
    ];
    let found = before.iter().flat_map(|words| {
        let parts = text.split(words).skip(1);
        parts.filter_map(|part| part.split([' ', '\n', ',', '}', ';', '"']).next())
    });
    found.filter(|path| path.starts_with('/')).collect()
}

#[test]
fn every_path_that_they_ask_is_served() {
    let documents = ["openapi/openapi.json", "openapi/admin.json"].map(|name| {
        let file = path("..").join(name);
        serde_json::from_str::<serde_json::Value>(&fs::read_to_string(file).unwrap()).unwrap()
    });
    let mut asked = BTreeSet::new();

    for (file, text) in &texts() {
        for path in asked_paths(text) {
            let is_served = |document: &serde_json::Value| document["paths"].get(path).is_some();
            assert!(documents.iter().any(is_served), "{file}: {path}");
            asked.insert(path.to_owned());
        }
    }

    let expected = ["/api/auth/verify", "/healthz", "/metrics", "/readyz"];
    assert_eq!(asked, expected.map(str::to_owned).into());
}

/// The numbers of four digits that follow these words.
fn numbers_after<'t>(text: &'t str, words: &[&str]) -> BTreeSet<&'t str> {
    let parts = words.iter().flat_map(|word| text.split(word).skip(1));
    let numbers = parts.filter_map(|part| part.split(|c: char| !c.is_ascii_digit()).next());
    numbers.filter(|number| number.len() == 4).collect()
}

#[test]
fn every_port_is_the_same() {
    let example = fs::read_to_string(path("../.env.example")).unwrap();
    let defaults = ["LISTEN_ADDR=127.0.0.1:", "ADMIN_LISTEN_ADDR=127.0.0.1:"];
    assert_eq!(numbers_after(&example, &defaults), ["8000", "9000"].into());

    for (file, text) in &texts() {
        let ports = numbers_after(text, &[":", "ort: ", "EXPOSE ", "EXPOSE 8000 "]);
        let unknown: Vec<_> = ports.iter().filter(|port| !PORTS.contains(port)).collect();
        assert!(unknown.is_empty(), "{file}: {unknown:?}");
    }
    let exposed = numbers_after(&file("docker/Dockerfile"), &["0.0.0.0:"]).len();
    assert_eq!(exposed, 2);
}

/// The words that follow those words, up to what is none of a name.
fn words_after<'t>(text: &'t str, before: &str) -> BTreeSet<&'t str> {
    let is_of_name = |c: char| c.is_ascii_alphanumeric() || "-_./".contains(c);
    let parts = text.split(before).skip(1);
    let words = parts.filter_map(|part| part.split(|c| !is_of_name(c)).next());
    words.collect()
}

#[test]
fn the_alerts_look_for_the_job_that_is_scraped() {
    let mut texts = texts();
    for name in ["../README.md", "../docs/operations.md"] {
        assert!(file(name).contains("\n  - job_name: "), "{name}");
        texts.push((name.to_owned(), file(name)));
    }
    let monitor = file("kubernetes/components/servicemonitor/servicemonitor.yaml");
    // Without it the job is the name of the Kubernetes service.
    let label = words_after(&monitor, "\n  jobLabel: ");
    let label = format!("pairs: {{ {}: ", label.first().unwrap());
    let base = file("kubernetes/base/kustomization.yaml");

    let mut scraped = words_after(&base, &label);
    for (_, text) in &texts {
        scraped.extend(words_after(text, "job_name: "));
    }

    assert_eq!(scraped.len(), 1, "{scraped:?}");
    for name in ["prometheus/alerts.yml", "prometheus/alerts_test.yml"] {
        assert_eq!(words_after(&file(name), "job=\""), scraped, "{name}");
    }
}

/// The number that follows that word for the first time; 0 if the word is not there.
fn number_after(text: &str, word: &str) -> u32 {
    let rest = text.split_once(word).map_or("0", |(_, rest)| rest);
    let mut parts = rest.split(|c: char| !c.is_ascii_digit());
    parts.next().unwrap().parse().unwrap()
}

#[test]
fn each_lets_the_service_end_in_its_own_time() {
    let example = fs::read_to_string(path("../.env.example")).unwrap();
    let requests = number_after(&example, "SHUTDOWN_TIMEOUT_SECONDS=");

    for (name, delay, patience) in [
        (
            "compose/sqlite.yaml",
            "\n      SHUTDOWN_DELAY_SECONDS: \"",
            "stop_grace_period: ",
        ),
        (
            "compose/replicas.yaml",
            "\n    SHUTDOWN_DELAY_SECONDS: \"",
            "stop_grace_period: ",
        ),
        (
            "systemd/remint.service",
            "=SHUTDOWN_DELAY_SECONDS=",
            "TimeoutStopSec=",
        ),
    ] {
        let text = file(name);
        assert!(
            number_after(&text, patience) > number_after(&text, delay) + requests,
            "{name}"
        );
    }
    let settings = file("kubernetes/base/kustomization.yaml");
    let delay = number_after(&settings, "- SHUTDOWN_DELAY_SECONDS=");
    let pod = file("kubernetes/base/deployment.yaml");
    assert!(number_after(&pod, "terminationGracePeriodSeconds: ") > delay + requests);
    assert!(delay > 0);
}

#[test]
fn every_version_is_this_one() {
    let version = env!("CARGO_PKG_VERSION");

    for (name, before) in [
        ("docker/Dockerfile", "ARG VERSION="),
        ("compose/sqlite.yaml", "image: remint:"),
        ("compose/replicas.yaml", "image: remint:"),
        ("kubernetes/base/kustomization.yaml", "\n    newTag: "),
    ] {
        let text = file(name);
        let (_, rest) = text.split_once(before).unwrap();
        assert_eq!(rest.lines().next(), Some(version), "{name}");
    }
}
