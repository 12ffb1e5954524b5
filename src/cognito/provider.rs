//! The calls.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_cognitoidentityprovider::Client;
use aws_sdk_cognitoidentityprovider::config::retry::RetryConfig;
use aws_sdk_cognitoidentityprovider::config::timeout::TimeoutConfig;
use aws_sdk_cognitoidentityprovider::config::{
    BehaviorVersion, Builder, Region, StalledStreamProtectionConfig,
};
use aws_sdk_cognitoidentityprovider::types::{AuthFlowType, AuthenticationResultType};
use aws_smithy_http_client::Builder as HttpBuilder;
use aws_smithy_http_client::tls;
use secrecy::{ExposeSecret, SecretString};
use tracing::instrument::WithSubscriber;
use tracing::subscriber::NoSubscriber;

use crate::service::{Change, IdentityProvider, ProviderError, ProviderGrant};

use super::CognitoSettings;
use super::failure::{Failure, judge, judge_revocation};
use super::login;

/// The longest wait before the second try: the first one's failure has left most of the deadline.
const MAX_BACKOFF: Duration = Duration::from_millis(200);

/// AWS Cognito, as the one app client.
pub(super) struct Cognito {
    client: Client,
    client_id: String,
    client_secret: Option<SecretString>,
    rotation: bool,
    user_claim: Option<String>,
}

impl Cognito {
    /// Reads the certificates that the system trusts; asks nobody yet.
    pub(super) fn new(settings: &CognitoSettings) -> Self {
        let tls = tls::Provider::Rustls(tls::rustls_provider::CryptoMode::Ring);
        let timeouts = TimeoutConfig::builder().operation_timeout(settings.deadline);
        // These operations are for whoever has a refresh token: no credentials are looked for, in
        // the environment or on the network. And the HTTP client follows no redirect.
        let mut config = Builder::new()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(settings.region.clone()))
            .allow_no_auth()
            .http_client(HttpBuilder::new().tls_provider(tls).build_https())
            .retry_config(retries(settings.rotation))
            .timeout_config(timeouts.build())
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled());
        config.set_endpoint_url(settings.endpoint_url.clone());
        Self {
            client: Client::from_conf(config.build()),
            client_id: settings.client_id.clone(),
            client_secret: settings.client_secret.clone(),
            rotation: settings.rotation,
            user_claim: settings.user_claim.clone(),
        }
    }

    async fn ask(
        &self,
        refresh_token: &str,
    ) -> Result<Option<AuthenticationResultType>, ProviderError> {
        if self.rotation || self.client_secret.is_some() {
            let request = self.client.get_tokens_from_refresh_token();
            let request = request
                .client_id(&self.client_id)
                .set_client_secret(self.exposed_secret())
                .refresh_token(refresh_token);
            let answer = request.send().await.map_err(judge)?;
            return Ok(answer.authentication_result);
        }
        let request = self.client.initiate_auth();
        let request = request
            .auth_flow(AuthFlowType::RefreshTokenAuth)
            .client_id(&self.client_id)
            .auth_parameters("REFRESH_TOKEN", refresh_token);
        let answer = request.send().await.map_err(judge)?;
        Ok(answer.authentication_result)
    }

    fn exposed_secret(&self) -> Option<String> {
        let secret = self.client_secret.as_ref();
        secret.map(|secret| secret.expose_secret().to_owned())
    }

    fn grant(
        &self,
        refresh_token: &str,
        answer: Option<AuthenticationResultType>,
    ) -> Result<ProviderGrant, Failure> {
        let answer = answer.ok_or(Failure::NoAccessToken)?;
        let access_token = answer.access_token.filter(|token| !token.is_empty());
        let access_token = access_token.ok_or(Failure::NoAccessToken)?;
        let login = match &self.user_claim {
            Some(claim) => Some(login::of(&access_token, claim).ok_or(Failure::NoLogin)?),
            None => None,
        };
        Ok(ProviderGrant {
            access_token,
            refresh_token: answer.refresh_token.filter(|new| new != refresh_token),
            login,
        })
    }
}

#[async_trait]
impl IdentityProvider for Cognito {
    async fn refresh(&self, refresh_token: &str) -> Result<ProviderGrant, ProviderError> {
        if !could_be_one(refresh_token) {
            return Err(ProviderError::Refused);
        }
        let answer = unlogged(self.ask(refresh_token)).await?;
        let grant = self.grant(refresh_token, answer);
        grant.map_err(|failure| ProviderError::Unavailable(Arc::new(failure)))
    }

    async fn revoke(&self, refresh_token: &str) -> Result<Change, ProviderError> {
        if !could_be_one(refresh_token) {
            return Ok(Change::Lost);
        }
        let request = self.client.revoke_token();
        let request = request
            .client_id(&self.client_id)
            .set_client_secret(self.exposed_secret())
            .token(refresh_token);
        match unlogged(request.send()).await {
            Ok(_) => Ok(Change::Done),
            Err(error) => judge_revocation(error),
        }
    }
}

/// A second try where the first one failed, within the one deadline.
///
/// None where refresh tokens are rotated: the first one may have used the token up and only its
/// answer got lost, and the second would be told that the token is not good.
fn retries(rotation: bool) -> RetryConfig {
    if rotation {
        return RetryConfig::disabled();
    }
    RetryConfig::standard()
        .with_max_attempts(2)
        .with_initial_backoff(MAX_BACKOFF)
        .with_max_backoff(MAX_BACKOFF)
}

/// Whether Cognito would look at it. What does not even have its alphabet it calls a mistake of
/// the request, which is no word about the token.
fn could_be_one(refresh_token: &str) -> bool {
    let is_good = |byte: u8| byte.is_ascii_alphanumeric() || b"-_=.".contains(&byte);
    !refresh_token.is_empty() && refresh_token.bytes().all(is_good)
}

/// Keeps what the SDK has to say out of the log: at `trace` it writes whole requests and answers,
/// with their tokens.
async fn unlogged<F: Future>(call: F) -> F::Output {
    call.with_subscriber(NoSubscriber::new()).await
}
