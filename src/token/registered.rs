//! From JSON text to the claims that the rules look at.

use std::borrow::Cow;

use chrono::{DateTime, Utc};
use serde_json::value::RawValue;
use uuid::Uuid;

use crate::domain::{Claim, Contract, Lineage, REMINT_CLAIM, SessionId, Subject};
use crate::json::{StrictObject, as_string};

/// The year 9999: what lies beyond is a mistake (milliseconds, mostly), and sums stay in range.
const LAST_SECOND: f64 = 253_402_300_799.0;

/// The claims that say what kind of token this is, in the frameworks that we know.
const KIND_CLAIMS: [&str; 4] = ["token_use", "token_type", "typ", "type"];

/// Reads claims of one payload.
pub(super) struct Registered<'a, 'o>(pub(super) &'o StrictObject<'a>);

impl<'a> Registered<'a, '_> {
    fn read<T>(&self, name: &str, parse: impl FnOnce(&'a RawValue) -> Option<T>) -> Claim<T> {
        match self.0.find(name) {
            None => Claim::Absent,
            Some(value) => parse(value).map_or(Claim::Malformed, Claim::Is),
        }
    }

    /// A `NumericDate` (RFC 7519 §2): a number of seconds, fractions allowed.
    pub(super) fn time(&self, name: &str) -> Claim<DateTime<Utc>> {
        self.read(name, |value| time(value.get()))
    }

    /// A string.
    pub(super) fn text(&self, name: &str) -> Claim<String> {
        self.read(name, |value| as_string(value).map(Cow::into_owned))
    }

    /// `aud` (RFC 7519 §4.1.3): a string or a list of strings.
    ///
    /// A null names nobody, so it is as good as none: Devise writes one into every token.
    pub(super) fn audience(&self) -> Claim<Vec<String>> {
        if self.0.find("aud").is_some_and(|aud| aud.get() == "null") {
            return Claim::Absent;
        }
        self.read("aud", |value| {
            let one = as_string(value).map(|audience| vec![audience.into_owned()]);
            one.or_else(|| serde_json::from_str(value.get()).ok())
        })
    }

    /// The subject claim.
    pub(super) fn subject(&self, name: &str) -> Claim<Subject> {
        self.read(name, subject)
    }

    /// Every claim that names a kind of token.
    pub(super) fn kinds(&self) -> Vec<(&'static str, Claim<String>)> {
        let stated = KIND_CLAIMS
            .iter()
            .filter(|name| self.0.find(name).is_some());
        stated.map(|name| (*name, self.text(name))).collect()
    }

    /// Our own private claim.
    pub(super) fn lineage(&self) -> Claim<Lineage> {
        self.read(REMINT_CLAIM, |value| lineage(value.get()))
    }
}

/// Whom a value names: a string or an integer.
pub(super) fn subject(value: &RawValue) -> Option<Subject> {
    let text = as_string(value).map(|text| Subject::Text(text.into_owned()));
    text.or_else(|| value.get().parse().map(Subject::Integer).ok())
}

fn time(number: &str) -> Option<DateTime<Utc>> {
    // JSON numbers are all that Rust's parser takes and JSON allows: a string has quotes.
    if !number.starts_with(|first: char| first == '-' || first.is_ascii_digit()) {
        return None;
    }
    let seconds: f64 = number.parse().ok()?;
    if !(0.0 - LAST_SECOND..=LAST_SECOND).contains(&seconds) {
        return None;
    }
    #[expect(
        clippy::cast_possible_truncation,
        reason = "bounded above; microseconds are enough"
    )]
    DateTime::from_timestamp_micros((seconds * 1e6) as i64)
}

fn lineage(text: &str) -> Option<Lineage> {
    let object = StrictObject::parse(text.as_bytes()).ok()?;
    let session = Uuid::parse_str(&as_string(object.find("sid")?)?).ok()?;
    let started_at = time(object.find("start")?.get())?;
    let generation = object.find("gen")?.get().parse().ok()?;
    let contract = match object.find("contract") {
        None => Contract::ExpiredToken,
        Some(word) => Contract::of_word(&as_string(word)?)?,
    };
    Some(Lineage {
        contract,
        session: SessionId(session),
        generation,
        started_at,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn audience(payload: &str) -> Claim<Vec<String>> {
        let payload = StrictObject::parse(payload.as_bytes()).unwrap();
        Registered(&payload).audience()
    }

    #[test]
    fn an_audience_of_null_is_none_and_any_other_oddity_is_malformed() {
        assert_eq!(audience(r#"{"aud":null}"#), Claim::Absent);
        assert_eq!(audience(r#"{"aud":"a"}"#), Claim::Is(vec!["a".to_owned()]));

        for odd in ["0", "false", "{}", "[null]", r#"["a",null]"#] {
            let payload = format!(r#"{{"aud":{odd}}}"#);
            assert_eq!(audience(&payload), Claim::Malformed, "{odd}");
        }
    }
}
