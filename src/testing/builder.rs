//! What a service of a test is to be like.

use std::collections::BTreeMap;
use std::sync::{Arc, mpsc};

use chrono::{DateTime, SubsecRound as _, Utc};
use sea_orm::{ConnectionTrait as _, DbErr};
use tokio::sync::oneshot;

use crate::app::{App, Surroundings};
use crate::config::{Config, Purpose};
use crate::domain::{Clock as _, IdSource as _, ManualClock, RandomIds, SystemClock};
use crate::store;

use super::{Assembly, Result, TestError, TestService, TestUser, host};

/// How alike two names must be for the one to be suggested for the other.
const ALIKE: f64 = 0.85;

const DATABASE: &str = "DATABASE_URL";
const ADMIN_KEY: &str = "ADMIN_API_KEY";

/// What stands in the place of settings that a test does not make.
const DEFAULTS: [(&str, &str); 3] = [
    ("ADMIN_LISTEN_ADDR", "127.0.0.1:0"),
    ("LISTEN_ADDR", "127.0.0.1:0"),
    // A test does in an instant what people do in hours.
    ("RATE_LIMIT_PER_MINUTE", "0"),
];

/// A service to start, as the methods say; what none of them says is as in production, but for a
/// random secret, no rate limit, and free ports.
#[derive(Clone)]
#[must_use = "nothing happens before `start`"]
pub struct TestServiceBuilder {
    settings: BTreeMap<String, String>,
    statements: Vec<String>,
    users: Vec<TestUser>,
    now: Option<DateTime<Utc>>,
}

impl TestServiceBuilder {
    pub(super) fn new() -> Self {
        let defaults = DEFAULTS.map(|(name, value)| (name.to_owned(), value.to_owned()));
        Self {
            settings: defaults.into(),
            statements: Vec::new(),
            users: Vec::new(),
            now: None,
        }
    }

    /// With that setting, by the name and in the form that it has in the environment.
    pub fn setting(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.settings.insert(name.into(), value.into());
        self
    }

    /// With these settings; of two of one name the last one counts.
    pub fn settings<N: Into<String>, V: Into<String>>(
        self,
        settings: impl IntoIterator<Item = (N, V)>,
    ) -> Self {
        let set = |builder: Self, (name, value)| builder.setting(name, value);
        settings.into_iter().fold(self, set)
    }

    /// With an admin listener, whose key is a random one.
    pub fn admin(self) -> Self {
        let key = random();
        self.setting(ADMIN_KEY, key)
    }

    /// With that user: an id alone, for one who is active, or a [`TestUser`].
    pub fn user(mut self, user: impl Into<TestUser>) -> Self {
        self.users.push(user.into());
        self
    }

    /// With what that statement makes, which is carried out before the service opens its database: a
    /// users table like your backend's, for example.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> remint::testing::Result<()> {
    /// use remint::testing::TestService;
    ///
    /// let service = TestService::builder()
    ///     .sql("CREATE TABLE accounts (id INTEGER PRIMARY KEY, enabled BOOLEAN NOT NULL)")
    ///     .sql("INSERT INTO accounts VALUES (7, TRUE)")
    ///     .setting("USERS_TABLE", "accounts")
    ///     .setting("USERS_ACTIVE_COLUMN", "enabled")
    ///     .start()
    ///     .await?;
    ///
    /// let answer = service.refresh(&service.expired_token("7")).await?;
    /// answer.assert_refreshed();
    /// # Ok(())
    /// # }
    /// ```
    pub fn sql(mut self, statement: impl Into<String>) -> Self {
        self.statements.push(statement.into());
        self
    }

    /// With the clock at that instant, instead of the present one.
    ///
    /// The present is for frontends and backends that look at tokens with a clock of their own; a
    /// fixed instant is for snapshots.
    pub fn at(mut self, now: DateTime<Utc>) -> Self {
        self.now = Some(now);
        self
    }

    /// Starts the service on a thread of its own, on free ports of this machine.
    pub async fn start(self) -> Result<TestService> {
        let (tell, told) = oneshot::channel();
        let thread = host::spawn(self, |opened| drop(tell.send(opened)))?;
        thread.opened(told.await.ok())
    }

    /// The same for tests without `async`; it may be called anywhere.
    pub fn start_blocking(self) -> Result<TestService> {
        let (tell, told) = mpsc::channel();
        let thread = host::spawn(self, move |opened| drop(tell.send(opened)))?;
        thread.opened(told.recv().ok())
    }

    /// The settings, read as those of the environment are, and stricter: a name that is none of a
    /// setting is an error, whatever it begins with.
    pub fn config(&self) -> Result<Config> {
        read(self.given())
    }

    /// Puts the service together, without a thread and without a port, for tests of remint itself.
    pub async fn assemble(self) -> Result<Assembly> {
        let mut settings = self.given();
        let mut folder = None;
        if !settings.contains_key(DATABASE) && !settings.contains_key("DATABASE_URL_FILE") {
            let temporary = tempfile::Builder::new().prefix("remint-test-").tempdir()?;
            let file = temporary.path().join("remint.db");
            settings.insert(DATABASE.to_owned(), format!("sqlite://{}", file.display()));
            folder = Some(temporary);
        }
        let config = read(settings.clone())?;
        self.carry_out(&config).await?;
        let now = self.now.unwrap_or_else(|| SystemClock.now());
        let clock = Arc::new(ManualClock::new(now.trunc_subsecs(0)));
        let surroundings = Surroundings {
            clock: clock.clone(),
            ids: Arc::new(RandomIds),
        };
        let app = App::build(&config, surroundings).await?;
        let assembly = Assembly::new((app, config, clock), settings, folder)?;
        for user in self.users {
            assembly.add_user(user).await?;
        }
        Ok(assembly)
    }

    /// The settings, with a secret in any case.
    fn given(&self) -> BTreeMap<String, String> {
        let mut settings = self.settings.clone();
        let names = ["JWT_SECRET_KEY", "JWT_SECRET_KEY_FILE"];
        if !names.iter().any(|name| settings.contains_key(*name)) {
            settings.insert("JWT_SECRET_KEY".to_owned(), random());
        }
        settings
    }

    async fn carry_out(&self, config: &Config) -> Result<()> {
        if self.statements.is_empty() {
            return Ok(());
        }
        let failed = |error: DbErr| TestError::Statement(error.into());
        let database = store::connect(&config.database).await?;
        for statement in &self.statements {
            let done = database.execute_unprepared(statement).await;
            done.map_err(failed)?;
        }
        database.close().await.map_err(failed)
    }
}

/// The settings of these names and values, each of which must be one.
fn read(settings: BTreeMap<String, String>) -> Result<Config> {
    let known = Config::variables();
    for name in settings.keys() {
        if known.contains(name.as_str()) {
            continue;
        }
        let likeness = |known: &&&str| strsim::jaro_winkler(known, name);
        let nearest = known
            .iter()
            .filter(|known| likeness(known) > ALIKE)
            .max_by(|a, b| likeness(a).total_cmp(&likeness(b)));
        return Err(TestError::UnknownSetting {
            name: name.clone(),
            advice: nearest.map_or_else(
                || ".env.example lists every one".to_owned(),
                |nearest| format!("did you mean {nearest}?"),
            ),
        });
    }
    Ok(Config::from_vars(settings, Purpose::Tokens)?)
}

/// Nobody's secret: 96 characters, which are enough for every algorithm.
fn random() -> String {
    let part = |()| RandomIds.user_id().simple().to_string();
    [(), (), ()].map(part).concat()
}
