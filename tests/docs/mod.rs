//! The book, and what else there is to read.

mod cli;
mod links;
mod metrics;
mod problems;
mod settings;
mod walks;

use std::fs;
use std::path::{Path, PathBuf};

use crate::harness::servers::daemon::variable;

/// Where the repository is.
fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The files below a folder of the repository that end so.
fn files_below(folder: &str, ending: &str) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.to_str().unwrap().ends_with(ending) {
                files.push(path);
            }
        }
    }
    files.sort_unstable();
    files
}

/// That the chapter is as it would be written now. `REMINT_WRITE_DOCS=1` writes it instead.
fn assert_written(chapter: &str, text: &str) {
    let file = root().join("docs").join(chapter);
    if variable("REMINT_WRITE_DOCS") == "1" {
        fs::write(&file, text).unwrap();
    }
    let written = fs::read_to_string(&file).unwrap_or_default();
    assert!(
        written == text,
        "docs/{chapter} is not up to date: run these tests with REMINT_WRITE_DOCS=1"
    );
}
