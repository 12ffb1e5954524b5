//! What comes of presenting a credential, and what the audit log may know of it.

use crate::domain::{Refusal, SessionId, Subject, Unverified, VerifiedToken};

use super::mint::NoSuccessor;
use super::{DirectoryError, Grant, SessionError, SignError, Throttled};

/// What came of an exchange, with what the audit log may know of it.
#[derive(Debug)]
pub struct Attempt {
    /// Whom and what it was about.
    pub trail: Trail,
    /// The new token, or why there is none.
    pub outcome: Result<Grant, RefreshError>,
}

/// What is known about a credential once it has verified; empty before.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Trail {
    /// The label of the key that verified it.
    pub key: Option<String>,
    /// The session.
    pub session: Option<SessionId>,
    /// Whom it is about. Never what can be nobody's key: such a text may have line breaks, and would
    /// write lines of its own into the log.
    pub subject: Option<Subject>,
}

impl Trail {
    pub(super) fn note(&mut self, token: &VerifiedToken) {
        self.key = Some(token.key.label.clone());
        self.session = Some(token.session);
        if let Some(subject) = token.subject.stated() {
            self.note_subject(subject);
        }
    }

    /// Notes whom it is about, if that can be a user.
    pub fn note_subject(&mut self, subject: &Subject) {
        self.subject = subject.is_a_key().then(|| subject.clone());
    }
}

/// Why a credential was not exchanged.
#[derive(Debug, thiserror::Error)]
pub enum RefreshError {
    /// The directory could not answer.
    #[error(transparent)]
    Directory(#[from] DirectoryError),
    /// The secret is too short for the algorithm of the contract that the request speaks.
    #[error("the contract is off: the secret is too short for its algorithm")]
    NotOffered,
    /// The session was refreshed too often, for now.
    #[error("the session is refreshed too often: {0}")]
    RateLimited(#[from] Throttled),
    /// The rules say no.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The sessions could not be read or written.
    #[error(transparent)]
    Sessions(#[from] SessionError),
    /// The new token could not be signed.
    #[error(transparent)]
    Sign(#[from] SignError),
}

impl From<NoSuccessor> for RefreshError {
    fn from(error: NoSuccessor) -> Self {
        match error {
            NoSuccessor::Refused(refusal) => Self::Refused(refusal),
            NoSuccessor::Sign(error) => Self::Sign(error),
        }
    }
}

impl From<Unverified> for RefreshError {
    fn from(unverified: Unverified) -> Self {
        Self::Refused(unverified.into())
    }
}
