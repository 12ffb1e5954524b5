//! `remint session show`, for people.

use chrono::{DateTime, Utc};

use crate::domain::{Renewal, Revocation, Session, SessionState};

use super::super::terminal::say;
use super::time;

/// Tells what is known of a session at `now`, from its start to its end.
pub(super) fn tell(session: &Session, now: DateTime<Utc>) {
    let state = session.state(now);
    let user = match session.user_key.as_str() {
        // Revoked by its name before anything of it was written down.
        "" => "unknown",
        user => user,
    };
    for (what, seen) in [
        ("Session", session.id.to_string()),
        ("User", user.to_owned()),
        ("Contract", session.contract.word().to_owned()),
        ("Started", time(session.started_at)),
        ("Refreshed", refreshes(session)),
        ("Ends", end(session, state)),
    ] {
        say(format!("{what:<10} {seen}"));
    }
    if let SessionState::Revoked(at, because) = state {
        say(format!(
            "{:<10} {}, by {}",
            "Revoked",
            time(at),
            reason(because)
        ));
    }
}

fn refreshes(session: &Session) -> String {
    match (session.contract.renewal(), session.generation) {
        (Renewal::Kept, _) => "not counted, as its refresh token stays the same".to_owned(),
        (Renewal::None | Renewal::Rotated, 0) => "never".to_owned(),
        (Renewal::None | Renewal::Rotated, number) => {
            let times = if number == 1 { "time" } else { "times" };
            format!("{number} {times}, last at {}", time(session.rotated_at))
        }
    }
}

fn end(session: &Session, state: SessionState) -> String {
    let at = time(session.expires_at);
    match state {
        SessionState::Live if session.contract.renewal() == Renewal::Rotated => {
            format!("{at}, unless it is refreshed before")
        }
        SessionState::Live => at,
        SessionState::Over => format!("{at}: it is over"),
        SessionState::Revoked(..) => format!("{at}, if it had not been revoked"),
    }
}

fn reason(because: Revocation) -> &'static str {
    match because {
        Revocation::Logout => "a logout, or a cut-off of the user",
        Revocation::Operator => "whoever runs the service",
        Revocation::Reuse => {
            "reuse: a token came again after its time, so two parties had the session and one of \
             them may be a thief; it ended for both, and the user has to log in again"
        }
    }
}
