//! Tokens as a legacy backend makes them.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Map, Value};

use crate::app;
use crate::config::{Config, Keys};

use super::jwt::{self, HmacAlgorithm};

/// A token to sign: live and genuine, unless something else is said.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> remint::testing::Result<()> {
/// use remint::testing::{TestService, TimeDelta};
///
/// let service = TestService::builder().user("alice").start().await?;
///
/// let token = service.token("alice").claim("role", "admin").expired_for(TimeDelta::days(1));
/// let fresh = service.refresh(&token.sign()).await?.assert_refreshed();
/// assert_eq!(fresh.claims()["role"], "admin");
///
/// let forged = service.token("alice").signed_with("another secret").sign();
/// service.refresh(&forged).await?.assert_refused("invalid_token");
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct TestToken {
    algorithm: HmacAlgorithm,
    header: Map<String, Value>,
    claims: Map<String, Value>,
    secret: Vec<u8>,
    lifetime: TimeDelta,
    now: DateTime<Utc>,
}

impl TestToken {
    pub(super) fn new(config: &Config, keys: &Keys, user: &str, now: DateTime<Utc>) -> Self {
        let mut header = Map::new();
        header.insert("alg".to_owned(), keys.algorithm.name().into());
        header.insert("typ".to_owned(), "JWT".into());
        if let Some(key_id) = &keys.current.key_id {
            header.insert("kid".to_owned(), key_id.as_str().into());
        }
        let claims = app::legacy_claims(config, user, None, now).into_inner();
        let claim = |(name, value): (String, crate::domain::JsonText)| {
            (
                name,
                serde_json::from_str(value.as_str()).unwrap_or_default(),
            )
        };
        Self {
            algorithm: keys.algorithm,
            header,
            claims: claims.into_iter().map(claim).collect(),
            secret: keys.current.secret.expose_bytes().to_vec(),
            lifetime: config.policy.access_lifetime,
            now,
        }
    }

    /// Expired so long ago, and issued one lifetime before that.
    #[must_use]
    pub fn expired_for(self, ago: TimeDelta) -> Self {
        let expires_at = self.now - ago;
        let issued_at = expires_at - self.lifetime;
        self.claim("iat", issued_at.timestamp())
            .claim("exp", expires_at.timestamp())
    }

    /// With that claim: in its old place, or at the end.
    #[must_use]
    pub fn claim(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.claims.insert(name.to_owned(), value.into());
        self
    }

    /// Without that claim.
    #[must_use]
    pub fn without(mut self, name: &str) -> Self {
        self.claims.shift_remove(name);
        self
    }

    /// With that member of the header.
    #[must_use]
    pub fn header(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.header.insert(name.to_owned(), value.into());
        self
    }

    /// Signed by another algorithm than `JWT_ALGORITHM`.
    #[must_use]
    pub fn algorithm(mut self, algorithm: HmacAlgorithm) -> Self {
        self.algorithm = algorithm;
        self.header("alg", algorithm.name())
    }

    /// Signed with another secret than the service's.
    #[must_use]
    pub fn signed_with(mut self, secret: impl AsRef<[u8]>) -> Self {
        self.secret = secret.as_ref().to_vec();
        self
    }

    /// The token with these claims.
    pub fn sign(&self) -> String {
        self.sign_payload(&Value::Object(self.claims.clone()).to_string())
    }

    /// The token with that payload instead of its claims, byte for byte.
    pub fn sign_payload(&self, payload: &str) -> String {
        let header = Value::Object(self.header.clone()).to_string();
        jwt::token(self.algorithm, header, payload, &self.secret)
    }
}
