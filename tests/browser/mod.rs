//! What people and their scripts see in a real browser.
//!
//! The tests themselves are in JavaScript, one script for each part, since one browser serves a
//! whole script. Here is what they are run against.

mod admin;
mod client;
mod docs;
mod page;
mod site;

use std::process::Stdio;

use crate::harness::scripts::Scripts;
use crate::harness::{chromium, logs};

static NODE: Scripts = Scripts::node("browser");

/// Runs the tests of `script`, which get `variables` to find the service by; panics with what they
/// printed if one fails. Without Node.js, its packages or Chromium they are left out.
pub(crate) async fn run(script: &str, variables: &[(&str, &str)]) {
    let Some(chromium) = chromium::find() else {
        return;
    };
    if !NODE.are_there().await {
        return;
    }
    let mut command = NODE.command(script);
    command
        .env("CHROMIUM", chromium)
        .env("NODE_OPTIONS", "--test-reporter=spec")
        .envs(variables.iter().copied())
        .stdin(Stdio::null());

    let output = command.output().await.unwrap();

    let printed = String::from_utf8_lossy(&output.stdout);
    let complained = String::from_utf8_lossy(&output.stderr);
    logs::assert_clean(&printed);
    logs::assert_clean(&complained);
    assert!(output.status.success(), "{script}:\n{printed}{complained}");
}
