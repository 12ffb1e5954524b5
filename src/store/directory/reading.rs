//! From a row of texts to a user. Whatever is unclear is inactive.

use chrono::{DateTime, Utc};
use sea_orm::{DbErr, QueryResult};
use serde_json::Value;

use crate::domain::{JsonText, User};
use crate::json::{NotStrict, StrictObject};

use super::layout::{ClaimKind, Layout};
use super::statement::{ACTIVE, HAS_CUT_OFF, KEY, VALID_AFTER, claim_name};

/// The key that the database found.
pub(super) fn key(row: &QueryResult) -> Result<Option<String>, DbErr> {
    row.try_get("", KEY)
}

/// The user of that row.
pub(super) fn user(row: &QueryResult, layout: &Layout) -> Result<User, DbErr> {
    let listed = match &layout.active {
        None => true,
        Some(active) => {
            let value: Option<String> = row.try_get("", ACTIVE)?;
            value.is_some_and(|value| active.values.contains(&value))
        }
    };

    let mut readable = true;
    let mut valid_after = None;
    if layout.valid_after.is_some() {
        let epoch: Option<String> = row.try_get("", VALID_AFTER)?;
        let has_cut_off = row.try_get::<Option<String>>("", HAS_CUT_OFF)?.is_some();
        valid_after = epoch.as_deref().and_then(instant);
        readable = valid_after.is_some() || !has_cut_off;
    }

    let mut claims = Vec::with_capacity(layout.claims.len());
    for (index, column) in layout.claims.iter().enumerate() {
        let value: Option<String> = row.try_get("", &claim_name(index))?;
        claims.push((column.claim.clone(), json(value, column.kind)));
    }
    Ok(User {
        active: listed && readable,
        valid_after,
        claims,
    })
}

/// Seconds since 1970, rounded up: a cut-off may only ever reach too far.
fn instant(seconds: &str) -> Option<DateTime<Utc>> {
    // Rust takes "NaN" for a number too, and as an integer it would be a cut-off of 1970.
    let seconds = seconds.parse::<f64>().ok().filter(|it| it.is_finite())?;
    #[expect(
        clippy::cast_possible_truncation,
        reason = "casts saturate, and chrono checks"
    )]
    DateTime::from_timestamp_micros((seconds * 1e6).ceil() as i64)
}

/// The JSON that a column's text stands for.
fn json(value: Option<String>, kind: ClaimKind) -> JsonText {
    let Some(text) = value else {
        return JsonText::from_valid("null");
    };
    let literal = match kind {
        ClaimKind::Boolean | ClaimKind::Bits => match text.as_str() {
            "1" | "true" => Some("true".to_owned()),
            "0" | "false" => Some("false".to_owned()),
            _ => None,
        },
        // NaN and Infinity are numbers to a database and not to JSON.
        ClaimKind::Number | ClaimKind::Json | ClaimKind::PostgresArray => strict(&text),
        ClaimKind::Text => None,
    };
    let quoted = || Value::String(text.clone()).to_string();
    JsonText::from_valid(literal.unwrap_or_else(quoted))
}

/// The text of a JSON value, if it is one; of members that stand twice the last one stays.
///
/// Databases store such members, and a token with them would never be refreshed again.
fn strict(text: &str) -> Option<String> {
    match StrictObject::parse(text.as_bytes()) {
        Ok(_) | Err(NotStrict::NotAnObject) => Some(text.to_owned()),
        Err(NotStrict::Duplicate) => {
            let last_wins: Value = serde_json::from_str(text).ok()?;
            Some(last_wins.to_string())
        }
        Err(NotStrict::NotJson) => None,
    }
}
