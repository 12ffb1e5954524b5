//! Saying what every check says about a token, without exchanging it.
//!
//! *What it changes.* Nothing: a token that is good once still is, and no limit counts it.

mod access_token;
mod records;
mod refresh_token;

use std::sync::Arc;

use chrono::TimeDelta;

use crate::domain::{Check, Clock, Contract, Refusal, Verdict};

use super::{Minter, RefreshMode, SignError, Trail};

pub use records::{OwnRecords, Records, RecordsError};

/// Explains tokens of every contract.
pub struct Explainer {
    /// Makes the tokens of the main job.
    pub main: Arc<Minter>,
    /// Make those of the other contracts that are offered.
    pub others: Vec<Arc<Minter>>,
    /// What is written down about sessions and users.
    pub records: Arc<dyn Records>,
    /// Tells the time, once per explanation.
    pub clock: Arc<dyn Clock>,
    /// Whether an access token may be exchanged again.
    pub mode: RefreshMode,
    /// For how long a token that was exchanged gets its answer again.
    pub grace: TimeDelta,
    /// Whether tokens of the legacy backend, imported before, are accepted.
    pub accepts_imported: bool,
    /// The contract whose refresh tokens an identity provider judges, which is not asked here.
    pub elsewhere: Option<Contract>,
}

/// What is to be said of a token. Nothing of it is secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// What it is.
    pub kind: TokenKind,
    /// The contract it is of, where that is known.
    pub contract: Option<Contract>,
    /// What each check says, in the order in which the service makes them.
    pub findings: Vec<Finding>,
    /// Why it would be refused; [`None`] if it would be exchanged, or may be.
    pub refusal: Option<Refusal>,
    /// Whom and what it is about.
    pub trail: Trail,
}

/// What a text turns out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenKind {
    /// It has the form of an access token.
    Access,
    /// It has the form of a refresh token, or was imported as one.
    Refresh,
    /// It has the form of neither.
    Unknown,
    /// It has the form of neither, and only an identity provider knows whether it is one of its own
    /// and would be exchanged.
    Elsewhere,
}

/// What one check says about a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The name of the check.
    pub check: &'static str,
    /// What was seen, or what is wrong.
    pub seen: String,
    /// Why the check says no; [`None`] if it says yes.
    pub refusal: Option<Refusal>,
}

impl Finding {
    fn new(check: &'static str, verdict: Verdict) -> Self {
        match verdict {
            Ok(seen) => Self {
                check,
                seen,
                refusal: None,
            },
            Err(refusal) => Self {
                check,
                seen: refusal.to_string(),
                refusal: Some(refusal),
            },
        }
    }
}

impl From<Check> for Finding {
    fn from(check: Check) -> Self {
        Self::new(check.name, check.verdict)
    }
}

/// Why a token could not be explained.
#[derive(Debug, thiserror::Error)]
pub enum ExplainError {
    /// It is of a contract for whose algorithm no key is long enough.
    #[error("the contract {} is not offered: the secret is too short for its algorithm", .0.word())]
    NotOffered(Contract),
    /// What is written down could not be read.
    #[error(transparent)]
    Records(#[from] RecordsError),
    /// It would be exchanged, if the new token could be signed.
    #[error(transparent)]
    Sign(#[from] SignError),
}

impl Explainer {
    /// What every check says about `token`, an access or a refresh token.
    ///
    /// Asks for what is written down only where the token leads there.
    pub async fn explain(&self, token: &str) -> Result<Explanation, ExplainError> {
        let now = self.clock.now();
        match self.recognise(token).await? {
            Some(recognised) => self.refresh_token(recognised, now).await,
            None => self.access_token(token, now).await,
        }
    }
}
