//! The composition root: the one module that names every layer. Tests build through it too.

mod legacy;
mod meters;
mod wiring;

use std::sync::Arc;

use migration::Migrator;
use poem::endpoint::BoxEndpoint;
use poem::{EndpointExt, Response};
use sea_orm::DatabaseConnection;

use crate::config::{Config, ContractSettings};
use crate::domain::{Clock, Contract, IdSource, RandomIds, SystemClock, TokenPolicy};
use crate::http::{self, Readiness};
use crate::limits;
use crate::metrics::MetricsError;
use crate::service::{Cleaner, Minter, SignError, Starter, TokenCodec};
use crate::store::{
    self, ConnectError, Connections, SetupError, SqlHolders, SqlSessionStore, SqlUserDirectory,
};
use crate::token::{JwtCodec, KeyRing, RefreshTokens};

pub use legacy::legacy_claims;
use wiring::Wiring;
pub use wiring::explainer;

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
    /// The figures cannot be kept.
    #[error(transparent)]
    Metrics(#[from] MetricsError),
    /// A key cannot be used.
    #[error(transparent)]
    Key(#[from] SignError),
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
    /// Answers those of the admin listener, where there is one.
    pub admin_endpoint: Option<Arc<BoxEndpoint<'static, Response>>>,
    /// Told when the service stops.
    pub readiness: Arc<Readiness>,
    /// Forgets what is over.
    pub cleaner: Arc<Cleaner>,
    /// The users table.
    pub directory: Arc<SqlUserDirectory>,
    /// The service's own database, over the connections that it was opened with.
    pub database: DatabaseConnection,
    /// Starts sessions.
    pub starter: Arc<Starter>,
}

impl App {
    /// Opens the databases, brings the service's own tables up to date, and wires the layers.
    pub async fn build(config: &Config, surroundings: Surroundings) -> Result<Self, BuildError> {
        let database = open_own_database(config).await?;
        store::try_write(&database).await?;
        Self::over(database, config, surroundings).await
    }

    /// Wires the layers over the service's own database, which is open and has its tables.
    pub async fn over(
        database: DatabaseConnection,
        config: &Config,
        surroundings: Surroundings,
    ) -> Result<Self, BuildError> {
        let Surroundings { clock, ids } = surroundings;
        let minters = minters(config)?;
        let metrics = meters::metrics(&*clock)?;
        let connections = Connections::to_own(database.clone(), &config.database);
        let directory = Arc::new(open_directory(config, &connections).await?);
        let deadline = config.database.query_deadline;
        let sessions = Arc::new(SqlSessionStore::new(connections.clone(), deadline));
        let is_apart = config.users_database.is_some();
        let holders = SqlHolders::of(Arc::clone(&sessions), Arc::clone(&directory));
        let holders = Arc::new(holders);
        meters::watch_databases(
            &metrics,
            (&sessions, &connections),
            (&directory, is_apart),
            &holders,
        )?;
        let wiring = Wiring {
            minters,
            provider: meters::provider(&metrics, config)?,
            users: directory.clone(),
            sessions,
            holders,
            limits: limits::open(&config.limits, Arc::clone(&clock), &metrics).await?,
            answers: meters::answers(&metrics, config)?,
            metrics,
            clock,
            ids,
        };

        let readiness = Arc::new(Readiness::default());
        let endpoint = http::endpoint(wiring.parts(config, Arc::clone(&readiness)));
        let endpoint = Arc::new(endpoint.boxed());
        let starter = Arc::new(wiring.starter(config));
        let admin = wiring.admin_parts(config, &starter, &readiness);
        let admin_endpoint = admin.map(http::admin_endpoint);
        let admin_endpoint = admin_endpoint.map(|admin| Arc::new(admin.boxed()));
        let cleaner = Arc::new(Cleaner {
            sessions: Arc::clone(&wiring.sessions),
            clock: Arc::clone(&wiring.clock),
            policy: config.policy.clone(),
        });
        Ok(Self {
            endpoint,
            admin_endpoint,
            readiness,
            cleaner,
            directory,
            database,
            starter,
        })
    }
}

/// What makes the tokens of each contract that is offered.
pub struct Minters {
    /// The main job's.
    pub main: Arc<Minter>,
    /// Those with refresh tokens.
    pub others: Vec<Arc<Minter>>,
}

impl Minters {
    /// All of them.
    pub fn all(&self) -> Vec<Arc<Minter>> {
        let main = std::iter::once(&self.main);
        main.chain(&self.others).map(Arc::clone).collect()
    }
}

/// What makes the tokens of each contract that is offered, with the configured keys.
pub fn minters(config: &Config) -> Result<Minters, BuildError> {
    let keys = config.keys.as_ref().ok_or(BuildError::NoKeys)?;
    let refresh_tokens = Arc::new(RefreshTokens::new(&keys.current, &keys.previous));
    let minter = |settings: &ContractSettings| {
        let mut dropped_claims = config.dropped_claims.clone();
        // Each contract may name users by another claim.
        dropped_claims.retain(|claim| *claim != settings.subject_claim);
        let ring = KeyRing::new(settings.algorithm, &keys.current, &keys.previous)?;
        Ok(Arc::new(Minter {
            access_tokens: Arc::new(JwtCodec::new(ring, &settings.subject_claim)),
            refresh_tokens: refresh_tokens.clone(),
            policy: TokenPolicy {
                contract: settings.contract,
                access_lifetime: settings.access_lifetime,
                ..config.policy.clone()
            },
            refresh_lifetime: settings.refresh_lifetime,
            dropped_claims,
        }))
    };
    let is_main = |settings: &&ContractSettings| settings.contract == Contract::ExpiredToken;
    let mut contracts = config.contracts.iter();
    let main = contracts.find(is_main).ok_or(BuildError::NoKeys)?;
    Ok(Minters {
        main: minter(main)?,
        others: contracts.map(minter).collect::<Result<_, SignError>>()?,
    })
}

/// The contract whose sessions an identity provider has.
pub fn elsewhere(config: &Config) -> Option<Contract> {
    config.cognito.as_ref().map(|_| Contract::RefreshToken)
}

/// Checks and signs the tokens of the main job.
pub fn codec(config: &Config) -> Result<Arc<dyn TokenCodec>, BuildError> {
    Ok(Arc::clone(&minters(config)?.main.access_tokens))
}

/// The service's own database, with its tables brought up to date.
pub async fn open_own_database(config: &Config) -> Result<DatabaseConnection, ConnectError> {
    let database = store::connect(&config.database).await?;
    store::migrate_at_start(&database, migrator(config)).await?;
    Ok(database)
}

/// The users table, in `database` or in the one that the settings name for it.
pub async fn open_directory(
    config: &Config,
    database: &(impl Into<Connections> + Clone),
) -> Result<SqlUserDirectory, BuildError> {
    let (connections, deadline) = match &config.users_database {
        Some(settings) => {
            let connection = store::connect_to_existing(settings).await;
            let connection = connection.map_err(BuildError::UsersConnect)?;
            let connections = Connections::to_existing(connection, settings);
            (connections, settings.query_deadline)
        }
        None => (database.clone().into(), config.database.query_deadline),
    };
    Ok(SqlUserDirectory::open(connections, &config.directory, deadline).await?)
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
