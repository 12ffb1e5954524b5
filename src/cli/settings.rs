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
        match dotenvy::dotenv_iter() {
            Ok(lines) => {
                for (index, line) in lines.enumerate() {
                    // The library's message quotes the line, which may hold a secret.
                    let Ok((name, value)) = line else {
                        problem = Some(unreadable(index + 1));
                        break;
                    };
                    vars.insert(name, value);
                }
            }
            Err(error) if error.not_found() => {}
            // Going on without it would ask for settings that are there.
            Err(error) => problem = Some(format!(".env could not be opened: {error}")),
        }
        // Compose and its like pass variables that are not set as empty ones.
        vars.extend(
            environment
                .into_iter()
                .filter(|(_, value)| !value.is_empty()),
        );
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

fn unreadable(number: usize) -> String {
    format!(
        "setting {number} of .env cannot be read: write NAME=value, and 'value' in single quotes \
         where it has spaces, quotes, # or $"
    )
}
