//! Reading variables by name, noting what is wrong with them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::ops::RangeInclusive;
use std::path::Path;
use std::str::FromStr;

use secrecy::SecretString;

/// Names that begin so are ours, so one that we do not know is misspelt.
const OUR_PREFIXES: [&str; 14] = [
    "COGNITO_",
    "ENVELOPE_",
    "JWT_",
    "MAX_CONCURRENT_",
    "MAX_QUEUED_",
    "METRICS_API_",
    "OAUTH_CLIENT_",
    "OAUTH_ISSUER",
    "RATE_LIMIT_",
    "REMINT_",
    "TLS_CERT",
    "TLS_KEY",
    "TOKEN_PAIR_",
    "USERS_",
];

/// Ours by their prefix, but not settings of the service.
const NOT_SETTINGS: [&str; 4] = [
    "REMINT_FULL",
    "REMINT_REQUIRE_SERVERS",
    "REMINT_SEED",
    "REMINT_WRITE_DOCS",
];

/// A shorter name is near to many words.
const LEAST_OF_A_NAME: usize = 7;

/// How many edits make a name another one's slip.
const MOST_EDITS: usize = 2;

/// How alike two names must be for the one to be suggested for the other.
const ALIKE: f64 = 0.85;

pub(super) struct Vars {
    given: BTreeMap<String, String>,
    /// Every name that was asked for.
    pub(super) asked: BTreeSet<&'static str>,
    /// What is wrong, by name, in the order of asking.
    pub(super) problems: Vec<String>,
}

impl Vars {
    pub(super) fn new(vars: impl IntoIterator<Item = (String, String)>) -> Self {
        let given = vars
            .into_iter()
            .filter(|(_, value)| !value.is_empty())
            .collect();
        Self {
            given,
            asked: BTreeSet::new(),
            problems: Vec::new(),
        }
    }

    /// Notes a problem. `what` must not quote a secret.
    pub(super) fn problem(&mut self, name: &str, what: impl fmt::Display) {
        self.problems.push(format!("{name}: {what}"));
    }

    /// The value, if one is set.
    pub(super) fn optional(&mut self, name: &'static str) -> Option<String> {
        self.asked.insert(name);
        self.given.get(name).cloned()
    }

    /// The first name that begins so and is set.
    pub(super) fn first_given(&self, prefix: &str) -> Option<String> {
        let mut given = self.given.keys();
        given.find(|name| name.starts_with(prefix)).cloned()
    }

    /// The value or the default.
    pub(super) fn text(&mut self, name: &'static str, default: &str) -> String {
        self.optional(name).unwrap_or_else(|| default.to_owned())
    }

    /// The values between commas.
    pub(super) fn list(&mut self, name: &'static str) -> Vec<String> {
        split(&self.optional(name).unwrap_or_default())
    }

    /// The value parsed, or the default.
    pub(super) fn parse<T: FromStr<Err: fmt::Display>>(
        &mut self,
        name: &'static str,
        default: T,
    ) -> T {
        match self.optional(name).map(|raw| raw.trim().parse()) {
            None => default,
            Some(Ok(value)) => value,
            Some(Err(error)) => {
                self.problem(name, error);
                default
            }
        }
    }

    /// A whole number within bounds, or the default.
    pub(super) fn bounded(
        &mut self,
        name: &'static str,
        default: u32,
        bounds: RangeInclusive<u32>,
    ) -> u32 {
        let Some(raw) = self.optional(name) else {
            return default;
        };
        match raw.trim().parse() {
            Ok(number) if bounds.contains(&number) => number,
            _ => {
                let (least, most) = bounds.into_inner();
                self.problem(
                    name,
                    format!("expected a whole number from {least} to {most}"),
                );
                default
            }
        }
    }

    /// Yes or no, or the default.
    pub(super) fn flag(&mut self, name: &'static str, default: bool) -> bool {
        self.either(name, default, "expected true or false")
    }

    /// On or off, or the default.
    pub(super) fn switch(&mut self, name: &'static str, default: bool) -> bool {
        self.either(name, default, "expected on or off")
    }

