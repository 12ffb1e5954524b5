//! The reference of the settings, which is `.env.example` in another form.

use std::fmt::Write as _;
use std::fs;

use remint::config::Config;

use super::{assert_written, root};

const BEGIN: &str = "# Settings

From the environment or from the file `.env` of the current folder, or of the nearest one above. `.env.example` says the same, to be copied.

";

/// A setting and its default, if the line has one.
fn setting(line: &str) -> Option<(&str, &str)> {
    let (name, default) = line.strip_prefix("# ")?.split_once('=')?;
    Config::variables()
        .contains(name)
        .then_some((name, default))
}

/// The text as Markdown: settings lead to their sections, and what is no word is code.
fn prose(text: &str) -> String {
    let known = Config::variables();
    let word = |word: &str| {
        let begin = word.find(|c: char| c.is_alphanumeric() || "_'*".contains(c));
        let (before, word) = word.split_at(begin.unwrap_or(0));
        let end = word.trim_end_matches(|c: char| ",.;:)".contains(c)).len();
        let (word, after) = word.split_at(end);
        let is_code = word.contains("://")
            || word.contains('*')
            || (word.contains('_') && !word.contains('`'))
            || (word.starts_with('/') && word.len() > 1);
        let word = match word {
            _ if known.contains(word) => format!("[`{word}`](#{})", word.to_lowercase()),
            _ if is_code => format!("`{word}`"),
            _ => word.to_owned(),
        };
        format!("{before}{word}{after}")
    };
    text.split(' ').map(word).collect::<Vec<_>>().join(" ")
}

/// A paragraph of the file as Markdown.
fn paragraph(lines: &[&str]) -> String {
    let mut text = String::new();
    let settings: Vec<_> = lines.iter().copied().filter_map(setting).collect();
    for (name, _) in &settings {
        writeln!(text, "### `{name}`\n").unwrap();
    }
    let words = lines.iter().filter(|line| setting(line).is_none());
    let words: Vec<_> = words
        .map(|line| line.trim_start_matches('#').trim())
        .collect();
    let (examples, words): (Vec<_>, Vec<_>) = words
        .into_iter()
        .partition(|line| line.starts_with("Example: "));
    if !words.is_empty() {
        writeln!(text, "{}\n", prose(&words.join(" "))).unwrap();
    }
    let defaults = settings.iter().filter(|(_, default)| !default.is_empty());
    let defaults: Vec<_> = defaults
        .map(|(name, default)| format!("{name}={default}"))
        .collect();
    if !defaults.is_empty() {
        writeln!(text, "```sh\n{}\n```\n", defaults.join("\n")).unwrap();
    }
    for example in examples {
        let example = example.trim_start_matches("Example: ");
        writeln!(text, "Example: `{example}`\n").unwrap();
    }
    text
}

/// The whole page.
fn page(file: &str) -> String {
    let mut page = BEGIN.to_owned();
    // Before it the file speaks of itself.
    let (_, file) = file.split_once("\n#\n").unwrap();
    for lines in file.split("\n\n") {
        let lines: Vec<_> = lines.lines().collect();
        if let Some(title) = lines[0].strip_prefix("# ---- ") {
            writeln!(page, "## {}\n", title.trim_end_matches('-').trim()).unwrap();
        } else {
            page.push_str(&paragraph(&lines));
        }
    }
    format!("{}\n", page.trim_end())
}

#[test]
fn the_reference_says_what_the_example_says() {
    let file = fs::read_to_string(root().join(".env.example")).unwrap();

    let page = page(&file);

    for name in Config::variables() {
        assert_eq!(
            page.matches(&format!("### `{name}`\n")).count(),
            1,
            "{name}"
        );
    }
    assert_written("settings.md", &page);
}
