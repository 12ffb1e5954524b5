//! The life of a session: generations, and what presenting one of them means.
//!
//! A session is a chain of exchanges that began with one login. Its row says which generation is
//! current; generation *n + 1* is derived from the row and the key, never stored.

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};

use super::{Contract, Handle, JsonText, Refusal, SessionId};

/// A session as its row has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Its name.
    pub id: SessionId,
    /// The contract that it began by.
    pub contract: Contract,
    /// Its other name, where tokens have no room for that one.
    pub handle: Option<Handle>,
    /// Whose it is, as tokens write it.
    pub user_key: String,
    /// The generation that may be exchanged next.
    pub generation: u64,
    /// When that generation was issued, in whole seconds.
    pub rotated_at: DateTime<Utc>,
    /// When the session started.
    pub started_at: DateTime<Utc>,
    /// When it ends, unless it is refreshed before and the contract has its refresh tokens rotated.
    pub expires_at: DateTime<Utc>,
    /// When and why it was ended before its time.
    pub revoked: Option<(DateTime<Utc>, Revocation)>,
    /// What a replay needs in order to say the same as the answer that was lost: for
    /// [`Contract::ExpiredToken`] the claims that the users table overwrote, else all claims that
    /// are not written anew each time.
    pub claims: Vec<(String, JsonText)>,
}

/// Whether a session goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SessionState {
    /// It does.
    Live,
    /// It has reached its end.
    Over,
    /// It was ended before.
    Revoked(DateTime<Utc>, Revocation),
}

impl Session {
    /// Whether it goes on at `now`.
    pub fn state(&self, now: DateTime<Utc>) -> SessionState {
        match self.revoked {
            Some((at, because)) => SessionState::Revoked(at, because),
            None if now >= self.expires_at => SessionState::Over,
            None => SessionState::Live,
        }
    }
}

/// What a credential finds its session by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SessionName {
    /// By its number: see [`Handle`].
    Handle(Handle),
    /// By its id.
    Id(SessionId),
}

/// Why a session was ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Revocation {
    /// The user logged out.
    Logout,
    /// Whoever runs the service ended it.
    Operator,
    /// A generation was presented again after its time: two parties have the session.
    Reuse,
}

impl Revocation {
    /// The word that is stored.
    pub fn word(self) -> &'static str {
        match self {
            Self::Logout => "logout",
            Self::Operator => "operator",
            Self::Reuse => "reuse",
        }
    }

    /// The reason that the word stands for; an unknown one, of a later version, is a logout.
    pub fn of_word(word: &str) -> Self {
        let all = [Self::Logout, Self::Operator, Self::Reuse];
        all.into_iter()
            .find(|reason| reason.word() == word)
            .unwrap_or(Self::Logout)
    }
}

/// What a session store knows about a credential.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Standing {
    /// The session, if it was ever written down.
    pub session: Option<Session>,
    /// The user's cut-off: what was issued at or before it is dead.
    pub cut_off: Option<DateTime<Utc>>,
}

impl Standing {
    /// Refuses what was revoked: the session itself, or everything of the user's up to a moment.
    pub fn admit(&self, issued_at: DateTime<Utc>) -> Result<(), Refusal> {
        let revoked = self
            .session
            .as_ref()
            .is_some_and(|session| session.revoked.is_some());
        // Cut-offs are whole seconds; a fraction must not save a token of the same one.
        let issued_at = issued_at.trunc_subsecs(0);
        if revoked {
            return Err(Refusal::SessionRevoked);
        }
        if self.cut_off.is_some_and(|cut_off| issued_at <= cut_off) {
            return Err(Refusal::CutOff);
        }
        Ok(())
    }
}

/// What to do about a generation that was presented.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Nobody has exchanged anything of this session yet: write it down.
    Begin,
    /// It was exchanged before, and its grace is over or another exchange followed: end the session.
    Reuse,
    /// Give the answer of `rotated_at` again.
    Replay,
    /// Make the next generation, if the row still says `from`.
    Rotate {
        /// What the row said.
        from: u64,
    },
}

