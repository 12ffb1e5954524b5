//! Ending sessions.

use std::sync::Arc;

use crate::domain::{Claim, Clock, Revocation, Session, SessionId, TokenPolicy, VerifiedToken};

use super::{Change, SessionError, SessionStore, TokenCodec, Trail};

/// Ends the sessions of tokens.
pub struct Logouter {
    /// Checks signatures.
    pub codec: Arc<dyn TokenCodec>,
    /// Where sessions end.
    pub sessions: Arc<dyn SessionStore>,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// The limits.
    pub policy: TokenPolicy,
}

impl Logouter {
    /// Ends the session of `token`, and with `everywhere` all that its user has. Once this has
    /// answered, nothing that was issued in them is exchanged or accepted again.
    ///
    /// A token that is not genuine ends nothing, and nobody is told (RFC 7009 §2.2).
    pub async fn log_out(
        &self,
        token: &str,
        everywhere: bool,
    ) -> (Trail, Result<(), SessionError>) {
        let mut trail = Trail::default();
        let Ok(token) = self.codec.verify_ignoring_expiry(token) else {
            return (trail, Ok(()));
        };
        let now = self.clock.now();
        if token.key.valid_until.is_some_and(|end| now >= end) {
            return (trail, Ok(()));
        }
        trail.note(&token);
        let outcome = self.end(&token, everywhere).await;
        (trail, outcome)
    }

    async fn end(&self, token: &VerifiedToken, everywhere: bool) -> Result<(), SessionError> {
        let now = self.clock.now();
        let Claim::Is(subject) = &token.subject else {
            return Ok(());
        };
        let user_key = subject.to_string();
        let Some(session) = self.row(token, user_key.clone()) else {
            return Ok(());
        };
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
        if everywhere {
            self.sessions.cut_off(&user_key, now).await?;
        }
        Ok(())
    }

    /// The session as a row that was revoked before anybody refreshed; none where there is
    /// nothing to end, because its tokens have no expiry and are never exchanged.
    fn row(&self, token: &VerifiedToken, user_key: String) -> Option<Session> {
        let now = self.clock.now();
        let Claim::Is(expires_at) = token.expires_at else {
            return None;
        };
        let (id, generation): (SessionId, u64) = match token.lineage {
            Claim::Is(lineage) => (lineage.session, lineage.generation),
            Claim::Absent => (token.own_session, 0),
            Claim::Malformed => return None,
        };
        let started_at = self.policy.started_at(token, expires_at, now);
        Some(Session {
            id,
            user_key,
            generation,
            rotated_at: now,
            started_at,
            expires_at: self.policy.session_end(started_at),
            revoked: Some((now, Revocation::Logout)),
            claims: Vec::new(),
        })
    }
}
