//! The environment and `.env` as one.

use std::collections::BTreeMap;
use std::{fs, io};

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
        let (mut vars, problem) = match env_file() {
            None => (BTreeMap::new(), None),
            Some(Ok(text)) => match parse(&text) {
                Ok(vars) => (vars, None),
                Err(problem) => (BTreeMap::new(), Some(problem)),
            },
            // Going on without it would ask for settings that are there.
            Some(Err(error)) => {
                let problem = format!(".env could not be opened: {error}");
                (BTreeMap::new(), Some(problem))
            }
        };
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
        if let Some(problem) = &self.problem {
            return Err(problem.as_str().into());
        }
        Ok(Config::from_vars(self.vars.clone(), purpose)?)
    }
}

/// The text of `.env`, if there is one.
fn env_file() -> Option<io::Result<String>> {
    let folder = fs::canonicalize(".").ok()?;
    let file = folder.ancestors().map(|folder| folder.join(".env"));
    file.map(fs::read_to_string).find(|read| match read {
        Ok(_) => true,
        Err(error) => error.kind() != io::ErrorKind::NotFound,
    })
}

fn parse(text: &str) -> Result<BTreeMap<String, String>, String> {
    if let Some(name) = changed_by_expansion(text) {
        return Err(format!(
            "{name} in .env has a $, which stands for another variable there: write the value in \
             'single quotes'"
        ));
    }
    // The library's message quotes the line, which may hold a secret.
    let lines = dotenvy::from_read_iter(text.as_bytes()).enumerate();
    lines
        .map(|(index, line)| line.map_err(|_| unreadable(index + 1)))
        .collect()
}

/// The name of the first setting that the library would change: it takes `$word` for another
/// variable, also in the middle of a secret.
fn changed_by_expansion(text: &str) -> Option<&str> {
    text.lines().find_map(|line| {
        let (name, value) = line.trim_start().split_once('=')?;
        let is_plain = !name.starts_with('#') && !value.trim_start().starts_with('\'');
        (is_plain && value.replace("\\$", "").contains('$')).then_some(name.trim())
    })
}

fn unreadable(number: usize) -> String {
    format!(
        "setting {number} of .env cannot be read: write NAME=value, and 'value' in single quotes \
         where it has spaces, quotes, # or $"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dollar_that_would_change_a_value_is_refused() {
        for file in ["A=x$y", "A=\"x$y\"", "B=1\nA=$y"] {
            assert!(parse(file).unwrap_err().starts_with("A in .env"), "{file}");
        }
        for (file, value) in [("A='x$y'", "x$y"), (r"A=x\$y", "x$y"), ("# A=$y\nA=1", "1")] {
            assert_eq!(parse(file).unwrap()["A"], value, "{file}");
        }
    }
}
