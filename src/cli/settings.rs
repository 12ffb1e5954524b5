//! The environment and `.env` as one.

use std::collections::BTreeMap;

use crate::config::{Config, Purpose};

use super::terminal::Failure;

/// Names and values; what the environment says goes before what `.env` says.
pub(super) struct Settings {
    vars: BTreeMap<String, String>,
    problem: Option<String>,
}

impl Settings {
    /// Reads `.env` of the current folder, or of the nearest one above that has it.
    pub(super) fn new(environment: BTreeMap<String, String>) -> Self {
        let mut vars = BTreeMap::new();
        let mut problem = None;
        if let Ok(lines) = dotenvy::dotenv_iter() {
            for (index, line) in lines.enumerate() {
                // The library's message quotes the line, which may hold a secret.
                let Ok((name, value)) = line else {
                    problem = Some(format!("setting {} of .env is not NAME=value", index + 1));
                    break;
                };
                vars.insert(name, value);
            }
        }
        vars.extend(environment);
        Self { vars, problem }
    }

    /// The settings, or all that is wrong with them.
    pub(super) fn config(&self, purpose: Purpose) -> Result<Config, Failure> {
        self.config_with(purpose, [])
    }

    /// The settings with others on top.
    pub(super) fn config_with<const N: usize>(
        &self,
        purpose: Purpose,
        more: [(&str, String); N],
    ) -> Result<Config, Failure> {
        if let Some(problem) = &self.problem {
            return Err(problem.as_str().into());
        }
        let more = more
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value));
        let vars = self.vars.clone().into_iter().chain(more);
        Ok(Config::from_vars(vars, purpose)?)
    }
}
