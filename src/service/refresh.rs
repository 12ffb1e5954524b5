//! Exchanging a credential for a fresh token.

use std::sync::Arc;

use chrono::TimeDelta;

use crate::domain::{
    Claim, ClaimSet, Clock, Refusal, Reissue, SessionId, Subject, TokenPolicy, Unsupported,
    Unverified, VerifiedToken,
};

use super::single_use::Issue;
use super::{DirectoryError, SessionError, SessionStore, SignError, TokenCodec, UserDirectory};

/// Exchanges credentials, for every contract.
pub struct Refresher {
    /// Checks and signs.
    pub codec: Arc<dyn TokenCodec>,
    /// Knows the users.
    pub directory: Arc<dyn UserDirectory>,
    /// Knows what was revoked, and in single-use mode what was exchanged.
    pub sessions: Arc<dyn SessionStore>,
    /// Tells the time, once per exchange.
    pub clock: Arc<dyn Clock>,
    /// The limits.
    pub policy: TokenPolicy,
    /// Whether a token may be exchanged again.
    pub mode: RefreshMode,
    /// Claims that new tokens leave out.
    pub dropped_claims: Vec<String>,
}

/// Whether the same token may be exchanged more than once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefreshMode {
    /// Once; then again for as long as the grace lasts, with the same answer. After that it is
    /// taken for stolen, and the session ends.
    SingleUse {
        /// For how long.
        grace: TimeDelta,
    },
    /// As often as its window allows; nothing is written.
    Stateless,
}

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
    /// Whom it is about.
    pub subject: Option<Subject>,
}

impl Trail {
    pub(super) fn note(&mut self, token: &VerifiedToken) {
        self.key = Some(token.key.label.clone());
        self.session = match &token.lineage {
            Claim::Is(lineage) => Some(lineage.session),
            Claim::Absent | Claim::Malformed => Some(token.own_session),
        };
        if let Claim::Is(subject) = &token.subject {
            self.subject = Some(subject.clone());
        }
    }
}

/// A fresh token. Its text appears in no `Debug` output.
#[derive(PartialEq, Eq)]
pub struct Grant {
    /// The token.
    pub access_token: String,
    /// For how many seconds it lives.
    pub expires_in: i64,
}

impl std::fmt::Debug for Grant {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Grant")
            .field("expires_in", &self.expires_in)
            .finish_non_exhaustive()
    }
}

/// Why a credential was not exchanged.
#[derive(Debug, thiserror::Error)]
pub enum RefreshError {
    /// The directory could not answer.
    #[error(transparent)]
    Directory(#[from] DirectoryError),
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

impl From<Unverified> for RefreshError {
    fn from(unverified: Unverified) -> Self {
        Self::Refused(unverified.into())
    }
}

impl Refresher {
    /// Exchanges an expired (or still live) token for a fresh one.
    pub async fn refresh(&self, token: &str) -> Attempt {
        let mut trail = Trail::default();
        let outcome = self.reissue(token, &mut trail).await;
        Attempt { trail, outcome }
    }

    async fn reissue(&self, token: &str, trail: &mut Trail) -> Result<Grant, RefreshError> {
        let now = self.clock.now();
        let old = self.codec.verify_ignoring_expiry(token)?;
        trail.note(&old);
        let admission = self.policy.judge_refresh(&old, now)?;
        let claims = old
            .claims
            .as_ref()
            .ok_or(Refusal::from(Unsupported::Claims))?;

        let user_key = admission.subject.user_key();
        let standing = self
            .sessions
            .standing(admission.lineage.session, &user_key)
            .await?;
        standing.admit(admission.issued_at)?;
        let user = self
            .directory
            .find(&admission.subject)
            .await?
            .admit(admission.issued_at)?;

        let next = self.next(&admission, user.claims, now);
        // Signed first: a token that cannot be signed must not use up the old one.
        let grant = self.mint(claims, &next)?;
        let RefreshMode::SingleUse { grace } = self.mode else {
            return Ok(grant);
        };
        match self.advance(&admission, standing, next, grace).await? {
            None => Ok(grant),
            Some(another) => self.mint(claims, &another),
        }
    }

    fn mint(&self, old: &ClaimSet, issue: &Issue) -> Result<Grant, RefreshError> {
        let lease = self.policy.lease(issue.not_after, issue.issued_at);
        let reissue = Reissue {
            old,
            dropped: &self.dropped_claims,
            overwritten: issue.claims.clone(),
            lease,
            lineage: issue.lineage,
        };
        let token_id = self.codec.token_id(reissue.token_id_input());
        let access_token = self.codec.sign(&reissue.claims(token_id))?;
        Ok(Grant {
            access_token,
            expires_in: lease.seconds(),
        })
    }
}
