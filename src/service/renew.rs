//! Exchanging refresh tokens.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};

use crate::domain::{
    Admission, Claim, ClaimSet, Clock, Handle, IdSource, Lineage, Refusal, Renewal, Session,
    SessionName, Standing, Step, VerifiedToken, decide, idle_end,
};

use super::single_use::{Advance, Issue, SingleUse};
use super::{
    Attempt, Change, Exchange, Grant, Minter, RateLimiter, RefreshError, SessionError,
    SessionStore, Trail, UserDirectory,
};

/// How often a handle is drawn until it is one that nobody has.
pub(super) const HANDLE_DRAWS: usize = 16;

/// Exchanges the refresh tokens of one contract.
pub struct Renewer {
    /// Makes the tokens.
    pub minter: Arc<Minter>,
    /// Knows the users.
    pub directory: Arc<dyn UserDirectory>,
    /// Knows the sessions.
    pub sessions: Arc<dyn SessionStore>,
    /// Bounds how often a session is refreshed.
    pub limits: Arc<dyn RateLimiter>,
    /// Tells the time, once per exchange.
    pub clock: Arc<dyn Clock>,
    /// Draws handles.
    pub ids: Arc<dyn IdSource>,
    /// For how long a token that was exchanged gets its answer again.
    pub grace: TimeDelta,
    /// Whether tokens of the legacy backend, imported before, are accepted. Each token that is
    /// none of ours then costs a query.
    pub accepts_imported: bool,
}

impl Renewer {
    /// Exchanges `refresh_token`, for contracts that send an access token as well only together
    /// with `access_token` of the same session.
    pub async fn renew(&self, refresh_token: &str, access_token: Option<&str>) -> Attempt {
        let mut trail = Trail::default();
        let outcome = self.exchange(refresh_token, access_token, &mut trail).await;
        Attempt { trail, outcome }
    }

    async fn exchange(
        &self,
        refresh_token: &str,
        access_token: Option<&str>,
        trail: &mut Trail,
    ) -> Result<Grant, RefreshError> {
        let now = self.clock.now();
        let candidate = self.candidate(refresh_token, now)?;
        let access_token = access_token
            .map(|token| self.judge_access_token(token, now))
            .transpose()?;
        let is_kept = self.minter.contract().renewal() != Renewal::Rotated;
        let is_ours = candidate.foreign.is_none();
        if let SessionName::Id(id) = candidate.name
            && is_kept
            && is_ours
        {
            trail.session = Some(id);
            trail.key = Some(candidate.key.clone());
            self.limits.exchange(id, None).await?;
        }
        let standing = self.sessions.locate(candidate.name).await?;
        let Some(session) = standing.session.clone() else {
            // Ours, and forgotten because it is over; or nobody's.
            let refusal = candidate
                .foreign
                .map_or(Refusal::SessionExpired, Refusal::from);
            return Err(refusal.into());
        };
        self.note(&candidate, &session, trail);
        // Only now, for what is nobody's token names as many sessions as its sender likes.
        if is_kept && !is_ours {
            self.limits.exchange(session.id, None).await?;
        }
        let subject = self.minter.subject(&session);
        if let Some((token, admission)) = &access_token {
            belongs(token, admission, &session)?;
        }
        standing.admit(session.rotated_at)?;
        let user = self.directory.find(&subject).await?;
        let user = user.admit(session.rotated_at)?;

        let claims = ClaimSet::from_unique(session.claims.clone());
        let claims = self.minter.overwrite(claims, user.claims, &subject);
        let admission = Admission {
            subject,
            issued_at: session.rotated_at,
            lineage: Lineage {
                contract: self.minter.contract(),
                session: session.id,
                generation: candidate.generation,
                started_at: session.started_at,
            },
        };
        match self.minter.contract().renewal() {
            Renewal::None | Renewal::Kept => self.keep(&admission, &session, claims, now),
            Renewal::Rotated => self.rotate(&admission, standing, claims, now).await,
        }
    }

    /// However old: how long a session goes on is for its refresh token to say.
    fn judge_access_token(
        &self,
        token: &str,
        now: DateTime<Utc>,
    ) -> Result<(VerifiedToken, Admission), Refusal> {
        let token = self.minter.access_tokens.verify_ignoring_expiry(token)?;
        let admission = self.minter.policy.judge_kind(&token, now)?;
        Ok((token, admission))
    }

