//! Where links lead to.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::{files_below, root};

/// Everything that is written for people.
fn documents() -> Vec<PathBuf> {
    let mut documents = files_below("docs", ".md");
    documents.extend(files_below("deploy", ".md"));
    documents.extend(["README.md", "CHANGELOG.md"].map(|name| root().join(name)));
    documents
}

/// The lines that are not in a block of code.
fn prose(text: &str) -> impl Iterator<Item = &str> {
    let mut is_code = false;
    text.lines().filter(move |line| {
        let is_fence = line.trim_start().starts_with("```");
        is_code ^= is_fence;
        !is_code && !is_fence
    })
}

/// The targets of the links and pictures of a document, without what leads to other hosts.
fn links(text: &str) -> Vec<String> {
    let lines: Vec<_> = prose(text).collect();
    let text = lines.join("\n");
    // Code has no links.
    let text: Vec<_> = text.split('`').step_by(2).collect();
    let text = text.join("x");
    let targets = text.split("](").skip(1);
    let targets = targets.map(|rest| rest.split(')').next().unwrap().to_owned());
    targets.filter(|target| !target.contains("://")).collect()
}

/// The anchors of a document: its headings, as GitHub and mdBook name them.
fn anchors(text: &str) -> Vec<String> {
    let mut seen = BTreeMap::new();
    let headings = prose(text).filter(|line| line.starts_with('#'));
    let headings = headings.filter_map(|line| line.trim_start_matches('#').strip_prefix(' '));
    let names = headings.map(|heading| {
        let kept = heading
            .trim()
            .chars()
            .filter(|c| c.is_alphanumeric() || " -_".contains(*c));
        let name: String = kept.collect::<String>().to_lowercase().replace(' ', "-");
        let times = seen.entry(name.clone()).or_insert(0);
        *times += 1;
        if *times == 1 {
            name
        } else {
            format!("{name}-{}", *times - 1)
        }
    });
    names.collect()
}

/// What is wrong with a link of that document.
fn complaint(document: &Path, link: &str) -> Option<String> {
    let (path, anchor) = link.split_once('#').unwrap_or((link, ""));
    let target = if path.is_empty() {
        document.to_owned()
    } else {
        document.parent().unwrap().join(path)
    };
    let name = document.strip_prefix(root()).unwrap().display();
    let Ok(target) = target.canonicalize() else {
        return Some(format!("{name}: {link} is not there"));
    };
    let book = root().join("docs");
    if document.starts_with(&book) && !target.starts_with(&book) {
        return Some(format!("{name}: {link} is not in the book"));
    }
    if anchor.is_empty() {
        return None;
    }
    let text = fs::read_to_string(target).unwrap();
    let is_there = anchors(&text).iter().any(|known| known == anchor);
    (!is_there).then(|| format!("{name}: {link} names no heading"))
}

#[test]
fn every_link_leads_somewhere() {
    let mut complaints = Vec::new();
    let mut count = 0;

    for document in documents() {
        for link in links(&fs::read_to_string(&document).unwrap()) {
            count += 1;
            complaints.extend(complaint(&document, &link));
        }
    }

    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
    assert!(count > 100, "{count} links");
}

#[test]
fn a_link_that_leads_nowhere_is_found() {
    let readme = root().join("README.md");

    for (link, is_fine) in [
        ("docs/SUMMARY.md", true),
        ("docs/nothing.md", false),
        ("#security", true),
        ("#nothing", false),
        ("docs/settings.md#jwt_secret_key", true),
        ("docs/settings.md#jwt_secret", false),
    ] {
        assert_eq!(complaint(&readme, link).is_none(), is_fine, "{link}");
    }
}

#[test]
fn every_chapter_is_in_the_table_of_contents() {
    let book = root().join("docs");
    let contents = fs::read_to_string(book.join("SUMMARY.md")).unwrap();

    let listed = links(&contents);

    for chapter in files_below("docs", ".md") {
        let name = chapter.strip_prefix(&book).unwrap().to_str().unwrap();
        let is_listed = listed.iter().any(|link| link == name);
        assert!(is_listed || name == "SUMMARY.md", "{name}");
    }
}
