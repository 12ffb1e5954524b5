//! Any users table, by settings alone; read, never altered.
//!
//! The types of its columns are read once at start. From them one statement is made that casts
//! everything it fetches to text, so that one way of reading serves every database and type,
//! while the key is compared in its own type and therefore through its index.

mod key;
mod layout;
mod reading;
mod setup;
mod statement;

use std::time::Duration;

use async_trait::async_trait;
use sea_orm::{ConnectionTrait, DatabaseConnection, DbErr, QueryResult, Statement};
use tokio::time::timeout;
use tracing::warn;

use crate::domain::{Lookup, Subject, User};
use crate::service::{DirectoryError, UserDirectory};

use super::dialect::Dialect;
use super::schema::Indexed;
use key::Key;
use layout::Layout;

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
    connection: DatabaseConnection,
    deadline: Duration,
    layout: Layout,
    sql: String,
}

impl SqlUserDirectory {
    /// Reads the catalogue and prepares the one statement.
    pub async fn open(
        connection: DatabaseConnection,
        settings: &DirectorySettings,
        deadline: Duration,
    ) -> Result<Self, SetupError> {
        let layout = Layout::read(&connection, settings).await?;
        let sql = statement::build(&layout, Dialect::of(&connection));
        let directory = Self {
            connection,
            deadline,
            layout,
            sql,
        };
        directory.try_out().await?;
        Ok(directory)
    }

    /// Runs the statement without reading a row: what the database refuses, it refuses at start
    /// and not at the first refresh.
    async fn try_out(&self) -> Result<(), SetupError> {
        let backend = self.connection.get_database_backend();
        let sql = format!("{} AND 1 = 0", self.sql);
        let statement = Statement::from_sql_and_values(backend, sql, [self.layout.key_kind.any()]);
        let refused = |error: DbErr| SetupError::NotReadable {
            table: self.layout.table_name.clone(),
            source: error.into(),
        };
        match timeout(self.deadline, self.connection.query_all_raw(statement)).await {
            Ok(answer) => answer.map(|_| ()).map_err(refused),
            // A table that is locked at this moment says nothing about the settings.
            Err(_) => Ok(()),
        }
    }

    /// Whether a look-up reads one row or the whole table: what is wrong, for a person to mend.
    pub fn index_problem(&self) -> Option<String> {
        let Layout {
            table_name,
            key,
            indexed,
            ..
        } = &self.layout;
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

    /// The statement that every look-up runs, for a person to read.
    pub fn statement(&self) -> &str {
        &self.sql
    }

    async fn rows(&self, key: sea_orm::Value) -> Result<Vec<QueryResult>, DirectoryError> {
        let backend = self.connection.get_database_backend();
        let statement = Statement::from_sql_and_values(backend, &self.sql, [key]);
        self.in_time(self.connection.query_all_raw(statement)).await
    }

    async fn in_time<T>(
        &self,
        work: impl Future<Output = Result<T, DbErr>>,
    ) -> Result<T, DirectoryError> {
        match timeout(self.deadline, work).await {
            Ok(done) => done.map_err(|error| DirectoryError::Unavailable(error.into())),
            Err(_) => Err(DirectoryError::Timeout),
        }
    }
}

#[async_trait]
impl UserDirectory for SqlUserDirectory {
    #[tracing::instrument(name = "store.directory.find", level = "debug", skip_all)]
    async fn find(&self, subject: &Subject) -> Result<Lookup, DirectoryError> {
        let (value, canonical) = match self.layout.key_kind.bind(subject) {
            Key::Of { value, canonical } => (value, canonical),
            Key::Nobodys => return Ok(Lookup::NotFound),
            Key::WrongType => return Ok(Lookup::NotAKey),
        };
        let rows = self.rows(value).await?;

        let mut users: Vec<User> = Vec::new();
        for row in &rows {
            let unavailable = |error: DbErr| DirectoryError::Unavailable(error.into());
            // A collation may find ALICE for alice; only the very same bytes are the same user.
            if reading::key(row).map_err(unavailable)?.as_deref() == Some(canonical.as_str()) {
                users.push(reading::user(row, &self.layout).map_err(unavailable)?);
            }
        }
        let Some(user) = users.pop() else {
            return Ok(Lookup::NotFound);
        };
        if users.is_empty() {
            return Ok(Lookup::Found(user));
        }
        warn!(table = %self.layout.table_name, "two users share one key; both count as inactive");
        Ok(Lookup::Found(User {
            active: false,
            ..user
        }))
    }

    async fn ping(&self) -> Result<(), DirectoryError> {
        self.in_time(self.connection.ping()).await
    }
}
