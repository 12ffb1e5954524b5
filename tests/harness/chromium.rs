//! Chromium, where it is installed.

use std::path::PathBuf;

use super::servers::daemon::leave_out;

/// The names that distributions give to it.
const NAMES: [&str; 3] = ["chromium", "chromium-browser", "google-chrome"];

/// The program; says so loudly where there is none.
pub(crate) fn find() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders: Vec<_> = std::env::split_paths(&path).collect();
    let files = NAMES
        .iter()
        .flat_map(|name| folders.iter().map(move |folder| folder.join(name)));
    let found = files.into_iter().find(|file| file.is_file());
    if found.is_none() {
        leave_out("Chromium", "it is not installed").unwrap();
    }
    found
}
