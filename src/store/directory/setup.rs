//! Settings that do not fit the users table.

/// Why the settings do not fit the database.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// The active column is text, and nobody said which texts mean active.
    #[error(
        "{column} of {table} is of type {type_name}: say which of its values mean active with \
         USERS_ACTIVE_VALUES"
    )]
    ActiveValuesNeeded {
        /// The table.
        table: String,
        /// The column.
        column: String,
        /// Its type.
        type_name: String,
    },
    /// The catalogue could not be read.
    #[error("the catalogue of the users database could not be read: {0}")]
    Catalogue(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// A column is not there.
    #[error("{table} has no column {column} ({variable}); it has {known}")]
    NoColumn {
        /// The table.
        table: String,
        /// What was asked for.
        column: String,
        /// The setting that asked.
        variable: &'static str,
        /// The columns that are there.
        known: String,
    },
    /// The table is there, and the look-up is refused.
    #[error("{table} cannot be read as the settings say: {source}")]
    NotReadable {
        /// The table.
        table: String,
        /// What the database said: a privilege that is missing, mostly.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The table is not there.
    #[error(
        "there is no table {0} in the users database (USERS_TABLE, USERS_DATABASE_URL); names \
         are case-sensitive, and `schema.table` names another schema"
    )]
    NoTable(String),
    /// A column's type cannot serve its purpose.
    #[error("{column} of {table} is of type {type_name}, which cannot be {purpose} ({variable})")]
    UnsupportedType {
        /// The table.
        table: String,
        /// The column.
        column: String,
        /// Its type.
        type_name: String,
        /// What it was wanted for.
        purpose: &'static str,
        /// The setting that wanted it.
        variable: &'static str,
    },
}
