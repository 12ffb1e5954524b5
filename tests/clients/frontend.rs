//! A frontend, and the user before it.

use serde_json::Value;

use crate::harness::servers::Engine;

use super::program::{NODE, Program};
use super::site::Site;

/// A site for frontends; none where their packages or the database cannot be had.
pub(super) async fn site(engine: Engine, settings: &[(&str, &str)]) -> Option<Site> {
    if !NODE.are_there().await {
        return None;
    }
    Site::open(engine, settings).await
}

/// A frontend that runs.
pub(super) struct Frontend(Program);

/// How a thing went that the user did.
#[derive(Debug, PartialEq)]
pub(super) struct Step {
    /// What came of it.
    pub(super) got: Value,
    /// Whether the frontend takes the user for logged in after it.
    pub(super) logged_in: bool,
}

impl Frontend {
    /// Starts `script` for a user of `site`, with these variables.
    pub(super) fn open(script: &str, site: &Site, variables: &[(&str, &str)]) -> Self {
        let mut command = NODE.command(script);
        command
            .env("ORIGIN", &site.origin)
            .envs(variables.iter().copied());
        Self(Program::start(command))
    }

    /// Does one of the things that the script lists.
    pub(super) async fn does(&mut self, verb: &str, argument: Value) -> Step {
        let step = self.0.does(verb, argument).await;
        assert_eq!(step["raised"], Value::Null, "{verb}");
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
