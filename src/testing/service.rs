//! A running service, as tests see it.

use std::fmt;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use http::{Method, Request};
use serde_json::{Value, json};
use tokio::runtime::Handle;

use crate::domain::{Clock as _, Contract, ManualClock};

use super::client::{Client, at, set};
use super::host::{Host, Opened};
use super::session::{Frontend, TestSession, verify};
use super::{Answer, Assembly, Result, TestError, TestServiceBuilder, TestToken, TestUser};

/// A service that listens on a port of this machine until it is dropped.
///
/// It is the whole of remint, with its real server; the database is a temporary file, gone with the
/// service, and the clock stands still until a test moves it. Nothing is shared between two of them.
pub struct TestService {
    // First: it ends the thread, before what the thread uses is gone.
    _host: Host,
    assembly: Arc<Assembly>,
    public: Client,
    admin: Option<Client>,
    runtime: Handle,
}

impl TestService {
    /// A service to be described, and then started.
    pub fn builder() -> TestServiceBuilder {
        TestServiceBuilder::new()
    }

    pub(super) fn new(opened: Opened, host: Host) -> Self {
        let Opened {
            assembly,
            public,
            admin,
            runtime,
        } = opened;
        Self {
            _host: host,
            assembly,
            public,
            admin,
            runtime,
        }
    }

    /// Where it listens, such as `http://127.0.0.1:40123`: what a client under test is told.
    pub fn base_url(&self) -> &str {
        self.public.base_url()
    }

    /// Where its admin listener listens, if it has one.
    pub fn admin_url(&self) -> Option<&str> {
        self.admin.as_ref().map(Client::base_url)
    }

    /// The value of a setting, if it was set: `JWT_SECRET_KEY` always is, for the backend under test.
    pub fn setting(&self, name: &str) -> Option<&str> {
        self.assembly.setting(name)
    }

    /// What it takes for the present.
    pub fn now(&self) -> DateTime<Utc> {
        self.assembly.clock.now()
    }

    /// The clock that it reads.
    pub fn clock(&self) -> Arc<ManualClock> {
        Arc::clone(&self.assembly.clock)
    }

    /// Moves the clock by `step`, which may be negative.
    pub fn advance(&self, step: TimeDelta) {
        self.assembly.clock.advance(step);
    }

    /// A token of that user, as a legacy backend makes it, to be changed and signed.
    pub fn token(&self, user: &str) -> TestToken {
        self.assembly.token(user)
    }

    /// A token of that user which expired an hour ago.
    pub fn expired_token(&self, user: &str) -> String {
        self.token(user).expired_for(TimeDelta::hours(1)).sign()
    }

    /// Sends a token of a legacy backend to be exchanged, as the contract `expired_token` does.
    pub async fn refresh(&self, token: &str) -> Result<Answer> {
        self.post("/api/auth/refresh", &json!({"token": token}))
            .await
    }

    /// Asks whether a token is accepted, as a reverse proxy does: 204 or 401.
    pub async fn verify(&self, token: &str) -> Result<Answer> {
        verify(&self.public, token).await
    }

    /// Ends the session of a token.
    pub async fn log_out(&self, token: &str) -> Result<Answer> {
        self.post("/api/auth/logout", &json!({"token": token}))
            .await
    }

    /// `GET` of a path.
    pub async fn get(&self, path: &str) -> Result<Answer> {
        self.public.get(path).await
    }

    /// `POST` of a JSON body to a path.
    pub async fn post(&self, path: &str, body: &Value) -> Result<Answer> {
        self.public.post_json(path, body).await
    }

    /// Any request; its URL is a path.
    pub async fn send(&self, request: Request<String>) -> Result<Answer> {
        self.public.send(request).await
    }

    /// A request to the admin listener, with its key; a body that is null is none.
    pub async fn admin(&self, method: Method, path: &str, body: &Value) -> Result<Answer> {
        let admin = self.admin.as_ref().ok_or(TestError::NoAdmin)?;
        let text = if body.is_null() {
            String::new()
        } else {
            body.to_string()
        };
        let mut request = at(method, path, text)?;
        let key = self.setting("ADMIN_API_KEY").unwrap_or_default();
        set(&mut request, "authorization", &format!("Bearer {key}"))?;
        set(&mut request, "content-type", "application/json")?;
        admin.send(request).await
    }

    /// Adds a user: an id alone, for one who is active, or a [`TestUser`].
    pub async fn add_user(&self, user: impl Into<TestUser>) -> Result<()> {
        let (assembly, user) = (Arc::clone(&self.assembly), user.into());
        self.inside(async move { assembly.add_user(user).await })
            .await
    }

    /// Activates or deactivates a user.
    pub async fn set_active(&self, user: &str, is_active: bool) -> Result<()> {
        let (assembly, user) = (Arc::clone(&self.assembly), user.to_owned());
        self.inside(async move { assembly.set_active(&user, is_active).await })
            .await
    }

    /// Revokes everything of a user's that was issued up to now.
    pub async fn revoke_user(&self, user: &str) -> Result<()> {
        let (assembly, user) = (Arc::clone(&self.assembly), user.to_owned());
        self.inside(async move { assembly.cut_off(&user, None).await })
            .await
    }

    /// Starts a session, as a login does, of whichever contract.
    pub async fn start_session(&self, contract: Contract, user: &str) -> Result<TestSession> {
        let (assembly, user) = (Arc::clone(&self.assembly), user.to_owned());
        let started = self
            .inside(async move { assembly.start(contract, &user).await })
            .await?;
        let setting = |name| self.setting(name).map(str::to_owned);
        let frontend = Frontend {
            client: self.public.clone(),
            refresh_cookie: self.assembly.config.http.cookies.refresh_name.clone(),
            oauth_client: (setting("OAUTH_CLIENT_ID"), setting("OAUTH_CLIENT_SECRET")),
        };
        Ok(TestSession::new(frontend, contract, started.grant))
    }

    /// Carries a statement out on the service's database.
    pub async fn sql(&self, statement: &str) -> Result<()> {
        let (assembly, statement) = (Arc::clone(&self.assembly), statement.to_owned());
        self.inside(async move { assembly.sql(&statement).await })
            .await
    }

    /// Waits for one of the other methods, in a test without `async`.
    ///
    /// # Panics
    ///
    /// Within `async` code, which can wait by itself.
    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        self.runtime.block_on(future)
    }

    /// Runs where the service does: connections of its pool belong to that runtime.
    async fn inside<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T>> + Send + 'static,
    ) -> Result<T> {
        let done = self.runtime.spawn(work).await;
        done.map_err(|_| TestError::Stopped)?
    }
}

/// Where it is, without its secrets.
impl fmt::Debug for TestService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TestService")
            .field("base_url", &self.base_url())
            .field("admin_url", &self.admin_url())
            .finish_non_exhaustive()
    }
}
