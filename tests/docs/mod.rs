//! The book, and what else there is to read.

mod cli;
mod problems;
mod settings;

use std::fs;
use std::path::Path;

use crate::harness::servers::daemon::variable;

/// Where the repository is.
fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
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