    fn either(&mut self, name: &'static str, default: bool, expected: &str) -> bool {
        match self.optional(name).as_deref() {
            None => default,
            Some("false" | "0" | "off") => false,
            Some("true" | "1" | "on") => true,
            Some(_) => {
                self.problem(name, expected);
                default
            }
        }
    }

    /// A secret: from the variable, or from the file that the other variable names.
    ///
    /// One newline at the end of the file is not part of the secret: editors put it there.
    pub(super) fn secret(
        &mut self,
        name: &'static str,
        file_name: &'static str,
    ) -> Option<SecretString> {
        let value = self.optional(name);
        match (value, self.optional(file_name)) {
            (value, None) => value.map(SecretString::from),
            (Some(_), Some(_)) => {
                self.problem(name, format!("set this or {file_name}, not both"));
                None
            }
            (None, Some(path)) => match std::fs::read_to_string(&path) {
                Ok(text) => {
                    let secret = text.strip_suffix('\n').unwrap_or(&text);
                    let secret = secret.strip_suffix('\r').unwrap_or(secret);
                    Some(SecretString::from(secret))
                }
                Err(error) => {
                    let path =
                        surely_a_path(&path).map_or_else(String::new, |path| format!(" {path}"));
                    self.problem(
                        file_name,
                        format!("the file{path} could not be read: {error}"),
                    );
                    None
                }
            },
        }
    }

    /// Notes each name that looks like one of ours and is none.
    pub(super) fn note_unknown_names(&mut self) {
        let is_ours = |name: &&String| OUR_PREFIXES.iter().any(|ours| name.starts_with(ours));
        let unknown: Vec<String> = self
            .given
            .keys()
            .filter(is_ours)
            .filter(|name| !self.asked.contains(name.as_str()))
            .filter(|name| !NOT_SETTINGS.contains(&name.as_str()))
            .cloned()
            .collect();
        for name in unknown {
            let alike = |known: &&&str| strsim::jaro_winkler(known, &name) > ALIKE;
            let by_likeness = |a: &&&str, b: &&&str| {
                strsim::jaro_winkler(a, &name).total_cmp(&strsim::jaro_winkler(b, &name))
            };
            match self.asked.iter().filter(alike).max_by(by_likeness).copied() {
                Some(known) => self.problem(&name, format!("unknown; did you mean {known}?")),
                None => self.problem(&name, "unknown; .env.example lists every setting"),
            }
        }
    }

    /// A line about each name that is nearly one of ours, and begins as those of others may.
    pub(super) fn near_names(&self) -> Vec<String> {
        let is_others = |name: &&String| {
            let is_ours = OUR_PREFIXES.iter().any(|ours| name.starts_with(ours));
            !is_ours && !self.asked.contains(name.as_str())
        };
        let others = self.given.keys().filter(is_others);
        let near = others.filter(|name| name.chars().count() >= LEAST_OF_A_NAME);
        near.filter_map(|name| {
            // In small letters it is read by frameworks that know no difference.
            let large = name.to_uppercase();
            let edits = |known: &&'static str| (strsim::levenshtein(known, &large), *known);
            let (edits, known) = self.asked.iter().map(edits).min()?;
            let is_slip = edits <= MOST_EDITS;
            is_slip.then(|| format!("{name} is no setting of remint; did you mean {known}?"))
        })
        .collect()
    }
}

/// The text, if it leads into a folder that there is.
///
/// Whoever mistakes the variable of a file for that of the secret puts the secret there, and one in
/// base64 may begin with a slash.
fn surely_a_path(text: &str) -> Option<&str> {
    let (top, _) = text.strip_prefix('/')?.split_once('/')?;
    let is_folder = !top.is_empty() && Path::new("/").join(top).is_dir();
    is_folder.then_some(text)
}

/// The parts between commas, without the space around them, leaving out empty ones.
pub(super) fn split(list: &str) -> Vec<String> {
    list.split(',')
        .map(str::trim)
        .filter(|part| !part.is_empty())
        .map(str::to_owned)
        .collect()
}
