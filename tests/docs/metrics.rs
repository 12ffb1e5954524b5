//! What the book says of metrics and settings by name.

use std::collections::BTreeSet;
use std::fs;

use remint::config::Config;

use super::{files_below, root};

/// What stands in the text as code.
fn code(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

/// What is named like a metric and is a table.
const TABLES: [&str; 5] = [
    "remint_created_table",
    "remint_cut_off",
    "remint_migrations",
    "remint_session",
    "remint_users",
];

#[test]
fn a_metric_that_a_chapter_names_is_there() {
    let table = fs::read_to_string(root().join("README.md")).unwrap();
    let rows = table.lines().filter(|line| line.starts_with("| `remint_"));
    let known: BTreeSet<_> = rows.flat_map(code).map(str::to_owned).collect();
    assert!(known.len() > 15, "{known:?}");

    for chapter in files_below("docs", ".md") {
        let text = fs::read_to_string(&chapter).unwrap();
        for name in code(&text).filter(|word| word.starts_with("remint_") && !word.ends_with('…'))
        {
            let name = name.split('{').next().unwrap();
            let is_known = known.contains(name) || TABLES.contains(&name);
            assert!(is_known, "{name} in {}", chapter.display());
        }
    }
}

#[test]
fn a_setting_that_a_page_of_a_problem_names_is_there() {
    let known = Config::variables();

    for chapter in files_below("docs/problems", ".md") {
        let text = fs::read_to_string(&chapter).unwrap();
        for word in code(&text) {
            let name = word.split('=').next().unwrap();
            let is_name =
                name.contains('_') && name.chars().all(|c| c.is_ascii_uppercase() || c == '_');
            let is_known = !is_name || known.contains(name);
            assert!(is_known, "{name} in {}", chapter.display());
        }
    }
}
