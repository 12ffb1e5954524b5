//! Any users table, by settings alone; read, never altered.
//!
//! The types of its columns are read once at start. From them statements are made that cast
//! everything they fetch to text, so that one way of reading serves every database and type,
//! while the key is compared in its own type and therefore through its index.

mod key;
mod layout;
mod lookups;
mod reading;
mod setup;
mod statement;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use sea_orm::{ConnectionTrait, DbErr, Statement};
use tokio::time::timeout;

use crate::domain::{Lookup, Subject};
use crate::metrics::{DatabaseMetrics, Pool, Statement as Measured};
use crate::service::{DirectoryError, UserDirectory};

use super::batched::{BatchError, BatchStatement as _, Batched, InTime};
use super::connections::Connections;
use super::errors::is_refusal;
use super::ping::Ping;
use super::pool::pool;
use super::schema::Indexed;
use key::Key;
use layout::Layout;
use lookups::Question;

pub(super) use lookups::Lookups;
pub use setup::SetupError;

/// Where the users are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DirectorySettings {
    /// `table` or `schema.table`.
    pub table: String,
    /// The column that the token's subject names.
    pub key_column: String,
    /// The column that says whether a user is active; none where being there is enough.
    pub active_column: Option<String>,
    /// The values of that column that mean active; none for a boolean column.
    pub active_values: Vec<String>,
    /// The column with the user's cut-off.
    pub valid_after_column: Option<String>,
    /// Columns and the claims that they overwrite.
    pub claim_columns: Vec<(String, String)>,
}

impl Default for DirectorySettings {
    fn default() -> Self {
        Self {
            table: "users".to_owned(),
            key_column: "id".to_owned(),
            active_column: Some("is_active".to_owned()),
            active_values: Vec::new(),
            valid_after_column: None,
            claim_columns: Vec::new(),
        }
    }
}

/// A users table behind a database connection.
pub struct SqlUserDirectory {
    lookups: Batched<Lookups>,
    ping: Batched<Ping>,
    deadline: Duration,
}

impl SqlUserDirectory {
    /// Reads the catalogue and writes the statements.
    pub async fn open(
        connection: impl Into<Connections>,
        settings: &DirectorySettings,
        deadline: Duration,
    ) -> Result<Self, SetupError> {
        let connection = connection.into();
        let layout = Layout::read(&connection, settings).await?;
        let directory = Self {
            ping: Batched::new(Ping(connection.clone()), deadline),
            lookups: Batched::new(Lookups::new(connection, layout), deadline),
            deadline,
        };
        directory.try_out().await?;
        Ok(directory)
    }

    /// Runs the statement without reading a row: what the database refuses, it refuses at start
    /// and not at the first refresh.
    async fn try_out(&self) -> Result<(), SetupError> {
        let lookups = self.lookups.statement();
        let (connection, layout) = (lookups.connection(), lookups.layout());
        let backend = connection.get_database_backend();
        let sql = format!("{} AND 1 = 0", lookups.statement());
        let statement = Statement::from_sql_and_values(backend, sql, lookups.any());
        let refused = |error: DbErr| SetupError::NotReadable {
            table: layout.table_name.clone(),
            source: error.into(),
        };
        match timeout(self.deadline, connection.query_all_raw(statement)).await {
            Ok(Err(error)) if is_refusal(&error) => Err(refused(error)),
            // A table that is locked at this moment says nothing about the settings.
            Ok(_) | Err(_) => Ok(()),
        }
    }

    /// What runs look-ups.
    pub(super) fn lookups(&self) -> Arc<InTime<Lookups>> {
        self.lookups.in_time()
    }

    /// What to ask for about `subject`; or, where that cannot be a key, what there is to say.
    pub(super) fn question(&self, subject: &Subject) -> Result<Question, Lookup> {
        match self.lookups.statement().layout().key_kind.bind(subject) {
            Key::Of { value, canonical } => Ok(Question { value, canonical }),
            Key::Nobodys => Err(Lookup::NotFound),
            Key::WrongType => Err(Lookup::NotAKey),
        }
    }

    /// From now on look-ups are counted.
    pub fn measure(&self, metrics: &DatabaseMetrics) {
        self.lookups.measure(metrics.of(Measured::FindUser));
    }

    /// Tells the meter how many callers wait.
    pub fn measure_queue(&self) {
        self.lookups.measure_queue();
    }

    /// The connections that look-ups go over.
    pub fn pool(&self) -> Option<Pool> {
        pool(self.lookups.statement().connection())
    }

    /// Whether a look-up reads one row or the whole table: what is wrong, for a person to mend.
    pub fn index_problem(&self) -> Option<String> {
        let Layout {
            table_name,
            key,
            indexed,
            ..
        } = self.lookups.statement().layout();
        match indexed {
            Indexed::Unique => None,
            Indexed::Plain => Some(format!(
                "the index on {key} of {table_name} is not unique: users that share a key count \
                 as inactive"
            )),
            Indexed::No => Some(format!(
                "{table_name} has no index on {key}: every refresh reads the whole table; \
                 CREATE UNIQUE INDEX on it, or on what it shows if it is a view"
            )),
        }
    }

    /// The statement that looks a single user up, for a person to read.
    pub fn statement(&self) -> &str {
        self.lookups.statement().statement()
    }
}

#[async_trait]
impl UserDirectory for SqlUserDirectory {
    #[tracing::instrument(name = "store.directory.find", level = "debug", skip_all)]
    async fn find(&self, subject: &Subject) -> Result<Lookup, DirectoryError> {
        match self.question(subject) {
            Ok(question) => self.lookups.ask(question).await.map_err(Into::into),
            Err(nobody) => Ok(nobody),
        }
    }

    async fn ping(&self) -> Result<(), DirectoryError> {
        Ok(self.ping.ask(()).await?)
    }
}

impl From<BatchError> for DirectoryError {
    fn from(error: BatchError) -> Self {
        match error {
            BatchError::Database(error) => Self::Unavailable(error.into()),
            BatchError::Timeout => Self::Timeout,
        }
    }
}
