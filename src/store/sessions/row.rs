//! Between rows and sessions.

use chrono::{DateTime, Utc};
use data_encoding::HEXLOWER;
use sea_orm::{DbErr, QueryResult, Value};
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::domain::{Contract, Handle, JsonText, Revocation, Session, SessionId, Standing};
use crate::json::StrictObject;

use super::super::values::Kind::{self, Always, NumberOrNull, TextOrNull};

/// The columns of a session, in the order of [`values`].
pub(super) const COLUMNS: [&str; 12] = [
    "id",
    "handle",
    "user_hash",
    "user_key",
    "contract",
    "generation",
    "rotated_at",
    "started_at",
    "expires_at",
    "revoked_at",
    "revoked_because",
    "claims",
];

/// What they hold.
pub(super) const KINDS: [Kind; COLUMNS.len()] = [
    Always,
    NumberOrNull,
    Always,
    Always,
    Always,
    Always,
    Always,
    Always,
    Always,
    NumberOrNull,
    TextOrNull,
    TextOrNull,
];

/// A session as a row.
pub(super) fn values(session: &Session) -> [Value; COLUMNS.len()] {
    let revoked = session.revoked;
    [
        session.id.to_string().into(),
        session.handle.map(handle_number).into(),
        user_hash(&session.user_key).into(),
        session.user_key.as_str().into(),
        session.contract.word().into(),
        number(session.generation).into(),
        session.rotated_at.timestamp().into(),
        session.started_at.timestamp().into(),
        session.expires_at.timestamp().into(),
        revoked.map(|(at, _)| at.timestamp()).into(),
        revoked.map(|(_, because)| because.word()).into(),
        claims_text(&session.claims).into(),
    ]
}

/// A generation as the column holds it. A session would have to be refreshed every nanosecond
/// for three centuries to reach the bound.
pub(super) fn number(generation: u64) -> i64 {
    i64::try_from(generation).unwrap_or(i64::MAX)
}

/// A handle as the column holds it.
pub(super) fn handle_number(handle: Handle) -> i64 {
    i64::try_from(handle.number()).unwrap_or(i64::MAX)
}

/// Claims as one JSON object; nothing where there are none.
pub(super) fn claims_text(claims: &[(String, JsonText)]) -> Option<String> {
    let member = |(name, value): &(String, JsonText)| {
        format!(
            "{}:{}",
            serde_json::Value::from(name.as_str()),
            value.as_str()
        )
    };
    let members: Vec<_> = claims.iter().map(member).collect();
    (!members.is_empty()).then(|| format!("{{{}}}", members.join(",")))
}

/// Names a user in a way that no collation takes for another.
pub(super) fn user_hash(user_key: &str) -> String {
    HEXLOWER.encode(&Sha256::digest(user_key))
}

/// What a row with the user's cut-off beside the session says.
pub(super) fn located(row: &QueryResult) -> Result<Standing, DbErr> {
    Ok(Standing {
        session: Some(session(row)?),
        cut_off: cut_off(row)?,
    })
}

/// The user's cut-off that stands beside a session.
pub(super) fn cut_off(row: &QueryResult) -> Result<Option<DateTime<Utc>>, DbErr> {
    let cut_off: Option<i64> = row.try_get("", "valid_after")?;
    cut_off.map(instant).transpose()
}

/// The session that a row is about.
pub(super) fn id(row: &QueryResult) -> Result<SessionId, DbErr> {
    let id: String = row.try_get("", "id")?;
    let id = Uuid::parse_str(&id).map_err(|error| unreadable("id", &error))?;
    Ok(SessionId(id))
}

/// Its handle, if it has one.
pub(super) fn handle(row: &QueryResult) -> Result<Option<Handle>, DbErr> {
    let number: Option<i64> = row.try_get("", "handle")?;
    Ok(number.and_then(|number| Handle::of_number(u64::try_from(number).ok()?)))
}

/// The session of a row.
pub(super) fn session(row: &QueryResult) -> Result<Session, DbErr> {
    let contract: String = row.try_get("", "contract")?;
    let unknown = || DbErr::Type("contract of a session: of a later version".to_owned());
    let generation: i64 = row.try_get("", "generation")?;
    let revoked_at: Option<i64> = row.try_get("", "revoked_at")?;
    let because: Option<String> = row.try_get("", "revoked_because")?;
    let because = Revocation::of_word(&because.unwrap_or_default());
    let claims: Option<String> = row.try_get("", "claims")?;
    Ok(Session {
        id: id(row)?,
        contract: Contract::of_word(&contract).ok_or_else(unknown)?,
        handle: handle(row)?,
        user_key: row.try_get("", "user_key")?,
        generation: u64::try_from(generation).map_err(|error| unreadable("generation", &error))?,
        rotated_at: time(row, "rotated_at")?,
        started_at: time(row, "started_at")?,
        expires_at: time(row, "expires_at")?,
        revoked: revoked_at.map(instant).transpose()?.map(|at| (at, because)),
        claims: claims.map_or_else(|| Ok(Vec::new()), |text| parse_claims(&text))?,
    })
}

/// A point in time.
pub(super) fn time(row: &QueryResult, column: &str) -> Result<DateTime<Utc>, DbErr> {
    instant(row.try_get("", column)?)
}

fn instant(seconds: i64) -> Result<DateTime<Utc>, DbErr> {
    let out_of_range = || DbErr::Type(format!("{seconds} is no time"));
    DateTime::from_timestamp(seconds, 0).ok_or_else(out_of_range)
}

fn parse_claims(text: &str) -> Result<Vec<(String, JsonText)>, DbErr> {
    let object = StrictObject::parse(text.as_bytes()).map_err(|e| unreadable("claims", &e))?;
    let claim =
        |(name, value): (&str, &RawValue)| (name.to_owned(), JsonText::from_valid(value.get()));
    Ok(object.iter().map(claim).collect())
}

fn unreadable(column: &str, error: &dyn std::error::Error) -> DbErr {
    DbErr::Type(format!("{column} of a session: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bare() -> Session {
        let now = DateTime::UNIX_EPOCH;
        Session {
            id: SessionId(Uuid::nil()),
            contract: Contract::Cookie,
            handle: None,
            user_key: String::new(),
            generation: 0,
            rotated_at: now,
            started_at: now,
            expires_at: now,
            revoked: None,
            claims: Vec::new(),
        }
    }

    #[test]
    fn null_stands_only_where_it_has_another_word_in_arrays() {
        let is_null = |value: Value| value == value.as_null();
        let nulls = values(&bare()).map(is_null);

        assert_eq!(nulls, KINDS.map(|kind| kind != Always));
    }
}
