//! Ending sessions from outside, by whoever runs the service.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use crate::domain::{Clock, Contract, Revocation, Session, SessionId, TokenPolicy};

use super::cut_off::cut_off;
use super::{Change, SessionError, SessionStore};

/// Ends sessions by their name, or all of one user's.
pub struct Revoker {
    /// Where sessions end.
    pub sessions: Arc<dyn SessionStore>,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// The limits.
    pub policy: TokenPolicy,
}

/// Why no cut-off was set.
#[derive(Debug, thiserror::Error)]
pub enum CutOffError {
    /// It would end what is not issued yet, also logins to come.
    #[error("the cut-off lies in the future")]
    Future,
    /// The sessions could not be read or written.
    #[error(transparent)]
    Sessions(#[from] SessionError),
}

impl Revoker {
    /// Ends a session; [`Change::Lost`] if it had ended before.
    ///
    /// Sessions of the stateless mode are written down nowhere until they end, so one that is not
    /// known is written down as ended, for as long as any of its tokens could be exchanged.
    pub async fn revoke(&self, id: SessionId) -> Result<Change, SessionError> {
        if self.ended(id).await?.is_some() {
            return Ok(Change::Lost);
        }
        let now = self.clock.now();
        let because = Revocation::Operator;
        if self.sessions.revoke(id, because, now).await? == Change::Done {
            return Ok(Change::Done);
        }
        let row = Session {
            id,
            contract: Contract::ExpiredToken,
            handle: None,
            user_key: String::new(),
            generation: 0,
            rotated_at: now,
            started_at: now,
            expires_at: self.policy.session_end(now),
            revoked: Some((now, because)),
            claims: Vec::new(),
        };
        if self.sessions.begin(&row).await? == Change::Done {
            return Ok(Change::Done);
        }
        // It had ended before, or a refresh has just written it down.
        if self.sessions.revoke(id, because, now).await? == Change::Done {
            return Ok(Change::Done);
        }
        // Or it was ended by one of these, whose answer was lost with its connection.
        let is_ours = |(at, reason): (DateTime<Utc>, Revocation)| {
            reason == because && at.timestamp() == now.timestamp()
        };
        let ended = self.ended(id).await?;
        Ok(if ended.is_some_and(is_ours) {
            Change::Done
        } else {
            Change::Lost
        })
    }

    /// When and why a session ended, if it has.
    async fn ended(
        &self,
        id: SessionId,
    ) -> Result<Option<(DateTime<Utc>, Revocation)>, SessionError> {
        let found = self.sessions.find(id).await?;
        Ok(found.and_then(|session| session.revoked))
    }

    /// Ends everything of a user's that was issued up to now.
    pub async fn revoke_user(&self, user_key: &str) -> Result<(), SessionError> {
        cut_off(&*self.sessions, &*self.clock, user_key).await
    }

    /// Ends everything of a user's that was issued up to `at`, or up to now; the cut-off that counts
    /// from then on, which is an earlier call's where that one lies later.
    pub async fn cut_off(
        &self,
        user_key: &str,
        at: Option<DateTime<Utc>>,
    ) -> Result<DateTime<Utc>, CutOffError> {
        let now = self.clock.now();
        match at {
            Some(at) if at - now > self.policy.leeway => return Err(CutOffError::Future),
            Some(at) if at < now => self.sessions.cut_off_as_of(user_key, at).await?,
            // The caller's clock may be a little ahead.
            Some(_) | None => self.revoke_user(user_key).await?,
        }
        let cut_off = self.sessions.cut_off_of(user_key).await?;
        Ok(cut_off.or(at).unwrap_or(now))
    }
}
