//! A frontend that keeps its tokens, whichever contract it speaks.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::Method;
use serde_json::{Value, json};

use crate::domain::Contract;
use crate::service::Grant;

use super::client::{Client, at, set};
use super::{Answer, Outcome, Result, jwt};

/// What a frontend is set up with.
#[derive(Clone)]
pub(super) struct Frontend {
    pub(super) client: Client,
    /// The cookie in which the refresh token is sent.
    pub(super) refresh_cookie: String,
    /// The id and the secret of the contract `oauth2`, as far as there are.
    pub(super) oauth_client: (Option<String>, Option<String>),
}

/// A session that a user has started, with its tokens, as a frontend keeps them. A clone is a copy of
/// the tokens: a thief's, a second tab's, or one to replay.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> remint::testing::Result<()> {
/// use remint::testing::{Contract, TestService, TimeDelta};
///
/// let service = TestService::builder().user("alice").start().await?;
///
/// for contract in Contract::ALL {
///     let mut session = service.start_session(contract, "alice").await?;
///     service.advance(TimeDelta::hours(1));
///     session.refresh().await?.assert_refreshed();
///     session.verify().await?.assert_status(204);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct TestSession {
    frontend: Frontend,
    contract: Contract,
    access_token: String,
    refresh_token: Option<String>,
}

impl TestSession {
    pub(super) fn new(frontend: Frontend, contract: Contract, grant: Grant) -> Self {
        Self {
            frontend,
            contract,
            access_token: grant.access_token,
            refresh_token: grant.refresh_token,
        }
    }

    /// The contract that it is refreshed by.
    pub fn contract(&self) -> Contract {
        self.contract
    }

    /// The access token, at present.
    pub fn access_token(&self) -> &str {
        &self.access_token
    }

    /// The refresh token, at present; [`None`] for [`Contract::ExpiredToken`].
    pub fn refresh_token(&self) -> Option<&str> {
        self.refresh_token.as_deref()
    }

    /// What the access token says.
    pub fn claims(&self) -> Value {
        jwt::payload(&self.access_token).unwrap_or_default()
    }

    /// Sends what the contract sends, and keeps the tokens of the answer, if it has some.
    pub async fn refresh(&mut self) -> Result<Answer> {
        let answer = self.send_refresh().await?;
        if let Outcome::Refreshed(fresh) = answer.outcome() {
            self.access_token = fresh.access_token;
            self.refresh_token = fresh.refresh_token.or(self.refresh_token.take());
        }
        Ok(answer)
    }

    /// Sends the same and keeps its tokens, as a tab that misses the answer.
    pub async fn send_refresh(&self) -> Result<Answer> {
        let refresh = self.refresh_token.as_deref().unwrap_or_default();
        let (path, body) = match self.contract {
            Contract::Cookie => return self.send_cookie("/api/auth/refresh").await,
            Contract::Envelope => ("/api/refresh", json!({"refreshToken": refresh})),
            Contract::ExpiredToken => ("/api/auth/refresh", json!({"token": self.access_token})),
            Contract::OAuth2 => return self.send_form(refresh).await,
            Contract::RefreshToken => ("/auth/refresh", json!({"refresh_token": refresh})),
            Contract::TokenPair => (
                "/api/auth/refresh",
                json!({"Token": self.access_token, "RefreshToken": refresh}),
            ),
        };
        self.frontend.client.post_json(path, &body).await
    }

    /// Asks whether the access token is accepted, as a reverse proxy does.
    pub async fn verify(&self) -> Result<Answer> {
        verify(&self.frontend.client, &self.access_token).await
    }

    /// Logs out.
    pub async fn log_out(&self) -> Result<Answer> {
        if self.contract == Contract::Cookie {
            return self.send_cookie("/api/auth/logout").await;
        }
        let token = self.refresh_token.as_ref().unwrap_or(&self.access_token);
        self.frontend
            .client
            .post_json("/api/auth/logout", &json!({"token": token}))
            .await
    }

    /// Logs the user out of every session.
    pub async fn log_out_everywhere(&self) -> Result<Answer> {
        let token = self.refresh_token.as_ref().unwrap_or(&self.access_token);
        let body = json!({"token": token, "everywhere": true});
        self.frontend
            .client
            .post_json("/api/auth/logout", &body)
            .await
    }

    async fn send_cookie(&self, path: &str) -> Result<Answer> {
        let token = self.refresh_token.as_deref().unwrap_or_default();
        let mut request = at(Method::POST, path, String::new())?;
        let cookie = format!("{}={token}", self.frontend.refresh_cookie);
        set(&mut request, "cookie", &cookie)?;
        self.frontend.client.send(request).await
    }

    async fn send_form(&self, refresh_token: &str) -> Result<Answer> {
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.append_pair("grant_type", "refresh_token");
        form.append_pair("refresh_token", refresh_token);
        let (id, secret) = &self.frontend.oauth_client;
        if let (Some(id), None) = (id, secret) {
            form.append_pair("client_id", id);
        }
        let mut request = at(Method::POST, "/oauth/token", form.finish())?;
        if let (Some(id), Some(secret)) = (id, secret) {
            set(&mut request, "authorization", &basic(id, secret))?;
        }
        let media_type = "application/x-www-form-urlencoded";
        set(&mut request, "content-type", media_type)?;
        self.frontend.client.send(request).await
    }
}

/// HTTP Basic, encoded as RFC 6749 §2.3.1 wants it.
fn basic(id: &str, secret: &str) -> String {
    let encode = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let pair = format!("{}:{}", encode(id), encode(secret));
    format!("Basic {}", STANDARD.encode(pair))
}

/// Whose it is, without its tokens.
impl fmt::Debug for TestSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TestSession")
            .field("contract", &self.contract)
            .field("claims", &self.claims())
            .finish_non_exhaustive()
    }
}

/// Asks whether a token is accepted.
pub(super) async fn verify(client: &Client, token: &str) -> Result<Answer> {
    let mut request = at(Method::GET, "/api/auth/verify", String::new())?;
    set(&mut request, "authorization", &format!("Bearer {token}"))?;
    client.send(request).await
}
