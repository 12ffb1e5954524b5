//! Ending sessions.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use crate::domain::{
    Admission, Clock, Lineage, Revocation, Session, SessionId, TokenPolicy, VerifiedToken,
};

use super::cut_off::cut_off;
use super::{AccessTokens, Change, Renewer, SessionError, SessionStore, Trail};

/// Ends the sessions of tokens.
pub struct Logouter {
    /// Checks signatures.
    pub tokens: AccessTokens,
    /// Know refresh tokens.
    pub renewers: Vec<Arc<Renewer>>,
    /// Where sessions end.
    pub sessions: Arc<dyn SessionStore>,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
}

impl Logouter {
    /// Ends the session of `credential`, an access or a refresh token of any contract, and with
    /// `everywhere` all that its user has. Once this has answered, nothing that was issued in them
    /// is exchanged or accepted again.
    ///
    /// The answer is the session that the credential named, for the log alone.
    ///
    /// What is not genuine, or of another kind, ends nothing, and nobody is told (RFC 7009 §2.2).
    /// `everywhere` needs a credential that could still be exchanged.
    pub async fn log_out(
        &self,
        credential: &str,
        everywhere: bool,
    ) -> (Trail, Result<Option<SessionId>, SessionError>) {
        let mut trail = Trail::default();
        let outcome = match self.tokens.verify_ignoring_expiry(credential) {
            Ok((token, policy)) => {
                trail.note(&token);
                self.end(&token, policy, everywhere).await
            }
            Err(_) => {
                self.end_refresh_token(credential, everywhere, &mut trail)
                    .await
            }
        };
        (trail, outcome)
    }

    async fn end_refresh_token(
        &self,
        token: &str,
        everywhere: bool,
        trail: &mut Trail,
    ) -> Result<Option<SessionId>, SessionError> {
        let now = self.clock.now();
        for renewer in &self.renewers {
            let Some((session, standing)) = renewer.find(token, now, trail).await? else {
                continue;
            };
            self.sessions
                .revoke(session.id, Revocation::Logout, now)
                .await?;
            let is_live = standing.admit(session.rotated_at).is_ok() && now < session.expires_at;
            if everywhere && is_live {
                cut_off(&*self.sessions, &*self.clock, &session.user_key).await?;
            }
            return Ok(Some(session.id));
        }
        Ok(None)
    }

    async fn end(
        &self,
        token: &VerifiedToken,
        policy: &TokenPolicy,
        everywhere: bool,
    ) -> Result<Option<SessionId>, SessionError> {
        let now = self.clock.now();
        // Other kinds of token, and those of other issuers, have no session here to end.
        let Ok(admission) = policy.judge_kind(token, now) else {
            return Ok(None);
        };
        let session = row(policy, &admission, now);
        let standing = self
            .sessions
            .standing(session.id, &session.user_key)
            .await?;
        if self
            .sessions
            .revoke(session.id, Revocation::Logout, now)
            .await?
            == Change::Lost
            && self.sessions.begin(&session).await? == Change::Lost
        {
            // A refresh has just written the session down, or it was revoked before.
            self.sessions
                .revoke(session.id, Revocation::Logout, now)
                .await?;
        }
        // Whoever could not even refresh with it, such as a thief of long ago, ends no other
        // session with it.
        let may_refresh =
            policy.judge_refresh(token, now).is_ok() && standing.admit(admission.issued_at).is_ok();
        if everywhere && may_refresh {
            cut_off(&*self.sessions, &*self.clock, &session.user_key).await?;
        }
        Ok(Some(session.id))
    }
}

/// The session as a row that was revoked before anybody refreshed.
fn row(policy: &TokenPolicy, admission: &Admission, now: DateTime<Utc>) -> Session {
    let Lineage {
        contract,
        session,
        generation,
        started_at,
    } = admission.lineage;
    Session {
        id: session,
        contract,
        handle: None,
        user_key: admission.subject.user_key(),
        generation,
        rotated_at: now,
        started_at,
        expires_at: policy.session_end(started_at),
        revoked: Some((now, Revocation::Logout)),
        claims: Vec::new(),
    }
}