    /// A new access token; nothing is written.
    fn keep(
        &self,
        admission: &Admission,
        session: &Session,
        claims: ClaimSet,
        now: DateTime<Utc>,
    ) -> Result<Grant, RefreshError> {
        let generation = admission.lineage.generation;
        match decide(generation, Some(session), self.grace, now)? {
            Step::Rotate { .. } => {}
            Step::Begin | Step::Replay | Step::Reuse => return Err(Refusal::TokenReused.into()),
        }
        let policy = &self.minter.policy;
        let latest = policy.session_end(session.started_at);
        let issue = Issue {
            claims: claims.into_inner(),
            expires_at: session.expires_at.min(latest),
            handle: session.handle,
            issued_at: policy.successor_time(session.rotated_at, now),
            lineage: admission.lineage,
        };
        if issue.expires_at <= issue.issued_at {
            return Err(Refusal::SessionExpired.into());
        }
        Ok(self.minter.next(&issue)?)
    }

    async fn rotate(
        &self,
        admission: &Admission,
        mut standing: Standing,
        claims: ClaimSet,
        now: DateTime<Utc>,
    ) -> Result<Grant, RefreshError> {
        let contract = self.minter.contract();
        let old = admission.lineage;
        let latest = self.minter.policy.session_end(old.started_at);
        let now = self.minter.policy.successor_time(admission.issued_at, now);
        if old.generation >= contract.last_generation() || now >= latest {
            return Err(Refusal::SessionExpired.into());
        }
        if contract.has_handles() {
            standing = self.with_handle(standing, now).await?;
        }
        let session = standing.session.as_ref();
        // Never earlier than it was: a clock that is far behind would end the session for whoever
        // refreshes before it is mended.
        let promised = session.map_or(now, |session| session.expires_at.min(latest));
        let next = Issue {
            claims: claims.into_inner(),
            expires_at: idle_end(now, self.minter.refresh_lifetime, latest).max(promised),
            handle: session.and_then(|session| session.handle),
            issued_at: now,
            lineage: Lineage {
                generation: old.generation.saturating_add(1),
                ..old
            },
        };
        // Signed first: tokens that cannot be signed must not use up the old ones.
        let grant = self.minter.next(&next)?;
        let single_use = SingleUse {
            sessions: &*self.sessions,
            limits: &*self.limits,
            grace: self.grace,
            policy: &self.minter.policy,
        };
        match single_use.advance(admission, standing, &next).await? {
            Advance::Made => Ok(grant),
            Advance::Again {
                issue,
                concurrently,
            } => Ok(Grant {
                exchange: Exchange::again(concurrently),
                ..self.minter.next(&issue)?
            }),
        }
    }

    /// A session that was imported has no handle before its first refresh.
    async fn with_handle(
        &self,
        mut standing: Standing,
        now: DateTime<Utc>,
    ) -> Result<Standing, SessionError> {
        for _ in 0..HANDLE_DRAWS {
            let Some(session) = standing.session.as_ref().filter(|s| s.handle.is_none()) else {
                return Ok(standing);
            };
            let id = session.id;
            let handle = Handle::at(now, self.ids.handle_bits());
            // Lost to another request for the same session, or to another session: the row says.
            let _: Change = self.sessions.give_handle(id, handle).await?;
            standing = self.sessions.locate(SessionName::Id(id)).await?;
        }
        Err(SessionError::Contended)
    }
}

/// Whether an access token is one of the session that the refresh token names.
///
/// Which generation it is of does not matter: a frontend that was cut off between writing the one
/// and the other down must not be stranded, and the refresh token is the secret of the two.
fn belongs(token: &VerifiedToken, admission: &Admission, session: &Session) -> Result<(), Refusal> {
    let of_this_session = match &token.lineage {
        Claim::Is(lineage) => lineage.session == session.id,
        // The legacy backend knew nothing of sessions.
        Claim::Absent => session.id.is_derived(),
        Claim::Malformed => false,
    };
    if of_this_session && admission.subject.user_key() == session.user_key {
        Ok(())
    } else {
        Err(Refusal::TokenMismatch)
    }
}
