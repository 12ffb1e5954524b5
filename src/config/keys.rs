//! The keys: `JWT_SECRET_KEY` and those before it.

use chrono::{DateTime, Utc};
use secrecy::ExposeSecret;
use serde::Deserialize;

use crate::token::{HmacAlgorithm, Secret, SigningKey, VerifyingKey, WeakSecret};

use super::Purpose;
use super::vars::{Vars, split};

/// The main job's algorithm, the key that signs, and those that still verify.
#[derive(Debug, Clone)]
pub struct Keys {
    /// The algorithm.
    pub algorithm: HmacAlgorithm,
    /// Whether it may be too short for the algorithm.
    pub allow_weak: bool,
    /// The key that signs.
    pub current: SigningKey,
    /// Keys that only verify.
    pub previous: Vec<VerifyingKey>,
}

impl Keys {
    /// Every secret.
    pub(super) fn secrets(&self) -> impl Iterator<Item = &Secret> {
        let previous = self.previous.iter().map(|key| &key.secret);
        std::iter::once(&self.current.secret).chain(previous)
    }
}

/// An entry of `JWT_PREVIOUS_SECRET_KEYS` in its long form.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    secret: String,
    kid: Option<String>,
    until: Option<String>,
}

/// What the list may hold.
#[derive(Deserialize)]
#[serde(untagged)]
enum Listed {
    Plain(String),
    Entry(Entry),
}

pub(super) fn read(
    vars: &mut Vars,
    algorithm: HmacAlgorithm,
    purpose: Purpose,
    warnings: &mut Vec<String>,
) -> Option<Keys> {
    let key_id = vars.optional("JWT_KEY_ID");
    let allow_weak = vars.flag("JWT_ALLOW_WEAK_SECRET", false);
    let previous = previous(vars);
    let current = vars.secret("JWT_SECRET_KEY", "JWT_SECRET_KEY_FILE");
    let Some(text) = current else {
        let noted = vars
            .problems
            .iter()
            .any(|problem| problem.starts_with("JWT_SECRET_KEY"));
        if purpose == Purpose::Tokens && !noted {
            let what = "required: the secret that your backend signs its tokens with \
                        (or JWT_SECRET_KEY_FILE)";
            vars.problem("JWT_SECRET_KEY", what);
        }
        return None;
    };

    let secret = match Secret::of_setting(text.expose_secret()) {
        Ok(secret) => secret,
        Err(error) => {
            vars.problem("JWT_SECRET_KEY", error);
            return None;
        }
    };
    let named = previous
        .iter()
        .map(|key| ("JWT_PREVIOUS_SECRET_KEYS", &key.secret));
    for (name, secret) in std::iter::once(("JWT_SECRET_KEY", &secret)).chain(named) {
        match WeakSecret::find(secret, algorithm) {
            None => {}
            // HMAC with an empty key is no authentication at all, whatever one allows.
            Some(weak) if allow_weak && !secret.is_empty() => {
                warnings.push(format!("{name}: {weak}"));
            }
            Some(weak) => vars.problem(name, advise(weak)),
        }
    }
    Some(Keys {
        algorithm,
        allow_weak,
        current: SigningKey { key_id, secret },
        previous,
    })
}

fn advise(weak: WeakSecret) -> String {
    format!(
        "{weak}. Generate one with `openssl rand -base64 48`; to go on with a legacy secret for \
         now, set JWT_ALLOW_WEAK_SECRET=true"
    )
}

/// Secrets between commas, or a JSON list of secrets and of objects with `secret`, `kid`, `until`.
fn previous(vars: &mut Vars) -> Vec<VerifyingKey> {
    const NAME: &str = "JWT_PREVIOUS_SECRET_KEYS";
    let Some(list) = vars.secret(NAME, "JWT_PREVIOUS_SECRET_KEYS_FILE") else {
        return Vec::new();
    };
    let list = list.expose_secret().trim();
    let plain = |secret: String| Entry {
        secret,
        kid: None,
        until: None,
    };
    if !list.starts_with('[') {
        return keys(vars, NAME, split(list).into_iter().map(plain).collect());
    }
    // The library's message may quote the list, and with it a secret.
    let Ok(entries) = serde_json::from_str::<Vec<Listed>>(list) else {
        let what = "expected a JSON list of secrets and of {\"secret\", \"kid\", \"until\"}";
        vars.problem(NAME, what);
        return Vec::new();
    };
    let entries = entries.into_iter().map(|listed| match listed {
        Listed::Plain(secret) => plain(secret),
        Listed::Entry(entry) => entry,
    });
    keys(vars, NAME, entries.collect())
}

fn keys(vars: &mut Vars, name: &'static str, entries: Vec<Entry>) -> Vec<VerifyingKey> {
    let mut keys = Vec::new();
    for Entry {
        secret,
        kid: key_id,
        until,
    } in entries
    {
        let valid_until = until.map(|until| DateTime::parse_from_rfc3339(&until));
        match (valid_until.transpose(), Secret::of_setting(&secret)) {
            (Ok(valid_until), Ok(secret)) => keys.push(VerifyingKey {
                key_id,
                secret,
                valid_until: valid_until.map(|until| until.with_timezone(&Utc)),
            }),
            (Err(_), _) => vars.problem(name, "until must be a time such as 2026-12-31T00:00:00Z"),
            (_, Err(error)) => vars.problem(name, error),
        }
    }
    keys
}
