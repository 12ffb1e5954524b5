//! `.env.example`, which people copy.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use remint::config::Config;

/// The name that a line sets, or would set without the `#` before it.
fn name(line: &str) -> Option<&str> {
    let line = line.strip_prefix('#').unwrap_or(line).trim_start();
    let (name, _) = line.split_once('=')?;
    let is_name = |name: &str| name.chars().all(|c| c.is_ascii_uppercase() || c == '_');
    (!name.is_empty() && is_name(name)).then_some(name)
}

#[test]
fn the_example_names_every_setting_and_no_other() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(".env.example");
    let text = fs::read_to_string(file).unwrap();

    let named: BTreeSet<_> = text.lines().filter_map(name).collect();

    let known = Config::variables();
    let missing: Vec<_> = known.difference(&named).collect();
    let unknown: Vec<_> = named.difference(&known).collect();
    assert!(missing.is_empty(), "not in .env.example: {missing:?}");
    assert!(unknown.is_empty(), "only in .env.example: {unknown:?}");
}
