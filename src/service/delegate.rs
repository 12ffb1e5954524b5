//! Exchanging refresh tokens that an identity provider gave out.

use std::sync::Arc;

use crate::domain::{Refusal, Standing, Unsupported, Unverified};

use super::{
    Change, DirectoryError, Exchange, Flights, IdentityProvider, ProviderError, ProviderGrant,
    ProviderLogin, SessionError, SessionStore, Trail, UserDirectory,
};

/// The longest token that a provider is asked about, in bytes.
const MAX_TOKEN_BYTES: usize = 8 * 1024;

/// Has an identity provider exchange its refresh tokens.
pub struct Delegate {
    /// Gave the tokens out.
    pub provider: Arc<dyn IdentityProvider>,
    /// The calls to it.
    pub flights: Flights,
    /// What users have to pass beside; nothing if the provider alone decides.
    pub user_check: Option<UserCheck>,
}

/// Whether a user of the provider may go on here.
pub struct UserCheck {
    /// Knows the users.
    pub directory: Arc<dyn UserDirectory>,
    /// Knows their cut-offs.
    pub sessions: Arc<dyn SessionStore>,
}

/// What came of an exchange, with what the audit log may know of it.
#[derive(Debug)]
pub struct Delegation {
    /// Whom it was about, where that was asked for.
    pub trail: Trail,
    /// The provider's tokens and how they came about, or why there are none.
    pub outcome: Result<(ProviderGrant, Exchange), DelegationError>,
}

/// Why a refresh token was not exchanged.
#[derive(Debug, thiserror::Error)]
pub enum DelegationError {
    /// The directory could not answer.
    #[error(transparent)]
    Directory(#[from] DirectoryError),
    /// The provider could not answer.
    #[error(transparent)]
    Provider(ProviderError),
    /// The provider or the rules say no.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The cut-offs could not be read.
    #[error(transparent)]
    Sessions(#[from] SessionError),
}

impl From<ProviderError> for DelegationError {
    fn from(error: ProviderError) -> Self {
        match error {
            ProviderError::Refused => Self::Refused(Unverified::Provider.into()),
            ProviderError::Reused => Self::Refused(Refusal::TokenReused),
            ProviderError::Misconfigured(_)
            | ProviderError::Timeout
            | ProviderError::Unavailable(_) => Self::Provider(error),
        }
    }
}

impl Delegate {
    /// Exchanges `refresh_token`.
    pub async fn refresh(&self, refresh_token: &str) -> Delegation {
        let mut trail = Trail::default();
        let outcome = self.exchange(refresh_token, &mut trail).await;
        Delegation { trail, outcome }
    }

    /// Ends what `refresh_token` began at the provider; lost where it is none of its tokens.
    pub async fn log_out(&self, refresh_token: &str) -> Result<Change, ProviderError> {
        if refresh_token.len() > MAX_TOKEN_BYTES {
            return Ok(Change::Lost);
        }
        self.flights.revoke(&self.provider, refresh_token).await
    }

    async fn exchange(
        &self,
        refresh_token: &str,
        trail: &mut Trail,
    ) -> Result<(ProviderGrant, Exchange), DelegationError> {
        if refresh_token.len() > MAX_TOKEN_BYTES {
            return Err(Refusal::from(Unverified::TooLong).into());
        }
        if let Some(check) = &self.user_check {
            // Asked first: the provider may exchange a token but once, and an answer that is then
            // held back would cost the user the session.
            check.directory.ping().await?;
            check.sessions.ping().await?;
        }
        let (answer, is_joined) = self.flights.refresh(&self.provider, refresh_token).await;
        let grant = answer?;
        if let Some(check) = &self.user_check {
            let what = "its answer does not say whose login it was";
            let login = grant.login.as_ref();
            let login = login.ok_or(ProviderError::Misconfigured(what))?;
            trail.note_subject(&login.subject);
            check.admit(login).await?;
        }
        let exchange = if is_joined {
            Exchange::Concurrent
        } else {
            Exchange::New
        };
        Ok((grant, exchange))
    }
}

impl UserCheck {
    /// Refuses users who are not there or not active, and logins before their cut-offs.
    async fn admit(&self, login: &ProviderLogin) -> Result<(), DelegationError> {
        if !login.subject.is_a_key() {
            return Err(Refusal::from(Unsupported::SubjectMalformed).into());
        }
        // The provider's sessions are not written down here; the user's cut-off is.
        let standing = Standing {
            session: None,
            cut_off: self.sessions.cut_off_of(&login.subject.user_key()).await?,
        };
        standing.admit(login.at)?;
        self.directory.find(&login.subject).await?.admit(login.at)?;
        Ok(())
    }
}
