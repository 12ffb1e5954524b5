//! Exchanging a credential for a fresh token.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};

use crate::domain::{Admission, Claim, ClaimSet, Clock, Lookup, Refusal, Unsupported};

use super::single_use::{Advance, SingleUse};
use super::{
    Attempt, DirectoryError, Exchange, Grant, Holder, Holders, Minter, RateLimiter, RefreshError,
    SessionError, SessionStore, Trail, UserDirectory,
};

/// Exchanges access tokens that ran out.
pub struct Refresher {
    /// Makes the tokens.
    pub minter: Arc<Minter>,
    /// Knows the users.
    pub directory: Arc<dyn UserDirectory>,
    /// Knows what was revoked, and in single-use mode what was exchanged.
    pub sessions: Arc<dyn SessionStore>,
    /// Knows both at once.
    pub holders: Arc<dyn Holders>,
    /// Bounds how often a session is refreshed.
    pub limits: Arc<dyn RateLimiter>,
    /// Tells the time, once per exchange.
    pub clock: Arc<dyn Clock>,
    /// Whether a token may be exchanged again.
    pub mode: RefreshMode,
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

/// A credential that the rules admit.
struct Admitted<'a> {
    admission: &'a Admission,
    /// What it says.
    claims: &'a ClaimSet,
    now: DateTime<Utc>,
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
        let policy = &self.minter.policy;
        let old = self.minter.access_tokens.verify_ignoring_expiry(token)?;
        trail.note(&old);
        let admission = policy.judge_refresh(&old, now)?;
        let claims = old
            .claims
            .as_ref()
            .ok_or(Refusal::from(Unsupported::Claims))?;
        let single_use = match self.mode {
            RefreshMode::Stateless => {
                let session = admission.lineage.session;
                self.limits.exchange(session, None).await?;
                None
            }
            RefreshMode::SingleUse { grace } => Some(SingleUse {
                sessions: &*self.sessions,
                limits: &*self.limits,
                grace,
                policy,
            }),
        };
        let admitted = Admitted {
            admission: &admission,
            claims,
            now,
        };
        let mut asked = None;
        if let Some(single_use) = &single_use
            && old.lineage == Claim::Absent
        {
            let user = self.directory.find(&admission.subject).await;
            if let Ok(user) = &user
                && let Some(grant) = self.begin(&admitted, user, single_use).await?
            {
                return Ok(grant);
            }
            asked = Some(user);
        }
        self.go_on(&admitted, single_use, asked).await
    }

    /// Exchanges a login that nobody has exchanged yet; nothing if somebody has, or if anything is in
    /// the way: then whoever looks at its session first finds out what.
    async fn begin(
        &self,
        admitted: &Admitted<'_>,
        user: &Lookup,
        single_use: &SingleUse<'_>,
    ) -> Result<Option<Grant>, RefreshError> {
        let admission = admitted.admission;
        let Ok(user) = user.clone().admit(admission.issued_at) else {
            return Ok(None);
        };
        let Ok(next) = self
            .minter
            .issue_after(admission, None, user.claims, admitted.now)
        else {
            return Ok(None);
        };
        // Signed first: a token that cannot be signed must not use up the old one.
        let Ok(grant) = self.minter.successor(admitted.claims, &next) else {
            return Ok(None);
        };
        match single_use.begin_unseen(admission, &next).await {
            // Where nothing can be written there may still be something to be read.
            Err(RefreshError::Sessions(SessionError::Unavailable(_))) => Ok(None),
            begun => Ok(begun?.then_some(grant)),
        }
    }

    /// Exchanges any credential; `asked` is what the directory has said of its user, if it was asked.
    async fn go_on(
        &self,
        admitted: &Admitted<'_>,
        single_use: Option<SingleUse<'_>>,
        asked: Option<Result<Lookup, DirectoryError>>,
    ) -> Result<Grant, RefreshError> {
        let Admitted {
            admission,
            claims,
            now,
        } = *admitted;
        let (session, subject) = (admission.lineage.session, &admission.subject);
        let Holder { standing, user } = match asked {
            None => self.holders.look_up(session, subject).await,
            Some(user) => {
                let standing = self.sessions.standing(session, &subject.user_key()).await;
                Holder { standing, user }
            }
        };
        let standing = standing?;
        standing.admit(admission.issued_at)?;
        let user = user?.admit(admission.issued_at)?;

        let session = standing.session.as_ref();
        let next = self
            .minter
            .issue_after(admission, session, user.claims, now)?;
        let grant = self.minter.successor(claims, &next)?;
        let Some(single_use) = single_use else {
            return Ok(grant);
        };
        match single_use.advance(admission, standing, &next).await? {
            Advance::Made => Ok(grant),
            Advance::Again {
                issue,
                concurrently,
            } => Ok(Grant {
                exchange: Exchange::again(concurrently),
                ..self.minter.successor(claims, &issue)?
            }),
        }
    }
}
