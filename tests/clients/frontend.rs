//! A frontend in a process of its own, and the user before it.

use std::process::Stdio;

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout};
use tokio::time::timeout;

use crate::harness::process::PATIENCE;
use crate::harness::scripts::Scripts;

use super::site::Site;

/// The frontends of this folder.
pub(super) static NODE: Scripts = Scripts::node("clients");

/// A frontend that runs; ended when dropped.
pub(super) struct Frontend {
    _process: Child,
    input: ChildStdin,
    output: Lines<BufReader<ChildStdout>>,
}

/// How a thing went that the user did.
#[derive(Debug, PartialEq)]
pub(super) struct Step {
    /// What came of it.
    pub(super) got: Value,
    /// Whether the frontend takes the user for logged in after it.
    pub(super) logged_in: bool,
}

impl Frontend {
    /// Starts `script` for a user of `site`, with these variables; its packages must be there.
    pub(super) fn open(script: &str, site: &Site, variables: &[(&str, &str)]) -> Self {
        let mut process = NODE
            .command(script)
            .env("ORIGIN", &site.origin)
            .envs(variables.iter().copied())
            .stderr(Stdio::inherit())
            .spawn()
            .unwrap();
        Self {
            input: process.stdin.take().unwrap(),
            output: BufReader::new(process.stdout.take().unwrap()).lines(),
            _process: process,
        }
    }

    /// Does one of the things that the script lists.
    pub(super) async fn does(&mut self, verb: &str, argument: Value) -> Step {
        let line = json!({"verb": verb, "argument": argument});
        self.input
            .write_all(format!("{line}\n").as_bytes())
            .await
            .unwrap();
        let line = timeout(PATIENCE, self.output.next_line()).await;
        let line = line.unwrap().unwrap();
        let line = line.unwrap_or_else(|| panic!("the frontend ended at {verb}"));
        let step: Value = serde_json::from_str(&line).unwrap();
        Step {
            got: step["got"].clone(),
            logged_in: step["loggedIn"].as_bool().unwrap(),
        }
    }

    /// Asks the API for something.
    pub(super) async fn requests(&mut self) -> Step {
        self.does("request", Value::Null).await
    }
}
