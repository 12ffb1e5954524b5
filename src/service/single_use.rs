//! Exchanging each credential once, without losing anybody.

use chrono::{DateTime, TimeDelta, Utc};

use crate::domain::{
    Admission, Handle, JsonText, Lineage, Refusal, Revocation, Session, Standing, Step,
    TokenPolicy, decide,
};

use super::{Change, RateLimiter, RefreshError, Rotation, SessionError, SessionStore};

/// How often a lost race is decided again. After the first loss the row has moved on, so that the
/// second decision is a replay or a refusal; the rest is for a row that was cleaned up meanwhile.
const DECISIONS: usize = 4;

/// The generation that is to be minted.
pub(super) struct Issue {
    pub(super) claims: Vec<(String, JsonText)>,
    /// The end of the session from then on, which no token outlives.
    pub(super) expires_at: DateTime<Utc>,
    pub(super) handle: Option<Handle>,
    /// In whole seconds.
    pub(super) issued_at: DateTime<Utc>,
    pub(super) lineage: Lineage,
}

/// What became of a step.
pub(super) enum Advance {
    /// It is written down.
    Made,
    /// Somebody else made it: this is what they got.
    Again {
        issue: Box<Issue>,
        /// While this request was under way, as far as it has seen; of a login that is written down
        /// unseen nobody knows.
        concurrently: bool,
    },
}

/// The steps of sessions whose credentials are good once.
pub(super) struct SingleUse<'a> {
    pub(super) sessions: &'a dyn SessionStore,
    pub(super) limits: &'a dyn RateLimiter,
    pub(super) grace: TimeDelta,
    pub(super) policy: &'a TokenPolicy,
}

impl SingleUse<'_> {
    /// Writes the step from `admission` to `next` down; or finds out that another generation is to
    /// be given out, and which.
    ///
    /// Whoever loses a race reads what the winner wrote and decides again: for the same
    /// generation that is a replay, so everybody gets the winner's answer. Only a step that is about
    /// to be made is counted, and all who race for it are counted as one.
    pub(super) async fn advance(
        &self,
        admission: &Admission,
        mut standing: Standing,
        next: &Issue,
    ) -> Result<Advance, RefreshError> {
        let Lineage {
            session: id,
            generation,
            ..
        } = admission.lineage;
        let user_key = admission.subject.user_key();
        let now = next.issued_at;
        let step = Some(next.lineage.generation);
        for decision in 0..DECISIONS {
            match decide(generation, standing.session.as_ref(), self.grace, now)? {
                Step::Begin => {
                    self.limits.exchange(id, step).await?;
                    let row = first_row(&user_key, next);
                    if self.begin(admission, &row).await? {
                        return Ok(Advance::Made);
                    }
                }
                Step::Rotate { from } => {
                    self.limits.exchange(id, step).await?;
                    let rotation = Rotation {
                        from,
                        to: next.lineage.generation,
                        at: now,
                        expires_at: next.expires_at,
                        claims: next.claims.clone(),
                    };
                    if self.sessions.rotate(id, rotation).await? == Change::Done {
                        return Ok(Advance::Made);
                    }
                }
                Step::Replay => {
                    if let Some(session) = standing.session {
                        let issue = Box::new(self.replay(session));
                        let concurrently = decision > 0;
                        return Ok(Advance::Again {
                            issue,
                            concurrently,
                        });
                    }
                }
                Step::Reuse => {
                    self.sessions.revoke(id, Revocation::Reuse, now).await?;
                    return Err(Refusal::TokenReused.into());
                }
            }
            standing = self.sessions.standing(id, &user_key).await?;
            standing.admit(admission.issued_at)?;
        }
        Err(SessionError::Contended.into())
    }

    /// Writes the step from a login to `next` down as the first of its session, without having looked
    /// whether it is; whether that was so, and nothing was in the way.
    ///
    /// Most logins are exchanged for the first time, and the statement that writes their session
    /// down shows it.
    pub(super) async fn begin_unseen(
        &self,
        admission: &Admission,
        next: &Issue,
    ) -> Result<bool, RefreshError> {
        let row = first_row(&admission.subject.user_key(), next);
        let is_first = self.begin(admission, &row).await?;
        if is_first {
            // Counted afterwards, since it may be a replay, which is not. The first one is never
            // too many.
            let step = Some(next.lineage.generation);
            self.limits.exchange(row.id, step).await.ok();
        }
        Ok(is_first)
    }

    async fn begin(&self, admission: &Admission, row: &Session) -> Result<bool, RefreshError> {
        let issued_at = Some(admission.issued_at);
        let Some(standing) = self.sessions.begin_and_look(row, issued_at).await? else {
            return Ok(false);
        };
        standing.admit(admission.issued_at)?;
        Ok(true)
    }

    /// The generation that the row says was issued last.
    fn replay(&self, session: Session) -> Issue {
        // The settings may allow less now than when it was issued.
        let latest = self.policy.session_end(session.started_at);
        Issue {
            expires_at: session.expires_at.min(latest),
            handle: session.handle,
            issued_at: session.rotated_at,
            lineage: Lineage {
                contract: session.contract,
                session: session.id,
                generation: session.generation,
                started_at: session.started_at,
            },
            claims: session.claims,
        }
    }
}

/// A session as it is first written down.
pub(super) fn first_row(user_key: &str, issue: &Issue) -> Session {
    let Lineage {
        contract,
        session,
        generation,
        started_at,
    } = issue.lineage;
    Session {
        id: session,
        contract,
        handle: issue.handle,
        user_key: user_key.to_owned(),
        generation,
        rotated_at: issue.issued_at,
        started_at,
        expires_at: issue.expires_at,
        revoked: None,
        claims: issue.claims.clone(),
    }
}
