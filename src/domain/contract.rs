//! The wire contracts, as far as the rules differ between them.

use chrono::{DateTime, TimeDelta, Utc};

/// What a legacy frontend speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Contract {
    /// A refresh token in a cookie (seed 001).
    Cookie,
    /// A uuid, in an envelope with a timestamp (seed 003).
    Envelope,
    /// An access token that ran out: the main job (seed 004).
    ExpiredToken,
    /// OAuth 2.0's refresh token grant (RFC 6749 §6).
    OAuth2,
    /// A refresh token in the body, a bare access token back (seed 000).
    RefreshToken,
    /// An access and a refresh token, both of them exchanged (seed 002).
    TokenPair,
}

impl Contract {
    /// Every contract.
    pub const ALL: [Self; 6] = [
        Self::ExpiredToken,
        Self::Cookie,
        Self::TokenPair,
        Self::Envelope,
        Self::RefreshToken,
        Self::OAuth2,
    ];

    /// The word that is stored and logged.
    pub fn word(self) -> &'static str {
        match self {
            Self::Cookie => "cookie",
            Self::Envelope => "envelope",
            Self::ExpiredToken => "expired_token",
            Self::OAuth2 => "oauth2",
            Self::RefreshToken => "refresh_token",
            Self::TokenPair => "token_pair",
        }
    }

    /// The contract that the word stands for.
    pub fn of_word(word: &str) -> Option<Self> {
        let mut all = Self::ALL.into_iter();
        all.find(|contract| contract.word() == word)
    }

    /// What becomes of the refresh token when it is used.
    pub fn renewal(self) -> Renewal {
        match self {
            Self::ExpiredToken => Renewal::None,
            Self::Cookie | Self::RefreshToken => Renewal::Kept,
            Self::Envelope | Self::OAuth2 | Self::TokenPair => Renewal::Rotated,
        }
    }

    /// Whether its refresh tokens name a session by its [`Handle`].
    pub fn has_handles(self) -> bool {
        self == Self::Envelope
    }

    /// The last generation that its refresh tokens have room for.
    pub fn last_generation(self) -> u64 {
        match self {
            // A uuid has 16 bits for it: a refresh every minute for 45 days.
            Self::Envelope => u16::MAX.into(),
            Self::Cookie
            | Self::ExpiredToken
            | Self::OAuth2
            | Self::RefreshToken
            | Self::TokenPair => u64::MAX,
        }
    }
}

/// What becomes of a refresh token when it is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Renewal {
    /// It stays good until its end: the contract has no place for another one in its answer.
    Kept,
    /// There is none.
    None,
    /// It is good once, and the answer holds the next one.
    Rotated,
}

/// A number that finds a session of [`Contract::Envelope`], whose tokens have no room for its id.
///
/// No two sessions ever have the same one, at whatever time they lived: a token of a session long
/// forgotten would else be good for another one. So it is a second and ten random bits, and the
/// database keeps it unique.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Handle(u64);

/// The first second that a handle can have: 2026-01-01.
const FIRST_SECOND: i64 = 1_767_225_600;

impl Handle {
    /// How many bits there are: 32 for the second, which lasts until the year 2162.
    pub const BITS: u32 = 42;

    /// A handle for a session that is written down at `now`.
    pub fn at(now: DateTime<Utc>, random: u16) -> Self {
        let second = (now.timestamp() - FIRST_SECOND).clamp(0, u32::MAX.into());
        Self((second.unsigned_abs() << 10) | (u64::from(random) & 0x3ff))
    }

    /// The handle of that number, which must fit.
    pub fn of_number(number: u64) -> Option<Self> {
        (number >> Self::BITS == 0).then_some(Self(number))
    }

    /// The number.
    pub fn number(self) -> u64 {
        self.0
    }
}

/// When a session ends if nobody refreshes it any more, in whole seconds.
pub fn idle_end(
    now: DateTime<Utc>,
    refresh_lifetime: TimeDelta,
    session_end: DateTime<Utc>,
) -> DateTime<Utc> {
    (now + refresh_lifetime).min(session_end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_contract_is_found_by_its_own_word() {
        for contract in Contract::ALL {
            assert_eq!(Contract::of_word(contract.word()), Some(contract));
        }
        assert_eq!(Contract::of_word("saml"), None);
    }

    #[test]
    fn handles_of_two_seconds_differ_whatever_the_random_bits_are() {
        let at = |second| DateTime::from_timestamp(second, 0).unwrap();
        let now = 1_800_000_000;

        let last = Handle::at(at(now), u16::MAX);
        let first = Handle::at(at(now + 1), 0);

        assert_eq!(first.number() - last.number(), 1);
        let far = Handle::at(at(250_000_000_000), u16::MAX);
        assert_eq!(Handle::of_number(far.number()), Some(far));
        assert_eq!(Handle::of_number(1 << Handle::BITS), None);
    }
}
