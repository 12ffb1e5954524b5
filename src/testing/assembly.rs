//! The service put together, listening nowhere.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use sea_orm::ConnectionTrait as _;
use tempfile::TempDir;

use crate::app::{App, BuildError};
use crate::config::{Config, Keys};
use crate::domain::{Clock as _, Contract, ManualClock, Subject};
use crate::service::{Login, Revoker, Started};
use crate::store::OwnUsers;

use super::{Result, TestError, TestToken, TestUser};

/// The service as production puts it together, but for the clock and the database, without a thread
/// and without a port.
pub struct Assembly {
    /// The service.
    pub app: App,
    /// What it takes for the present.
    pub clock: Arc<ManualClock>,
    /// Its settings.
    pub config: Config,
    keys: Keys,
    settings: BTreeMap<String, String>,
    _folder: Option<TempDir>,
}

impl Assembly {
    pub(super) fn new(
        (app, config, clock): (App, Config, Arc<ManualClock>),
        settings: BTreeMap<String, String>,
        folder: Option<TempDir>,
    ) -> Result<Self> {
        Ok(Self {
            keys: config.keys.clone().ok_or(BuildError::NoKeys)?,
            app,
            clock,
            config,
            settings,
            _folder: folder,
        })
    }

    /// The value of a setting, if there is one.
    pub(super) fn setting(&self, name: &str) -> Option<&str> {
        self.settings.get(name).map(String::as_str)
    }

    /// A token of that user, as a legacy backend makes it.
    pub fn token(&self, user: &str) -> TestToken {
        TestToken::new(&self.config, &self.keys, user, self.clock.now())
    }

    /// Adds a user to the table that the service itself has made.
    pub async fn add_user(&self, user: TestUser) -> Result<()> {
        let users = OwnUsers::open(self.app.database.clone()).await?;
        users.add(&user.row).await?;
        if let Some(instant) = user.cut_off {
            self.cut_off(&user.row.id, Some(instant)).await?;
        }
        Ok(())
    }

    /// Activates or deactivates a user of that table.
    pub async fn set_active(&self, user: &str, is_active: bool) -> Result<()> {
        let users = OwnUsers::open(self.app.database.clone()).await?;
        Ok(users.set_active(user, is_active).await?)
    }

    /// Ends everything of a user's that was issued up to that instant, or up to now.
    pub async fn cut_off(&self, user: &str, instant: Option<DateTime<Utc>>) -> Result<()> {
        let revoker = Revoker {
            sessions: Arc::clone(&self.app.cleaner.sessions),
            clock: self.clock.clone(),
            policy: self.config.policy.clone(),
        };
        let user = Subject::Text(user.to_owned()).user_key();
        revoker.cut_off(&user, instant).await?;
        Ok(())
    }

    /// Starts a session, as a login does.
    pub async fn start(&self, contract: Contract, user: &str) -> Result<Started> {
        let login = Login {
            contract,
            user: Subject::Text(user.to_owned()),
            claims: Vec::new(),
        };
        Ok(self.app.starter.start(login).await?)
    }

    /// Carries a statement out on the service's own database.
    pub async fn sql(&self, statement: &str) -> Result<()> {
        let done = self.app.database.execute_unprepared(statement).await;
        done.map_err(|error| TestError::Statement(error.into()))?;
        Ok(())
    }
}
