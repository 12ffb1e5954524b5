//! Ending sessions.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};

use crate::domain::{
    Admission, Clock, Lineage, Renewal, Revocation, Session, SessionId, Standing, Step,
    TokenPolicy, VerifiedToken, decide,
};

use super::candidate::Found;
use super::cut_off::cut_off;
use super::verify::is_current;
use super::{
    AccessTokens, Change, Delegate, ProviderError, RefreshMode, Renewer, SessionError,
    SessionStore, Trail,
};

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
    /// Whether tokens of the main job are good once.
    pub mode: RefreshMode,
    /// Knows the tokens that are nobody's here, where an identity provider gives some out.
    pub delegate: Option<Arc<Delegate>>,
}

/// Why a session could not be ended.
#[derive(Debug, thiserror::Error)]
pub enum LogoutError {
    /// The identity provider could not be asked.
    #[error(transparent)]
    Provider(#[from] ProviderError),
    /// The sessions could not be read or written.
    #[error(transparent)]
    Sessions(#[from] SessionError),
}

impl Logouter {
    /// Ends the session of `credential`, an access or a refresh token of any contract, and with
    /// `everywhere` all that its user has. Once this has answered, nothing that was issued in them
    /// is exchanged or accepted again.
    ///
    /// The answer is whether it named a session, for the log alone.
    ///
    /// What is not genuine, or of another kind, ends nothing, and nobody is told (RFC 7009 §2.2).
    /// `everywhere` needs a credential that could still be exchanged, or an access token that could
    /// still be used where only a refresh token is exchanged.
    ///
    /// `going_elsewhere` is called before an identity provider is asked, which takes its time.
    pub async fn log_out(
        &self,
        credential: &str,
        everywhere: bool,
        going_elsewhere: impl FnOnce(),
    ) -> (Trail, Result<bool, LogoutError>) {
        let mut trail = Trail::default();
        let ended = self.end_own(credential, everywhere, &mut trail).await;
        let outcome = match (ended, &self.delegate) {
            (Ok(None), Some(delegate)) => {
                going_elsewhere();
                let ended = delegate.log_out(credential).await;
                ended
                    .map(|change| change == Change::Done)
                    .map_err(LogoutError::from)
            }
            (ended, _) => ended
                .map(|session| session.is_some())
                .map_err(LogoutError::from),
        };
        (trail, outcome)
    }

    async fn end_own(
        &self,
        credential: &str,
        everywhere: bool,
        trail: &mut Trail,
    ) -> Result<Option<SessionId>, SessionError> {
        let Ok((token, policy)) = self.tokens.verify_ignoring_expiry(credential) else {
            return self.end_refresh_token(credential, everywhere, trail).await;
        };
        trail.note(&token);
        let ended = self.end(&token, policy, everywhere).await?;
        if !self.renewers.iter().any(|it| it.accepts_imported) {
            return Ok(ended);
        }
        // Refresh tokens of the legacy backend may be JWTs of the same key.
        let mut imported = Trail::default();
        let session = self
            .end_refresh_token(credential, everywhere, &mut imported)
            .await?;
        if session.is_some() {
            *trail = imported;
        }
        Ok(session.or(ended))
    }

    async fn end_refresh_token(
        &self,
        token: &str,
        everywhere: bool,
        trail: &mut Trail,
    ) -> Result<Option<SessionId>, SessionError> {
        let now = self.clock.now();
        for renewer in &self.renewers {
            let Some(Found {
                generation,
                session,
                standing,
            }) = renewer.find(token, now, trail).await?
            else {
                continue;
            };
            if everywhere {
                let may_refresh = standing.admit(session.rotated_at).is_ok()
                    && is_good_once(generation, &standing, renewer.grace, now);
                self.end_everything(&session.user_key, &standing, may_refresh)
                    .await?;
            }
            self.sessions
                .revoke(session.id, Revocation::Logout, now)
                .await?;
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
        if everywhere {
            // Whoever can do nothing with it but log out, such as a thief of long ago, ends no other
            // session with it.
            let is_young = match admission.lineage.contract.renewal() {
                Renewal::None => policy.judge_refresh(token, now),
                Renewal::Kept | Renewal::Rotated => policy.judge_use(token, now),
            };
            let is_good = is_young.is_ok() && self.is_unspent(&admission, &standing, now);
            self.end_everything(&session.user_key, &standing, is_good)
                .await?;
        }
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
        Ok(Some(session.id))
    }

    /// Ends all that the user has, if the credential is good for that.
    ///
    /// To be called before the credential's own session ends: if this fails, whoever asks again is
    /// still good for it.
    async fn end_everything(
        &self,
        user_key: &str,
        standing: &Standing,
        is_good: bool,
    ) -> Result<(), SessionError> {
        match standing.cut_off {
            _ if is_good => cut_off(&*self.sessions, &*self.clock, user_key).await,
            // Perhaps what it failed at the time before: the rows of a cut-off that is there already.
            Some(at) => self.sessions.cut_off_as_of(user_key, at).await,
            None => Ok(()),
        }
    }

    /// Whether a token was neither revoked nor replaced.
    fn is_unspent(&self, admission: &Admission, standing: &Standing, now: DateTime<Utc>) -> bool {
        let lineage = &admission.lineage;
        let is_current = match (lineage.contract.renewal(), self.mode) {
            (Renewal::None, RefreshMode::Stateless) => true,
            (Renewal::None, RefreshMode::SingleUse { grace }) => {
                is_good_once(lineage.generation, standing, grace, now)
            }
            (Renewal::Kept | Renewal::Rotated, _) => is_current(lineage, standing).is_ok(),
        };
        is_current && standing.admit(admission.issued_at).is_ok()
    }
}

/// Whether a credential that is good once is not spent.
fn is_good_once(
    generation: u64,
    standing: &Standing,
    grace: TimeDelta,
    now: DateTime<Utc>,
) -> bool {
    match decide(generation, standing.session.as_ref(), grace, now) {
        Ok(Step::Begin | Step::Replay | Step::Rotate { .. }) => true,
        Ok(Step::Reuse) | Err(_) => false,
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
