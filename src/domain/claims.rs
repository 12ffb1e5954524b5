//! What a token says, once its signature has been checked.

use std::borrow::Cow;
use std::fmt;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::Contract;

/// The longest subject that is looked up, in bytes. Key columns of the known frameworks hold 255.
pub const MAX_SUBJECT_BYTES: usize = 255;

/// One JSON value as it stands in the token, so that numbers keep their digits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JsonText(String);

impl JsonText {
    /// Takes over text that the caller knows to be one valid JSON value.
    pub fn from_valid(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// An integer.
    pub fn integer(value: i64) -> Self {
        Self(value.to_string())
    }

    /// Any string.
    pub fn string(value: &str) -> Self {
        let escape = |character: char| match character {
            '"' | '\\' => format!("\\{character}"),
            // RFC 8259 §7.
            '\0'..'\x20' => format!("\\u{:04x}", u32::from(character)),
            plain => plain.to_string(),
        };
        Self(format!(
            "\"{}\"",
            value.chars().map(escape).collect::<String>()
        ))
    }

    /// A string of characters that JSON does not escape, such as a UUID.
    pub fn plain_string(value: &str) -> Self {
        Self(["\"", value, "\""].concat())
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The claims of a token by name, in their order, without duplicates.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ClaimSet(Vec<(String, JsonText)>);

impl ClaimSet {
    /// Takes over claims that the caller knows to be free of duplicate names.
    pub fn from_unique(claims: Vec<(String, JsonText)>) -> Self {
        Self(claims)
    }

    /// The claim of that name.
    pub fn find(&self, name: &str) -> Option<&JsonText> {
        self.0
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value)
    }

    /// Whether there is a claim of that name.
    pub fn contains(&self, name: &str) -> bool {
        self.find(name).is_some()
    }

    /// Writes a claim: in its old place, or at the end.
    pub fn put(&mut self, name: &str, value: JsonText) {
        match self.0.iter_mut().find(|(known, _)| known == name) {
            Some((_, old)) => *old = value,
            None => self.0.push((name.to_owned(), value)),
        }
    }

    /// Removes a claim.
    pub fn remove(&mut self, name: &str) {
        self.0.retain(|(known, _)| known != name);
    }

    /// The claims as they were taken over.
    pub fn into_inner(self) -> Vec<(String, JsonText)> {
        self.0
    }

    /// Name and value of every claim, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &JsonText)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value))
    }
}

/// A claim that the rules look at.
#[derive(Debug, Clone, PartialEq)]
pub enum Claim<T> {
    /// The token does not have it.
    Absent,
    /// It is there with this value.
    Is(T),
    /// It is there, but not as the RFC wants it.
    Malformed,
}

impl<T> Claim<T> {
    /// What it says, if that can be read.
    pub fn stated(&self) -> Option<&T> {
        match self {
            Self::Is(value) => Some(value),
            Self::Absent | Self::Malformed => None,
        }
    }
}

/// Whom a token is about, as the token writes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// A JSON integer, which only an integer key column understands.
    Integer(i64),
    /// A JSON string.
    Text(String),
}

impl Subject {
    /// Whether it can be anybody's key.
    ///
    /// Control characters are in nobody's, and a NUL would be an error to PostgreSQL. White space
    /// at an end gets lost in headers, and then it would be somebody else's.
    pub fn is_a_key(&self) -> bool {
        match self {
            Self::Integer(_) => true,
            Self::Text(text) => {
                !text.is_empty()
                    && text.len() <= MAX_SUBJECT_BYTES
                    && text.trim().len() == text.len()
                    && !text.chars().any(char::is_control)
            }
        }
    }

    /// The user as sessions and cut-offs know them: a uuid in one spelling, because databases take
    /// both cases of its digits for the same key. Ids of sessions are made of it:
    /// see [`SessionId::of_token`].
    pub fn user_key(&self) -> String {
        let text = self.text();
        let uuid = Uuid::try_parse(&text).map(|uuid| uuid.hyphenated().to_string());
        uuid.ok()
            .filter(|lower| lower.eq_ignore_ascii_case(&text))
            .unwrap_or_else(|| text.into_owned())
    }

