//! The composition root: the one file that names every layer. Tests build through it too.

use std::sync::Arc;

use migration::Migrator;
use poem::endpoint::BoxEndpoint;
use poem::{EndpointExt, Response};
use sea_orm::DatabaseConnection;

use crate::config::Config;
use crate::domain::{Clock, IdSource, RandomIds, SystemClock};
use crate::http::{self, Readiness};
use crate::service::{
    Cleaner, Logouter, Refresher, SessionStore, TokenCodec, UserDirectory, Verifier,
};
use crate::store::{self, ConnectError, SetupError, SqlSessionStore, SqlUserDirectory};
use crate::token::{JwtCodec, KeyRing};

/// What tests put something else in the place of.
pub struct Surroundings {
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Names requests and users.
    pub ids: Arc<dyn IdSource>,
}

impl Default for Surroundings {
    fn default() -> Self {
        Self {
            clock: Arc::new(SystemClock),
            ids: Arc::new(RandomIds),
        }
    }
}

/// Why the service could not be put together.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// The service's own database is out of reach.
    #[error("DATABASE_URL: {0}")]
    Connect(#[from] ConnectError),
    /// There is no key to sign with.
    #[error("JWT_SECRET_KEY is required")]
    NoKeys,
    /// The settings do not fit the users table.
    #[error(transparent)]
    Setup(#[from] SetupError),
    /// The users' database is out of reach.
    #[error("USERS_DATABASE_URL: {0}")]
    UsersConnect(#[source] ConnectError),
}

/// The service, put together and not yet listening.
pub struct App {
    /// Answers requests.
    pub endpoint: Arc<BoxEndpoint<'static, Response>>,
    /// Told when the service stops.
    pub readiness: Arc<Readiness>,
    /// Forgets what is over.
    pub cleaner: Arc<Cleaner>,
    /// The users table.
    pub directory: Arc<SqlUserDirectory>,
    /// The service's own database.
    pub database: DatabaseConnection,
}

impl App {
    /// Opens the databases, brings the service's own tables up to date, and wires the layers.
    pub async fn build(config: &Config, surroundings: Surroundings) -> Result<Self, BuildError> {
        let Surroundings { clock, ids } = surroundings;
        let codec = codec(config)?;
        let database = open_own_database(config).await?;
        let directory = Arc::new(open_directory(config, &database).await?);

        let users: Arc<dyn UserDirectory> = directory.clone();
        let deadline = config.database.query_deadline;
        let sessions: Arc<dyn SessionStore> =
            Arc::new(SqlSessionStore::new(database.clone(), deadline));
        let readiness = Arc::new(Readiness::default());
        let endpoint = http::endpoint(http::Parts {
            refresher: Arc::new(Refresher {
                codec: Arc::clone(&codec),
                directory: Arc::clone(&users),
                sessions: Arc::clone(&sessions),
                clock: Arc::clone(&clock),
                policy: config.policy.clone(),
                mode: config.mode,
                dropped_claims: config.dropped_claims.clone(),
            }),
            logouter: Arc::new(Logouter {
                codec: Arc::clone(&codec),
                sessions: Arc::clone(&sessions),
                clock: Arc::clone(&clock),
                policy: config.policy.clone(),
            }),
            verifier: Arc::new(Verifier {
                codec,
                directory: Arc::clone(&users),
                sessions: Arc::clone(&sessions),
                clock: Arc::clone(&clock),
                policy: config.policy.clone(),
            }),
            directory: users,
            sessions: Arc::clone(&sessions),
            ids,
            readiness: Arc::clone(&readiness),
            settings: config.http.clone(),
        });
        let endpoint = Arc::new(endpoint.map_to_response().boxed());
        let cleaner = Arc::new(Cleaner {
            sessions,
            clock,
            policy: config.policy.clone(),
        });
        Ok(Self {
            endpoint,
            readiness,
            cleaner,
            directory,
            database,
        })
    }
}

/// Checks and signs with the configured keys.
pub fn codec(config: &Config) -> Result<Arc<dyn TokenCodec>, BuildError> {
    let keys = config.keys.as_ref().ok_or(BuildError::NoKeys)?;
    let ring = KeyRing::new(keys.algorithm, &keys.current, &keys.previous);
    Ok(Arc::new(JwtCodec::new(ring, &config.subject_claim)))
}

/// The service's own database, with its tables brought up to date.
pub async fn open_own_database(config: &Config) -> Result<DatabaseConnection, ConnectError> {
    let database = store::connect(&config.database).await?;
    store::migrate_up(&database, migrator(config)).await?;
    Ok(database)
}

/// The users table, in `database` or in the one that the settings name for it.
pub async fn open_directory(
    config: &Config,
    database: &DatabaseConnection,
) -> Result<SqlUserDirectory, BuildError> {
    let (connection, deadline) = match &config.users_database {
        Some(settings) => {
            let connection = store::connect_to_existing(settings).await;
            let connection = connection.map_err(BuildError::UsersConnect)?;
            (connection, settings.query_deadline)
        }
        None => (database.clone(), config.database.query_deadline),
    };
    Ok(SqlUserDirectory::open(connection, &config.directory, deadline).await?)
}

/// The migrations that fit the settings.
pub fn migrator(config: &Config) -> Migrator {
    Migrator {
        creates_users: reads_own_users(config),
    }
}

/// Whether the users are those of the table that remint itself makes.
pub fn reads_own_users(config: &Config) -> bool {
    let ours = store::DirectorySettings::default();
    let theirs = &config.directory;
    config.users_database.is_none()
        && theirs.table == ours.table
        && theirs.key_column == ours.key_column
        && theirs.active_column == ours.active_column
}
