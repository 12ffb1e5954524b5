//! AWS Cognito, asked through the official SDK.
//!
//! *Why a cargo feature.* Whoever uses no Cognito would wait for the SDK's crates in each first
//! build. Without the feature `cognito` the settings are still known, to say what is missing.
//!
//! *Which operation.* `InitiateAuth` is refused where the app client rotates refresh tokens, and
//! where the client has a secret it wants a hash over the user's name as well, which nobody knows
//! who has but a refresh token. `GetTokensFromRefreshToken` takes the secret itself. So that is
//! asked in both cases.

#[cfg(feature = "cognito")]
mod failure;
#[cfg(feature = "cognito")]
mod login;
#[cfg(feature = "cognito")]
mod provider;

mod measured;

use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;

use crate::service::IdentityProvider;

pub use measured::Measured;

/// Whether this binary can ask Cognito.
pub const IS_BUILT_IN: bool = cfg!(feature = "cognito");

/// The app client of a user pool, and how it is asked.
#[derive(Debug, Clone)]
pub struct CognitoSettings {
    /// The region of the user pool, such as `eu-central-1`.
    pub region: String,
    /// The id of the app client.
    pub client_id: String,
    /// Its secret, where it has one.
    pub client_secret: Option<SecretString>,
    /// Where Cognito is, if not where the region says.
    pub endpoint_url: Option<String>,
    /// Whether the app client rotates refresh tokens.
    pub rotation: bool,
    /// How long an answer may take, with all that is tried for it.
    pub deadline: Duration,
    /// The claim of access tokens that holds the user's key, where users are looked up.
    pub user_claim: Option<String>,
}

/// The provider; none in a binary that cannot ask it.
pub fn provider(settings: &CognitoSettings) -> Option<Arc<dyn IdentityProvider>> {
    #[cfg(feature = "cognito")]
    return Some(Arc::new(provider::Cognito::new(settings)));
    #[cfg(not(feature = "cognito"))]
    {
        let _ = settings;
        None
    }
}
