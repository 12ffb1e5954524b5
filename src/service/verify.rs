//! Saying whether an access token is good right now, for a reverse proxy that asks.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use crate::domain::{
    Admission, Claim, Clock, Contract, Lineage, Refusal, Renewal, Standing, Subject, Unverified,
    VerifiedToken,
};

use super::{AccessTokens, DirectoryError, Holder, Holders, SessionError, Trail};

/// Checks access tokens.
pub struct Verifier {
    /// Checks signatures.
    pub tokens: AccessTokens,
    /// Knows the users, and what was revoked.
    pub holders: Arc<dyn Holders>,
    /// Tells the time, once per check.
    pub clock: Arc<dyn Clock>,
}

/// Why a token is not good.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// The directory could not answer.
    #[error(transparent)]
    Directory(#[from] DirectoryError),
    /// The rules say no.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The sessions could not be read.
    #[error(transparent)]
    Sessions(#[from] SessionError),
}

impl From<Unverified> for VerifyError {
    fn from(unverified: Unverified) -> Self {
        Self::Refused(unverified.into())
    }
}

impl Verifier {
    /// The subject of `token`, if it is genuine, alive, not revoked, and its user active.
    ///
    /// *Why the user is looked up.* Revocation lives in the users table; a check that trusts the
    /// token alone would let a deactivated user in until it expires.
    pub async fn verify(&self, token: &str) -> (Trail, Result<Subject, VerifyError>) {
        let mut trail = Trail::default();
        let checked = self.check(token, self.clock.now(), &mut trail).await;
        (trail, checked.map(|(_, admission)| admission.subject))
    }

    /// What `token` says, under the same conditions at `now`.
    pub(super) async fn check(
        &self,
        token: &str,
        now: DateTime<Utc>,
        trail: &mut Trail,
    ) -> Result<(VerifiedToken, Admission), VerifyError> {
        let (token, policy) = self.tokens.verify_ignoring_expiry(token)?;
        trail.note(&token);
        let admission = policy.judge_use(&token, now)?;

        let session = admission.lineage.session;
        let Holder { standing, user } = self.holders.look_up(session, &admission.subject).await;
        let standing = standing?;
        standing.admit(admission.issued_at)?;
        if token.lineage == Claim::Absent && policy.contract.renewal() != Renewal::None {
            // The legacy backend's own: whether its session still goes on, the refresh token that
            // was imported beside it will tell. So the frontend is sent there, and not to the login.
            return Err(Refusal::Expired.into());
        }
        is_current(&admission.lineage, &standing)?;
        user?.admit(admission.issued_at)?;
        Ok((token, admission))
    }
}

/// Refuses what the session has gone past.
pub(super) fn is_current(lineage: &Lineage, standing: &Standing) -> Result<(), Refusal> {
    let Some(session) = &standing.session else {
        // Those with refresh tokens are written down from the start, and forgotten at their end.
        return match lineage.contract.renewal() {
            Renewal::None => Ok(()),
            Renewal::Kept | Renewal::Rotated => Err(Refusal::SessionExpired),
        };
    };
    // Seed 002: the old token is revoked by the exchange.
    if lineage.contract == Contract::TokenPair && lineage.generation < session.generation {
        return Err(Refusal::SessionRevoked);
    }
    Ok(())
}
