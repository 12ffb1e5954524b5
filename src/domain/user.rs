//! What the directory knows about a user.

use chrono::{DateTime, SubsecRound, Utc};

use super::{JsonText, Refusal, Unsupported};

/// A user as the users table has them now.
#[derive(Debug, Clone, PartialEq)]
pub struct User {
    /// Whether the table says so in so many words; unclear is inactive.
    pub active: bool,
    /// The cut-off: what was issued at or before it is dead.
    pub valid_after: Option<DateTime<Utc>>,
    /// Claims that the table overwrites.
    pub claims: Vec<(String, JsonText)>,
}

/// The answer of the directory.
#[derive(Debug, Clone, PartialEq)]
pub enum Lookup {
    /// There is exactly one such user, or none that is clear: see [`User::active`].
    Found(User),
    /// The subject is of a type that the key column does not have.
    NotAKey,
    /// Nobody has that key.
    NotFound,
}

impl Lookup {
    /// The user, where they may go on with a token issued at `issued_at`.
    ///
    /// A token issued in the very second of the cut-off is dead as well: most tokens and many columns
    /// carry whole seconds, so it cannot be told on which side of the cut-off it was made.
    pub fn admit(self, issued_at: DateTime<Utc>) -> Result<User, Refusal> {
        let user = match self {
            Self::Found(user) => user,
            Self::NotAKey => return Err(Unsupported::SubjectMalformed.into()),
            Self::NotFound => return Err(Refusal::UserNotFound),
        };
        if !user.active {
            return Err(Refusal::UserInactive);
        }
        let issued_at = issued_at.trunc_subsecs(0);
        if user.valid_after.is_some_and(|cut_off| issued_at <= cut_off) {
            return Err(Refusal::CutOff);
        }
        Ok(user)
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    fn user(active: bool, valid_after: Option<i64>) -> Lookup {
        let valid_after = valid_after.map(at);
        Lookup::Found(User {
            active,
            valid_after,
            claims: Vec::new(),
        })
    }

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(seconds, 0).unwrap()
    }

    #[test]
    fn a_token_of_the_very_second_of_the_cut_off_is_dead() {
        assert_eq!(user(true, Some(100)).admit(at(99)), Err(Refusal::CutOff));
        assert_eq!(user(true, Some(100)).admit(at(100)), Err(Refusal::CutOff));
        assert!(user(true, Some(100)).admit(at(101)).is_ok());
    }

    #[test]
    fn a_fraction_of_that_second_saves_no_token() {
        let issued_at = at(100) + TimeDelta::milliseconds(100);

        let admitted = user(true, Some(100)).admit(issued_at);

        assert_eq!(admitted, Err(Refusal::CutOff));
    }

    #[test]
    fn an_inactive_user_is_told_so_before_any_cut_off() {
        assert_eq!(
            user(false, Some(100)).admit(at(99)),
            Err(Refusal::UserInactive)
        );
    }

    #[test]
    fn a_user_without_a_cut_off_keeps_every_token() {
        assert!(user(true, None).admit(at(0)).is_ok());
    }
}
