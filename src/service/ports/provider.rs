//! What a service elsewhere gives out.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use crate::domain::Subject;

use super::Change;

/// A service elsewhere that gives out and exchanges refresh tokens of its own, such as AWS Cognito.
#[async_trait]
pub trait IdentityProvider: Send + Sync {
    /// Exchanges `refresh_token`, and says whose login it was, if it is asked for that.
    async fn refresh(&self, refresh_token: &str) -> Result<ProviderGrant, ProviderError>;

    /// Ends what `refresh_token` began; lost where it is none of the provider's.
    async fn revoke(&self, refresh_token: &str) -> Result<Change, ProviderError>;
}

/// What an identity provider gave out. The tokens appear in no `Debug` output.
#[derive(Clone, PartialEq, Eq)]
pub struct ProviderGrant {
    /// The access token.
    pub access_token: String,
    /// The refresh token, where the provider gave out another one.
    pub refresh_token: Option<String>,
    /// Whose they are, where it was asked for.
    pub login: Option<ProviderLogin>,
}

/// What an access token says of the login it goes back to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProviderLogin {
    /// The user.
    pub subject: Subject,
    /// When the user proved to be that one.
    pub at: DateTime<Utc>,
}

impl fmt::Debug for ProviderGrant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProviderGrant")
            .field("login", &self.login)
            .finish_non_exhaustive()
    }
}

/// Why an identity provider gave nothing out. Cloned for all who wait for one answer.
#[derive(Debug, Clone, thiserror::Error)]
pub enum ProviderError {
    /// It says that the service, and not the token, is at fault.
    #[error("the identity provider does not take requests of this service: {0}")]
    Misconfigured(&'static str),
    /// The token is not good, or not any more.
    #[error("the identity provider refuses the token")]
    Refused,
    /// The token was exchanged for another one before.
    #[error("the identity provider has exchanged the token before")]
    Reused,
    /// The deadline passed.
    #[error("the identity provider did not answer in time")]
    Timeout,
    /// It is out of reach, in trouble, or not to be understood.
    #[error("the identity provider could not be asked")]
    Unavailable(#[source] Arc<dyn Error + Send + Sync>),
}
