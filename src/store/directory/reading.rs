//! From a row of texts to a user. Whatever is unclear is inactive.

use chrono::{DateTime, Utc};
use sea_orm::{DbErr, QueryResult};
use serde_json::value::RawValue;

use crate::domain::{JsonText, User};

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
    let seconds: f64 = seconds.parse().ok()?;
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
        ClaimKind::Number | ClaimKind::Json | ClaimKind::PostgresArray => {
            serde_json::from_str::<&RawValue>(&text)
                .is_ok()
                .then(|| text.clone())
        }
        ClaimKind::Text => None,
    };
    let quoted = || serde_json::Value::String(text.clone()).to_string();
    JsonText::from_valid(literal.unwrap_or_else(quoted))
}
