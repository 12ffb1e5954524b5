//! What a line says, whatever the format.

use std::borrow::Cow;

use chrono::{DateTime, Utc};

use crate::domain::{Contract, JsonText, Subject};
use crate::json::{NotStrict, StrictObject};
use crate::service::{LegacySession, LegacyText, LegacyToken, NotAdopted};
use crate::token::MAX_TOKEN_BYTES;

/// A column of CSV, a member of JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Column {
    Claims,
    Contract,
    ExpiresAt,
    IssuedAt,
    Sha256,
    Token,
    User,
}

impl Column {
    const ALL: [Self; 7] = [
        Self::Claims,
        Self::Contract,
        Self::ExpiresAt,
        Self::IssuedAt,
        Self::Sha256,
        Self::Token,
        Self::User,
    ];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Claims => "claims",
            Self::Contract => "contract",
            Self::ExpiresAt => "expires_at",
            Self::IssuedAt => "issued_at",
            Self::Sha256 => "sha256",
            Self::Token => "token",
            Self::User => "user",
        }
    }

    pub(super) fn of_name(name: &str) -> Option<Self> {
        let mut all = Self::ALL.into_iter();
        all.find(|column| column.name() == name)
    }
}

/// Why a line is not taken. Says nothing of what stands in it: that may be a token, also where
/// none belongs.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum BadLine {
    /// The claims are no JSON object.
    #[error("claims: {0}")]
    Claims(NotStrict),
    /// There is no such contract.
    #[error("contract: none of cookie, envelope, oauth2, refresh_token, token_pair")]
    Contract,
    /// What stands there is too large for seconds.
    #[error("{0}: too large for seconds since 1970; divide milliseconds by 1000")]
    Milliseconds(&'static str),
    /// Something is needed that is not there.
    #[error("{0} is missing")]
    Missing(&'static str),
    /// A value of the wrong type.
    #[error("{0}: a value of the wrong type")]
    NotText(&'static str),
    /// The line is no JSON object.
    #[error("{0}")]
    Object(#[from] NotStrict),
    /// The line says otherwise than the command line.
    #[error("contract: not the one of --contract")]
    OtherContract,
    /// The rules say no.
    #[error(transparent)]
    Refused(#[from] NotAdopted),
    /// The hash is none.
    #[error("sha256: expected 64 hexadecimal digits")]
    Sha256,
    /// No instant.
    #[error(
        "{0}: expected a time with its offset (2027-01-31T00:00:00Z) or the seconds since 1970"
    )]
    Time(&'static str),
    /// No frontend sends such a token.
    #[error("token: longer than {MAX_TOKEN_BYTES} bytes, or with white space at an end")]
    Token,
    /// See [`super::lines::MAX_LINE_BYTES`].
    #[error("the line is longer than {} bytes", super::lines::MAX_LINE_BYTES)]
    TooLong,
    /// Only one of them is needed.
    #[error("both token and sha256")]
    TwoTokens,
    /// A line break inside quotes would make all numbers of lines wrong.
    #[error("a quote is not closed before the end of the line")]
    UnclosedQuote,
    /// A name that means nothing.
    #[error("a member that is none of {}", names())]
    Unknown,
    /// Bytes that are no text.
    #[error("not UTF-8")]
    Utf8,
    /// More or fewer fields than the header.
    #[error("{found} fields, and the header line has {expected}")]
    Width {
        /// Those of the line.
        found: usize,
        /// Those of the header.
        expected: usize,
    },
}

/// Every column, for people.
pub(super) fn names() -> String {
    Column::ALL.map(Column::name).join(", ")
}

/// A line, as far as it can be understood by itself.
#[derive(Default)]
pub(super) struct Row<'a> {
    claims: Vec<(String, JsonText)>,
    contract: Option<Contract>,
    expires_at: Option<DateTime<Utc>>,
    issued_at: Option<DateTime<Utc>>,
    sha256: Option<[u8; 32]>,
    token: Option<Cow<'a, str>>,
    /// Whose the session is.
    pub(super) user: Option<Subject>,
}

impl<'a> Row<'a> {
    /// Takes one value; an empty one is none.
    pub(super) fn put(&mut self, column: Column, text: Cow<'a, str>) -> Result<(), BadLine> {
        if text.is_empty() {
            return Ok(());
        }
        match column {
            Column::Claims => self.claims = claims(&text).map_err(BadLine::Claims)?,
            Column::Contract => {
                self.contract = Some(Contract::of_word(&text).ok_or(BadLine::Contract)?);
            }
            Column::ExpiresAt => self.expires_at = Some(time(column, &text)?),
            Column::IssuedAt => self.issued_at = Some(time(column, &text)?),
            Column::Sha256 => self.sha256 = Some(hash(&text).ok_or(BadLine::Sha256)?),
            Column::Token if text.len() > MAX_TOKEN_BYTES || text.trim().len() < text.len() => {
                return Err(BadLine::Token);
            }
            Column::Token => self.token = Some(text),
            Column::User => self.user = Some(Subject::Text(text.into_owned())),
        }
        Ok(())
    }

    /// What the line is about; `contract` is for lines that name none.
    pub(super) fn session(&self, contract: Option<Contract>) -> Result<LegacySession<'_>, BadLine> {
        let missing = |column: Column| BadLine::Missing(column.name());
        let contract = match (self.contract, contract) {
            (Some(stated), Some(given)) if stated != given => return Err(BadLine::OtherContract),
            (stated, given) => stated.or(given).ok_or(missing(Column::Contract))?,
        };
        let token = match (&self.token, &self.sha256) {
            (Some(token), None) => LegacyToken::Text(LegacyText(token)),
            (None, Some(hash)) => LegacyToken::Hash(hash),
            (Some(_), Some(_)) => return Err(BadLine::TwoTokens),
            (None, None) => return Err(BadLine::Missing("token or sha256")),
        };
        Ok(LegacySession {
            contract,
            user: self.user.clone().ok_or(missing(Column::User))?,
            token,
            issued_at: self.issued_at,
            expires_at: self.expires_at.ok_or(missing(Column::ExpiresAt))?,
            claims: self.claims.clone(),
        })
    }
}

fn claims(text: &str) -> Result<Vec<(String, JsonText)>, NotStrict> {
    let object = StrictObject::parse(text.as_bytes())?;
    let claims = object
        .iter()
        .map(|(name, value)| (name.to_owned(), JsonText::from_valid(value.get())));
    Ok(claims.collect())
}

/// The first instant in milliseconds that is taken for one: as seconds it lies in the year 5138.
const FIRST_MILLISECOND: i64 = 100_000_000_000;

/// An instant; a fraction of a second is cut off.
fn time(column: Column, text: &str) -> Result<DateTime<Utc>, BadLine> {
    let name = column.name();
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole) || !digits(fraction) {
        let time = DateTime::parse_from_rfc3339(text).map_err(|_| BadLine::Time(name))?;
        return Ok(time.to_utc());
    }
    let seconds = whole.parse().unwrap_or(i64::MAX);
    if seconds >= FIRST_MILLISECOND {
        return Err(BadLine::Milliseconds(name));
    }
    DateTime::from_timestamp(seconds, 0).ok_or(BadLine::Time(name))
}

/// 32 bytes from their hexadecimal digits in either case.
fn hash(digits: &str) -> Option<[u8; 32]> {
    let mut hash = [0; 32];
    let (pairs, rest) = digits.as_bytes().as_chunks::<2>();
    if pairs.len() != hash.len() || !rest.is_empty() {
        return None;
    }
    for (byte, pair) in hash.iter_mut().zip(pairs) {
        let digit = |digit: u8| char::from(digit).to_digit(16);
        let [high, low] = pair.map(digit);
        *byte = u8::try_from(high? * 16 + low?).ok()?;
    }
    Some(hash)
}
