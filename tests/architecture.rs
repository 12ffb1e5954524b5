//! Who may name whom, as the crate's documentation draws it.

use std::fs;
use std::path::{Path, PathBuf};

/// Each layer, and the layers that it may name beside itself.
const ARROWS: [(&str, &[&str]); 15] = [
    (
        "app",
        &[
            "cognito", "config", "domain", "http", "limits", "metrics", "service", "store", "token",
        ],
    ),
    (
        "cli",
        &[
            "app",
            "cognito",
            "config",
            "domain",
            "http",
            "json",
            "service",
            "store",
            "telemetry",
            "token",
        ],
    ),
    (
        "cognito",
        &["domain", "json", "metrics", "service", "trace"],
    ),
    (
        "config",
        &[
            "cognito",
            "domain",
            "http",
            "limits",
            "service",
            "store",
            "telemetry",
            "token",
        ],
    ),
    ("domain", &[]),
    ("http", &["domain", "json", "metrics", "service", "trace"]),
    ("json", &[]),
    ("limits", &["domain", "metrics", "service"]),
    ("metrics", &["domain"]),
    ("service", &["domain"]),
    ("store", &["domain", "json", "metrics", "service", "trace"]),
    ("telemetry", &["trace"]),
    (
        "testing",
        &[
            "app", "config", "domain", "http", "service", "store", "token",
        ],
    ),
    ("token", &["domain", "json", "service"]),
    ("trace", &[]),
];

/// What is named in a few layers only, and in which.
const CONFINED: [(&str, &[&str]); 19] = [
    ("aws_sdk_cognitoidentityprovider", &["cognito"]),
    ("aws_smithy_http_client", &["cognito"]),
    ("clap", &["cli"]),
    ("governor", &["limits"]),
    ("hyper", &["http"]),
    ("jsonwebtoken", &["token"]),
    ("migration", &["app", "store"]),
    ("opentelemetry", &["telemetry", "trace"]),
    ("opentelemetry_http", &["telemetry"]),
    ("opentelemetry_otlp", &["telemetry"]),
    ("opentelemetry_sdk", &["telemetry"]),
    ("poem", &["app", "cli", "http"]),
    ("poem_openapi", &["http"]),
    ("prometheus", &["metrics"]),
    ("redis", &["limits"]),
    ("sea_orm", &["app", "store", "testing"]),
    ("sea_orm_migration", &["store"]),
    ("std::env", &["main"]),
    ("tracing_opentelemetry", &["telemetry", "trace"]),
];

/// Stands for paths that this test cannot see.
const HIDDEN: &str = "use crate::{";

/// Beyond it a file is two files.
const MAX_LINES: usize = 400;

fn files_below(folder: &str) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                files.push(path);
            }
        }
    }
    files
}

/// The modules that lead to a file: `["http", "server"]` for `src/http/server/mod.rs`.
fn modules(file: &Path) -> Vec<String> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let path = file.strip_prefix(source).unwrap().with_extension("");
    let names = path.iter().map(|name| name.to_str().unwrap().to_owned());
    names.filter(|name| name != "mod").collect()
}

/// Every path that the file names outside of comments, `super::` resolved and groups spelt out.
fn paths(file: &Path) -> Vec<String> {
    let text = fs::read_to_string(file).unwrap();
    let code = text.lines().map(|line| line.split("//").next().unwrap());
    let code: String = code.collect::<Vec<_>>().join(" ");
    let mut modules = modules(file);
    modules.pop_if(|_| !file.ends_with("mod.rs"));

    let mut paths = Vec::new();
    for path in code.split(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':')) {
        let ups = path.matches("super::").count();
        let rest = path.trim_start_matches("super::");
        // `super` of mod.rs is one folder up, that of its neighbours the folder itself.
        let ups = ups.saturating_sub(usize::from(!file.ends_with("mod.rs")));
        let home = modules
            .len()
            .checked_sub(ups)
            .map(|depth| &modules[..depth]);
        match home {
            Some(home) if path.starts_with("super::") => {
                let home = ["crate"].into_iter().chain(home.iter().map(String::as_str));
                paths.push(home.chain([rest]).collect::<Vec<_>>().join("::"));
            }
            // `use crate::{…}` would hide the layers from this test.
            _ if path == "crate::" => paths.push(HIDDEN.to_owned()),
            _ => paths.push(path.to_owned()),
        }
    }
    paths
}

/// Whether `path` is `prefix` or below it. A word alone, such as `migration`, may be a variable.
fn names(path: &str, prefix: &str) -> bool {
    path.strip_prefix(prefix)
        .is_some_and(|rest| rest.starts_with("::") || (rest.is_empty() && prefix.contains("::")))
}

/// What is wrong with the paths of one file.
fn violations(file: &Path) -> Vec<String> {
    let layer = modules(file).remove(0);
    let arrows = ARROWS.iter().find(|(name, _)| *name == layer);
    let mut wrong = Vec::new();
    for path in paths(file) {
        let mut is_wrong = path == HIDDEN;
        if let Some((_, allowed)) = arrows {
            let other = ARROWS
                .iter()
                .find(|(other, _)| names(&path, &format!("crate::{other}")));
            is_wrong |= other.is_some_and(|(other, _)| *other != layer && !allowed.contains(other));
        }
        let confined = CONFINED.iter().find(|(name, _)| names(&path, name));
        is_wrong |= confined.is_some_and(|(_, allowed)| !allowed.contains(&layer.as_str()));
        if is_wrong {
            wrong.push(format!("{}: {path}", file.display()));
        }
    }
    wrong
}

#[test]
fn no_layer_names_one_that_it_may_not() {
    let files = files_below("src");
    assert!(files.len() > 40, "the sources are not where they were");

    let wrong: Vec<_> = files.iter().flat_map(|file| violations(file)).collect();

    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_layer_has_its_arrows() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");

    let entries = fs::read_dir(source).unwrap();
    let names = entries.map(|entry| entry.unwrap().path().file_stem().unwrap().to_owned());
    let mut layers: Vec<_> = names.map(|name| name.into_string().unwrap()).collect();
    layers.retain(|name| name != "lib" && name != "main");
    layers.sort_unstable();

    assert_eq!(layers, ARROWS.map(|(layer, _)| layer));
}

#[test]
fn no_file_is_too_long_to_be_read() {
    let folders = ["src", "tests", "migration/src"];

    for file in folders.into_iter().flat_map(files_below) {
        let lines = fs::read_to_string(&file).unwrap().lines().count();
        assert!(lines <= MAX_LINES, "{} has {lines} lines", file.display());
    }
}
