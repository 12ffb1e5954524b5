//! Exchanging a credential for a fresh token.

use std::sync::Arc;

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};

use crate::domain::{
    Admission, Clock, JsonText, Lineage, Refusal, Reissue, Revocation, Session, SessionId,
    Standing, Step, Subject, TokenPolicy, Unsupported, Unverified, VerifiedToken, decide,
};

use super::{
    Change, DirectoryError, Rotation, SessionError, SessionStore, SignError, TokenCodec,
    UserDirectory,
};

/// How often a lost race is decided again. After the first loss the row has moved on, so that the
/// second decision is a replay or a refusal; the rest is for a row that was cleaned up meanwhile.
const DECISIONS: usize = 4;

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
        use crate::domain::Claim;

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

/// The generation that is to be minted.
struct Issue {
    claims: Vec<(String, JsonText)>,
    issued_at: DateTime<Utc>,
    lineage: Lineage,
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

        let user_key = admission.subject.to_string();
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

        let issue = match self.mode {
            RefreshMode::Stateless => next(&admission, user.claims, now),
            RefreshMode::SingleUse { grace } => {
                self.advance(
                    &admission,
                    standing,
                    next(&admission, user.claims, now),
                    grace,
                )
                .await?
            }
        };
        let lease = self.policy.lease(issue.lineage.started_at, issue.issued_at);
        let reissue = Reissue {
            old: claims,
            dropped: &self.dropped_claims,
            overwritten: issue.claims,
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

    /// Writes the step to `next` down, or finds out that another answer is due.
    ///
    /// Whoever loses a race reads what the winner wrote and decides again: for the same
    /// generation that is a replay, so everybody gets the winner's answer.
    async fn advance(
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
fn next(admission: &Admission, claims: Vec<(String, JsonText)>, now: DateTime<Utc>) -> Issue {
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