    /// Its text, whatever it is in JSON.
    pub fn text(&self) -> Cow<'_, str> {
        match self {
            Self::Integer(number) => number.to_string().into(),
            Self::Text(text) => text.into(),
        }
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text())
    }
}

/// Names a chain of refreshes that began with one login. Not a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SessionId(pub Uuid);

impl SessionId {
    /// The session that a token of the legacy backend is generation 0 of: named by a hash of the
    /// token, by the time of its issue, and by the SHA-256 of its user's key.
    ///
    /// The first byte says in which six hours of 64 days, so that sessions of the same time stand
    /// near each other in the index of ids, on pages that are at hand. The next three are those that
    /// the user's hash begins with, so that the sessions of a user are found there as well, in 256
    /// places, and need no other index where the database can do without. 90 bits against collisions
    /// are left: who can have 2^45 tokens signed that begin alike finds two with one session.
    ///
    /// Never to be changed, nor what it is made of: every login that was exchanged by then would be
    /// good for another time.
    pub fn of_token(
        mut hash: [u8; 16],
        issued_at: Option<DateTime<Utc>>,
        user_hash: Option<[u8; 32]>,
    ) -> Self {
        let [quarter, first, second, third, ..] = &mut hash;
        if let Some(issued_at) = issued_at {
            [*quarter, ..] = issued_at.timestamp().div_euclid(6 * 60 * 60).to_le_bytes();
        }
        if let Some(user_hash) = user_hash {
            [*first, *second, *third, ..] = user_hash;
        }
        Self(Uuid::new_v8(hash))
    }

    /// Whether it was derived from a token of the legacy backend, rather than drawn at a login.
    pub fn is_derived(self) -> bool {
        self.0.get_version() == Some(uuid::Version::Custom)
    }
}

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Where a token stands in its session: the private claim `remint` of tokens that remint signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lineage {
    /// The contract that the session began by, and that alone goes on with it.
    pub contract: Contract,
    /// The session.
    pub session: SessionId,
    /// How many refreshes came before this token.
    pub generation: u64,
    /// When the session started.
    pub started_at: DateTime<Utc>,
}

/// The key that verified a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyTrust {
    /// Its place in the ring, for logs and metrics: `current`, `previous-1`, …; never its `kid`.
    pub label: String,
    /// From when on the key no longer counts.
    pub valid_until: Option<DateTime<Utc>>,
}

/// A token whose signature was checked; nothing else about it is trusted yet.
#[derive(Debug, Clone, PartialEq)]
pub struct VerifiedToken {
    /// Every claim, in order; `None` where the payload is not a strict JSON object.
    pub claims: Option<ClaimSet>,
    /// The header's `typ`.
    pub header_type: Claim<String>,
    /// `aud`, a single one as a list of one.
    pub audience: Claim<Vec<String>>,
    /// `auth_time`.
    pub auth_time: Claim<DateTime<Utc>>,
    /// Whether the token is bound to a key or certificate (`cnf`, RFC 7800).
    pub bound: bool,
    /// `exp`.
    pub expires_at: Claim<DateTime<Utc>>,
    /// `iat`.
    pub issued_at: Claim<DateTime<Utc>>,
    /// `iss`.
    pub issuer: Claim<String>,
    /// What `token_use`, `token_type`, `typ` and `type` say, those that are there.
    pub kinds: Vec<(&'static str, Claim<String>)>,
    /// The key that verified it.
    pub key: KeyTrust,
    /// `remint`.
    pub lineage: Claim<Lineage>,
    /// `nbf`.
    pub not_before: Claim<DateTime<Utc>>,
    /// `orig_iat` of older frameworks.
    pub original_issue: Claim<DateTime<Utc>>,
    /// Its session: the one that `remint` names, or else the one that it is generation 0 of.
    pub session: SessionId,
    /// The configured subject claim.
    pub subject: Claim<Subject>,
}
