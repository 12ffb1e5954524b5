//! A client in a process of its own, which does as it is told, line by line.

use std::process::Stdio;

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::time::timeout;

use crate::harness::process::PATIENCE;
use crate::harness::scripts::Scripts;

/// The clients of this folder for Node.js.
pub(super) static NODE: Scripts = Scripts::node("clients");

/// Those in Python.
pub(super) static PYTHON: Scripts = Scripts::python("clients");

/// A client that runs; ended when dropped.
pub(super) struct Program {
    _process: Child,
    input: ChildStdin,
    output: Lines<BufReader<ChildStdout>>,
}

impl Program {
    pub(super) fn start(mut command: Command) -> Self {
        let mut process = command.stderr(Stdio::inherit()).spawn().unwrap();
        Self {
            input: process.stdin.take().unwrap(),
            output: BufReader::new(process.stdout.take().unwrap()).lines(),
            _process: process,
        }
    }

    /// Does one of the things that the script lists: `got`, what came of it, or `raised`, the error.
    pub(super) async fn does(&mut self, verb: &str, argument: Value) -> Value {
        let line = json!({"verb": verb, "argument": argument});
        let line = format!("{line}\n");
        self.input.write_all(line.as_bytes()).await.unwrap();
        let line = timeout(PATIENCE, self.output.next_line()).await;
        let line = line.unwrap().unwrap();
        let line = line.unwrap_or_else(|| panic!("the client ended at {verb}"));
        serde_json::from_str(&line).unwrap()
    }
}
