//! Ending sessions.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use crate::domain::{
    Admission, Clock, Contract, Lineage, Revocation, Session, SessionId, TokenPolicy, VerifiedToken,
};

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
    /// Ends the session of `token`, and with `everywhere` all that its user has. Once this has
    /// answered, nothing that was issued in them is exchanged or accepted again.
    ///
    /// The answer is the session that the token named, for the log alone.
    ///
    /// A token that is not genuine, or of another kind, ends nothing, and nobody is told (RFC 7009
    /// §2.2). `everywhere` needs one that could still be exchanged.
    pub async fn log_out(
        &self,
        token: &str,
        everywhere: bool,
    ) -> (Trail, Result<Option<SessionId>, SessionError>) {
        let mut trail = Trail::default();
        let Ok((token, policy)) = self.tokens.verify_ignoring_expiry(token) else {
            return (trail, Ok(None));
        };
        trail.note(&token);
        let outcome = self.end(&token, policy, everywhere).await;
        (trail, outcome)
    }

    /// The same for a refresh token of that contract.
    pub async fn log_out_refresh_token(
        &self,
        contract: Contract,
        token: &str,
        everywhere: bool,
    ) -> (Trail, Result<Option<SessionId>, SessionError>) {
        let mut trail = Trail::default();
        let outcome = self
            .end_refresh_token(contract, token, everywhere, &mut trail)
            .await;
        (trail, outcome)
    }

    async fn end_refresh_token(
        &self,
        contract: Contract,
        token: &str,
        everywhere: bool,
        trail: &mut Trail,
    ) -> Result<Option<SessionId>, SessionError> {
        let mut renewers = self.renewers.iter();
        let Some(renewer) = renewers.find(|renewer| renewer.minter.contract() == contract) else {
            return Ok(None);
        };
        let now = self.clock.now();
        let Some(standing) = renewer.find(token, now, trail).await? else {
            return Ok(None);
        };
        let Some(session) = &standing.session else {
            return Ok(None);
        };
        self.sessions
            .revoke(session.id, Revocation::Logout, now)
            .await?;
        let may_refresh = standing.admit(session.rotated_at).is_ok() && now < session.expires_at;
        if everywhere && may_refresh {
            self.sessions.cut_off(&session.user_key, now).await?;
        }
        Ok(Some(session.id))
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
            self.sessions.cut_off(&session.user_key, now).await?;
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
