//! Sessions as a list shows them.

use chrono::{DateTime, SecondsFormat, Utc};
use poem_openapi::types::Example;
use poem_openapi::{Enum, Object};

use crate::domain::{Revocation, Session, SessionState};

use super::login::ContractName;

/// The sessions of a user.
#[derive(Object)]
pub(super) struct SessionList {
    /// The latest refreshed first, 1,000 at most.
    pub(super) sessions: Vec<SessionEntry>,
}

/// A session. Times are RFC 3339, in UTC.
#[derive(Object)]
#[oai(example)]
pub(super) struct SessionEntry {
    /// The session's name, for revoking it. Not a secret.
    session_id: String,
    /// What its frontend speaks.
    contract: ContractName,
    /// How often it was refreshed; 0 throughout where the contract keeps its refresh token.
    generation: u64,
    /// When it started.
    started_at: String,
    /// When it was refreshed last.
    refreshed_at: String,
    /// When it ends if nobody refreshes it.
    expires_at: String,
    /// Whether it goes on.
    state: State,
    /// When it was ended before its time.
    #[oai(skip_serializing_if_is_none)]
    revoked_at: Option<String>,
    /// Why.
    #[oai(skip_serializing_if_is_none)]
    revoked_because: Option<Reason>,
}

/// Whether a session goes on.
#[derive(Enum)]
#[oai(rename_all = "snake_case")]
enum State {
    /// It does.
    Live,
    /// It has reached its end.
    Over,
    /// It was ended before.
    Revoked,
}

/// Why a session was ended.
#[derive(Enum)]
#[oai(rename_all = "snake_case")]
enum Reason {
    /// The user logged out, or has a cut-off.
    Logout,
    /// Whoever runs the service ended it.
    Operator,
    /// A token came again after its time: two parties have the session.
    Reuse,
}

impl SessionEntry {
    /// What is to be said of a session at `now`.
    pub(super) fn new(session: &Session, now: DateTime<Utc>) -> Self {
        let (state, revoked) = match session.state(now) {
            SessionState::Live => (State::Live, None),
            SessionState::Over => (State::Over, None),
            SessionState::Revoked(at, because) => (State::Revoked, Some((at, because))),
        };
        Self {
            session_id: session.id.to_string(),
            contract: session.contract.into(),
            generation: session.generation,
            started_at: rfc3339(session.started_at),
            refreshed_at: rfc3339(session.rotated_at),
            expires_at: rfc3339(session.expires_at),
            state,
            revoked_at: revoked.map(|(at, _)| rfc3339(at)),
            revoked_because: revoked.map(|(_, because)| match because {
                Revocation::Logout => Reason::Logout,
                Revocation::Operator => Reason::Operator,
                Revocation::Reuse => Reason::Reuse,
            }),
        }
    }
}

impl Example for SessionEntry {
    fn example() -> Self {
        Self {
            session_id: "7d5bd26e-6825-4797-8fa3-75bd26bc0848".to_owned(),
            contract: ContractName::TokenPair,
            generation: 3,
            started_at: "2027-01-15T08:00:00Z".to_owned(),
            refreshed_at: "2027-01-29T17:30:00Z".to_owned(),
            expires_at: "2027-02-14T08:00:00Z".to_owned(),
            state: State::Live,
            revoked_at: None,
            revoked_because: None,
        }
    }
}

/// A time as it is written in answers.
pub(super) fn rfc3339(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Secs, true)
}
