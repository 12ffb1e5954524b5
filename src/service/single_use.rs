//! Exchanging each token once, without losing anybody.

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};

use crate::domain::{
    Admission, JsonText, Lineage, Refusal, Revocation, Session, Standing, Step, decide,
};

use super::{Change, RefreshError, Refresher, Rotation, SessionError};

/// How often a lost race is decided again. After the first loss the row has moved on, so that the
/// second decision is a replay or a refusal; the rest is for a row that was cleaned up meanwhile.
const DECISIONS: usize = 4;

/// The generation that is to be minted.
pub(super) struct Issue {
    pub(super) claims: Vec<(String, JsonText)>,
    pub(super) issued_at: DateTime<Utc>,
    pub(super) lineage: Lineage,
    /// The end of the session, which no token outlives.
    pub(super) not_after: DateTime<Utc>,
}

impl Refresher {
    /// The generation after the one that was presented.
    pub(super) fn next(
        &self,
        admission: &Admission,
        claims: Vec<(String, JsonText)>,
        now: DateTime<Utc>,
    ) -> Issue {
        let Lineage {
            session,
            generation,
            started_at,
        } = admission.lineage;
        // Tokens have whole seconds, and a replay must find the very same start.
        let started_at = started_at.trunc_subsecs(0);
        Issue {
            claims,
            issued_at: now.trunc_subsecs(0),
            lineage: Lineage {
                session,
                generation: generation.saturating_add(1),
                started_at,
            },
            not_after: self.policy.session_end(started_at),
        }
    }

    /// Writes the step to `next` down; or finds out that another generation is to be given out,
    /// and which.
    ///
    /// Whoever loses a race reads what the winner wrote and decides again: for the same
    /// generation that is a replay, so everybody gets the winner's answer.
    pub(super) async fn advance(
        &self,
        admission: &Admission,
        mut standing: Standing,
        next: Issue,
        grace: TimeDelta,
    ) -> Result<Option<Issue>, RefreshError> {
        let Lineage {
            session: id,
            generation,
            ..
        } = admission.lineage;
        let user_key = admission.subject.user_key();
        let now = next.issued_at;
        for _ in 0..DECISIONS {
            match decide(generation, standing.session.as_ref(), grace, now)? {
                Step::Begin => {
                    let row = first_row(&user_key, &next);
                    if self.sessions.begin(&row).await? == Change::Done {
                        // A cut-off that was set meanwhile could revoke only the rows it found.
                        let standing = self.sessions.standing(id, &user_key).await?;
                        standing.admit(admission.issued_at)?;
                        return Ok(None);
                    }
                }
                Step::Rotate { from } => {
                    let (to, claims) = (next.lineage.generation, next.claims.clone());
                    let rotation = Rotation {
                        from,
                        to,
                        at: now,
                        claims,
                    };
                    if self.sessions.rotate(id, rotation).await? == Change::Done {
                        return Ok(bounded(next, &standing));
                    }
                }
                Step::Replay => return Ok(replay(standing, &next)),
                Step::Reuse => {
                    self.sessions.revoke(id, Revocation::Reuse, now).await?;
                    return Err(Refusal::TokenReused.into());
                }
            }
            standing = self.sessions.standing(id, &user_key).await?;
            standing.admit(admission.issued_at)?;
        }
        Err(SessionError::Timeout.into())
    }
}

/// A session as it is first written down.
fn first_row(user_key: &str, next: &Issue) -> Session {
    let Lineage {
        session,
        generation,
        started_at,
    } = next.lineage;
    Session {
        id: session,
        user_key: user_key.to_owned(),
        generation,
        rotated_at: next.issued_at,
        started_at,
        expires_at: next.not_after,
        revoked: None,
        claims: next.claims.clone(),
    }
}

/// `next`, where the row says that the session ends earlier than the settings do: they may have
/// changed since it began, and nothing may outlive the row that it could be revoked by.
fn bounded(next: Issue, standing: &Standing) -> Option<Issue> {
    let end = standing.session.as_ref()?.expires_at;
    (end < next.not_after).then_some(Issue {
        not_after: end,
        ..next
    })
}

/// The generation that the row says was issued last.
fn replay(standing: Standing, next: &Issue) -> Option<Issue> {
    let session = standing.session?;
    Some(Issue {
        claims: session.claims,
        issued_at: session.rotated_at,
        lineage: Lineage {
            session: session.id,
            generation: session.generation,
            started_at: session.started_at,
        },
        not_after: next.not_after.min(session.expires_at),
    })
}
