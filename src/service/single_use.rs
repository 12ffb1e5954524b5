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
}

impl Refresher {
    /// Writes the step to `next` down, or finds out that another answer is due.
    ///
    /// Whoever loses a race reads what the winner wrote and decides again: for the same
    /// generation that is a replay, so everybody gets the winner's answer.
    pub(super) async fn advance(
        &self,
        admission: &Admission,
        mut standing: Standing,
        next: Issue,
        grace: TimeDelta,
    ) -> Result<Issue, RefreshError> {
        let Lineage {
            session: id,
            generation,
            ..
        } = admission.lineage;
        let user_key = admission.subject.to_string();
        let now = next.issued_at;
        for _ in 0..DECISIONS {
            match decide(generation, standing.session.as_ref(), grace, now)? {
                Step::Begin => {
                    let row = self.first_row(&user_key, &next);
                    if self.sessions.begin(&row).await? == Change::Done {
                        // A cut-off that was set meanwhile could revoke only the rows it found.
                        let standing = self.sessions.standing(id, &user_key).await?;
                        standing.admit(admission.issued_at)?;
                        return Ok(next);
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
                        return Ok(next);
                    }
                }
                Step::Replay => return Ok(replay(standing, next)),
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

    fn first_row(&self, user_key: &str, next: &Issue) -> Session {
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
            expires_at: self.policy.session_end(started_at),
            revoked: None,
            claims: next.claims.clone(),
        }
    }
}

/// The generation after the one that was presented.
pub(super) fn next(
    admission: &Admission,
    claims: Vec<(String, JsonText)>,
    now: DateTime<Utc>,
) -> Issue {
    let Lineage {
        session,
        generation,
        started_at,
    } = admission.lineage;
    let generation = generation.saturating_add(1);
    // Tokens have whole seconds, and a replay must find the very same start.
    let (issued_at, started_at) = (now.trunc_subsecs(0), started_at.trunc_subsecs(0));
    Issue {
        claims,
        issued_at,
        lineage: Lineage {
            session,
            generation,
            started_at,
        },
    }
}

/// The generation that the row says was issued last.
fn replay(standing: Standing, next: Issue) -> Issue {
    match standing.session {
        None => next,
        Some(Session {
            generation,
            rotated_at,
            started_at,
            claims,
            ..
        }) => {
            let lineage = Lineage {
                generation,
                started_at,
                ..next.lineage
            };
            Issue {
                claims,
                issued_at: rotated_at,
                lineage,
            }
        }
    }
}
