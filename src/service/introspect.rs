//! Saying what a token is worth right now, to a resource server that asks (RFC 7662).

use std::sync::Arc;

use chrono::{DateTime, Utc};

use crate::domain::{
    Claim, ClaimSet, Clock, Refusal, Step, Subject, Unsupported, VerifiedToken, decide,
};

use super::candidate::Found;
use super::{Renewer, Trail, Verifier, VerifyError};

/// Tells whether tokens are good, access tokens and refresh tokens.
pub struct Introspector {
    /// Checks access tokens.
    pub verifier: Arc<Verifier>,
    /// Know refresh tokens.
    pub renewers: Vec<Arc<Renewer>>,
    /// Tells the time, once per question.
    pub clock: Arc<dyn Clock>,
}

/// A token that is good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Active {
    /// Whom it is about.
    pub subject: Subject,
    /// When it was issued, if it says so.
    pub issued_at: Option<DateTime<Utc>>,
    /// From when on it is good, if it says so.
    pub not_before: Option<DateTime<Utc>>,
    /// Until when it is good if nothing ends it before.
    pub expires_at: DateTime<Utc>,
    /// All that it says; nothing of a refresh token, which says nothing to others.
    pub claims: Option<ClaimSet>,
}

impl Introspector {
    /// What `token` says, if it could be used right now: an access token as the [`Verifier`] would
    /// let it pass, or a refresh token that would be exchanged. Nothing is spent, and a refresh
    /// token that comes back too late ends no session here.
    pub async fn introspect(&self, token: &str) -> (Trail, Result<Active, VerifyError>) {
        let mut trail = Trail::default();
        let outcome = self.check(token, &mut trail).await;
        (trail, outcome)
    }

    async fn check(&self, token: &str, trail: &mut Trail) -> Result<Active, VerifyError> {
        let now = self.clock.now();
        let refusal = match self.verifier.check(token, now, trail).await {
            Ok((token, admission)) => return Ok(Active::of(token, admission.subject)?),
            Err(VerifyError::Refused(refusal)) => refusal,
            Err(error) => return Err(error),
        };
        let is_unknown = matches!(refusal, Refusal::Unverified(_));
        // Refresh tokens of the legacy backend may be JWTs of the same key.
        if !is_unknown && !self.renewers.iter().any(|it| it.accepts_imported) {
            return Err(refusal.into());
        }
        for renewer in &self.renewers {
            if let Some(found) = renewer.find(token, now, trail).await? {
                return judge(renewer, found, now).await;
            }
        }
        Err(refusal.into())
    }
}

impl Active {
    /// An access token that was let pass.
    fn of(token: VerifiedToken, subject: Subject) -> Result<Self, Refusal> {
        let stated = |time: &Claim<_>| time.stated().copied();
        Ok(Self {
            subject,
            issued_at: stated(&token.issued_at),
            not_before: stated(&token.not_before),
            expires_at: stated(&token.expires_at).ok_or(Unsupported::ExpiryMissing)?,
            claims: token.claims,
        })
    }
}

/// A refresh token, judged as its exchange would judge it.
async fn judge(renewer: &Renewer, found: Found, now: DateTime<Utc>) -> Result<Active, VerifyError> {
    let Found {
        generation,
        session,
        standing,
    } = found;
    standing.admit(session.rotated_at)?;
    let minter = &renewer.minter;
    let subject = minter.subject(&session);
    let user = renewer.directory.find(&subject).await?;
    user.admit(session.rotated_at)?;

    let latest = minter.policy.session_end(session.started_at);
    let is_last = generation >= minter.contract().last_generation();
    if is_last || now >= latest {
        return Err(Refusal::SessionExpired.into());
    }
    if decide(generation, Some(&session), renewer.grace, now)? == Step::Reuse {
        return Err(Refusal::TokenReused.into());
    }
    Ok(Active {
        subject,
        issued_at: Some(session.rotated_at),
        not_before: None,
        expires_at: session.expires_at.min(latest),
        claims: None,
    })
}