/// What presenting `generation` at `now` means, by what the row says. Only whole seconds of `now` count, as
/// rows have no others.
///
/// A generation *above* the row's is genuine too, or its signature would not have verified: the
/// database lost the newest rotations (restored from a backup, for example). Its holder goes on.
pub fn decide(
    generation: u64,
    session: Option<&Session>,
    grace: TimeDelta,
    now: DateTime<Utc>,
) -> Result<Step, Refusal> {
    let Some(session) = session else {
        return Ok(Step::Begin);
    };
    if session.revoked.is_some() {
        return Err(Refusal::SessionRevoked);
    }
    if now >= session.expires_at {
        return Err(Refusal::SessionExpired);
    }
    if generation >= session.generation {
        return Ok(Step::Rotate {
            from: session.generation,
        });
    }
    // A clock that stepped back must not make a theft of an innocent retry.
    let waited = now.trunc_subsecs(0) - session.rotated_at;
    let is_last = generation.checked_add(1) == Some(session.generation);
    Ok(if is_last && waited <= grace {
        Step::Replay
    } else {
        Step::Reuse
    })
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    const GRACE: TimeDelta = TimeDelta::seconds(30);

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(seconds, 0).unwrap()
    }

    fn session(generation: u64) -> Session {
        Session {
            id: SessionId(Uuid::nil()),
            contract: Contract::ExpiredToken,
            handle: None,
            user_key: "alice".to_owned(),
            generation,
            rotated_at: at(1000),
            started_at: at(0),
            expires_at: at(5000),
            revoked: None,
            claims: Vec::new(),
        }
    }

    fn decided(generation: u64, row: u64, now: i64) -> Result<Step, Refusal> {
        decide(generation, Some(&session(row)), GRACE, at(now))
    }

    #[test]
    fn the_current_generation_rotates_at_any_age() {
        assert_eq!(decided(3, 3, 1000), Ok(Step::Rotate { from: 3 }));
        assert_eq!(decided(3, 3, 4999), Ok(Step::Rotate { from: 3 }));
    }

    #[test]
    fn the_generation_before_is_answered_again_until_the_grace_is_over() {
        assert_eq!(decided(2, 3, 1000), Ok(Step::Replay));
        assert_eq!(decided(2, 3, 1030), Ok(Step::Replay));
        assert_eq!(decided(2, 3, 1031), Ok(Step::Reuse));
    }

    #[test]
    fn the_grace_is_over_with_its_last_second_not_within_it() {
        let within = at(1030) + TimeDelta::milliseconds(999);

        let step = decide(2, Some(&session(3)), GRACE, within);

        assert_eq!(step, Ok(Step::Replay));
    }

    #[test]
    fn a_clock_that_stepped_back_makes_no_thief() {
        assert_eq!(decided(2, 3, 900), Ok(Step::Replay));
    }

    #[test]
    fn two_generations_back_is_reuse_at_once() {
        assert_eq!(decided(1, 3, 1000), Ok(Step::Reuse));
        assert_eq!(decided(0, 3, 1000), Ok(Step::Reuse));
    }

    #[test]
    fn whoever_is_ahead_of_a_restored_database_goes_on() {
        assert_eq!(decided(7, 3, 1000), Ok(Step::Rotate { from: 3 }));
    }

    #[test]
    fn an_ended_session_neither_rotates_nor_replays() {
        let revoked = Session {
            revoked: Some((at(1001), Revocation::Logout)),
            ..session(3)
        };
        for generation in 0..5 {
            let refused = decide(generation, Some(&revoked), GRACE, at(1002));
            assert_eq!(refused, Err(Refusal::SessionRevoked));
            assert_eq!(decided(generation, 3, 5000), Err(Refusal::SessionExpired));
        }
    }

    #[test]
    fn what_was_never_written_down_begins() {
        assert_eq!(decide(0, None, GRACE, at(0)), Ok(Step::Begin));
        assert_eq!(decide(4, None, GRACE, at(0)), Ok(Step::Begin));
    }
}
