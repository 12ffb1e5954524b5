//! The columns of a users table and how each is to be read.

use sea_orm::{DatabaseConnection, DbErr, Value};
use uuid::Uuid;

use crate::domain::Subject;

use super::super::dialect::Dialect;
use super::super::schema::{self, Column, Indexed, TableName};
use super::DirectorySettings;

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

/// A users table as it was found at start.
#[derive(Debug)]
pub(super) struct Layout {
    pub(super) table: TableName,
    pub(super) table_name: String,
    pub(super) key: String,
    pub(super) key_kind: KeyKind,
    pub(super) indexed: Indexed,
    pub(super) active: Option<Active>,
    pub(super) valid_after: Option<(String, TimeKind)>,
    pub(super) claims: Vec<ClaimColumn>,
}

/// The type that keys are compared in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum KeyKind {
    Integer,
    Text,
    /// A native uuid, bound as one.
    Uuid,
    /// A native uuid of MariaDB, bound as text.
    UuidText,
}

/// A subject as a key.
pub(super) enum Key {
    /// A value to look for, and the text that a matching row must return.
    Of { value: Value, canonical: String },
    /// A text that no key of this type can be.
    Nobodys,
    /// A JSON type that no key of this type is.
    WrongType,
}

impl KeyKind {
    /// How `subject` is looked for.
    pub(super) fn bind(self, subject: &Subject) -> Key {
        match (self, subject) {
            (Self::Integer, Subject::Integer(number)) => Key::Of {
                value: (*number).into(),
                canonical: number.to_string(),
            },
            // Only the canonical spelling: "007" is not user 7.
            (Self::Integer, Subject::Text(text)) => match text.parse::<i64>() {
                Ok(number) if number.to_string() == *text => Key::Of {
                    value: number.into(),
                    canonical: text.clone(),
                },
                _ => Key::Nobodys,
            },
            (Self::Text, Subject::Text(text)) => Key::Of {
                value: text.as_str().into(),
                canonical: text.clone(),
            },
            (Self::Uuid | Self::UuidText, Subject::Text(text)) => self.bind_uuid(text),
            (Self::Text | Self::Uuid | Self::UuidText, Subject::Integer(_)) => Key::WrongType,
        }
    }

    fn bind_uuid(self, text: &str) -> Key {
        // Braces, urn: and bare digits are other spellings; the case of the digits is none.
        let canonical = text.to_ascii_lowercase();
        match Uuid::parse_str(&canonical) {
            Ok(uuid) if uuid.hyphenated().to_string() == canonical => {
                let value = if self == Self::Uuid {
                    uuid.into()
                } else {
                    canonical.clone().into()
                };
                Key::Of { value, canonical }
            }
            _ => Key::Nobodys,
        }
    }
}

/// The column that says whether a user is active.
#[derive(Debug)]
pub(super) struct Active {
    pub(super) column: String,
    /// A bit string, which becomes a number before it becomes text.
    pub(super) bits: bool,
    /// The texts that mean active.
    pub(super) values: Vec<String>,
}

/// How a point in time is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TimeKind {
    /// A date or timestamp; without a zone it is taken as UTC.
    Calendar,
    /// A number of seconds since 1970.
    UnixSeconds,
}

/// A column that overwrites a claim.
#[derive(Debug)]
pub(super) struct ClaimColumn {
    pub(super) column: String,
    pub(super) claim: String,
    pub(super) kind: ClaimKind,
}

/// The JSON type of a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ClaimKind {
    Boolean,
    Bits,
    Json,
    Number,
    /// An array of PostgreSQL.
    PostgresArray,
    Text,
}

impl Layout {
    /// Reads the catalogue and fits the settings to it.
    pub(super) async fn read(
        connection: &DatabaseConnection,
        settings: &DirectorySettings,
    ) -> Result<Self, SetupError> {
        let catalogue = |error: DbErr| SetupError::Catalogue(error.into());
        let table = TableName::parse(&settings.table);
        let columns = schema::columns(connection, &table)
            .await
            .map_err(catalogue)?;
        if columns.is_empty() {
            return Err(SetupError::NoTable(settings.table.clone()));
        }
        let types = Types {
            dialect: Dialect::of(connection),
            columns: &columns,
            table: &settings.table,
        };

        let key = types.find(&settings.key_column, "USERS_KEY_COLUMN")?;
        let indexed = schema::indexed(connection, &table, &key.name)
            .await
            .map_err(catalogue)?;
        Ok(Self {
            table_name: settings.table.clone(),
            key: key.name.clone(),
            key_kind: types.key_kind(key)?,
            indexed,
            active: types.active(settings)?,
            valid_after: types.valid_after(settings)?,
            claims: types.claims(settings)?,
            table,
        })
    }
}

/// The columns found, and what their types mean in that database.
struct Types<'a> {
    dialect: Dialect,
    columns: &'a [Column],
    table: &'a str,
}

impl Types<'_> {
    /// The column of exactly that name.
    fn find(&self, name: &str, variable: &'static str) -> Result<&Column, SetupError> {
        self.columns
            .iter()
            .find(|column| column.name == name)
            .ok_or_else(|| {
                let known: Vec<_> = self
                    .columns
                    .iter()
                    .map(|column| column.name.as_str())
                    .collect();
                SetupError::NoColumn {
                    table: self.table.to_owned(),
                    column: name.to_owned(),
                    variable,
                    known: known.join(", "),
                }
            })
    }

    fn unsupported(
        &self,
        column: &Column,
        purpose: &'static str,
        variable: &'static str,
    ) -> SetupError {
        SetupError::UnsupportedType {
            table: self.table.to_owned(),
            column: column.name.clone(),
            type_name: column.type_name.clone(),
            purpose,
            variable,
        }
    }

    fn key_kind(&self, column: &Column) -> Result<KeyKind, SetupError> {
        let name = column.type_name.as_str();
        match (name, self.dialect) {
            ("uuid", Dialect::Postgres) => Ok(KeyKind::Uuid),
            ("uuid", Dialect::MySql) => Ok(KeyKind::UuidText),
            // SQLite stores a uuid as what it was given as, which is text in every framework but
            // those that use blobs.
            ("uuid", Dialect::Sqlite) => Ok(KeyKind::Text),
            (name, _) if is_integer(name) => Ok(KeyKind::Integer),
            (name, _) if is_text(name) => Ok(KeyKind::Text),
            _ => Err(self.unsupported(column, "a key", "USERS_KEY_COLUMN")),
        }
    }

    fn active(&self, settings: &DirectorySettings) -> Result<Option<Active>, SetupError> {
        let Some(name) = &settings.active_column else {
            return Ok(None);
        };
        let column = self.find(name, "USERS_ACTIVE_COLUMN")?;
        let type_name = column.type_name.as_str();
        let flag = is_boolean(type_name) || is_bits(type_name) || is_integer(type_name);
        let values = match (settings.active_values.is_empty(), flag) {
            (false, _) => settings.active_values.clone(),
            // As PostgreSQL, and as the others, write a true boolean.
            (true, true) => vec!["true".to_owned(), "1".to_owned()],
            (true, false) => {
                return Err(SetupError::ActiveValuesNeeded {
                    table: self.table.to_owned(),
                    column: column.name.clone(),
                    type_name: column.type_name.clone(),
                });
            }
        };
        let bits = self.dialect == Dialect::MySql && is_bits(type_name);
        Ok(Some(Active {
            column: column.name.clone(),
            bits,
            values,
        }))
    }

    fn valid_after(
        &self,
        settings: &DirectorySettings,
    ) -> Result<Option<(String, TimeKind)>, SetupError> {
        let Some(name) = &settings.valid_after_column else {
            return Ok(None);
        };
        let column = self.find(name, "USERS_VALID_AFTER_COLUMN")?;
        let type_name = column.type_name.as_str();
        let is_calendar = ["timestamp", "date"]
            .iter()
            .any(|name| type_name.starts_with(name));
        let kind = match self.dialect {
            Dialect::MySql | Dialect::Postgres | Dialect::Sqlite if is_integer(type_name) => {
                TimeKind::UnixSeconds
            }
            // SQLite keeps times as text, under whatever name.
            Dialect::Sqlite => TimeKind::Calendar,
            Dialect::MySql | Dialect::Postgres if is_calendar => TimeKind::Calendar,
            Dialect::MySql | Dialect::Postgres => {
                let variable = "USERS_VALID_AFTER_COLUMN";
                return Err(self.unsupported(column, "a point in time", variable));
            }
        };
        Ok(Some((column.name.clone(), kind)))
    }

    fn claims(&self, settings: &DirectorySettings) -> Result<Vec<ClaimColumn>, SetupError> {
        let claim = |(name, claim): &(String, String)| {
            let column = self.find(name, "USERS_CLAIM_COLUMNS")?;
            Ok(ClaimColumn {
                column: column.name.clone(),
                claim: claim.clone(),
                kind: self.claim_kind(&column.type_name),
            })
        };
        settings.claim_columns.iter().map(claim).collect()
    }

    fn claim_kind(&self, type_name: &str) -> ClaimKind {
        let number = ["numeric", "decimal", "float", "double", "real"];
        match type_name {
            name if is_boolean(name) => ClaimKind::Boolean,
            name if is_bits(name) && self.dialect == Dialect::MySql => ClaimKind::Bits,
            name if is_integer(name) => ClaimKind::Number,
            name if number.iter().any(|number| name.starts_with(number)) => ClaimKind::Number,
            "json" | "jsonb" => ClaimKind::Json,
            name if name.starts_with('_') && self.dialect == Dialect::Postgres => {
                ClaimKind::PostgresArray
            }
            _ => ClaimKind::Text,
        }
    }
}

fn is_boolean(name: &str) -> bool {
    // MySQL's boolean is tinyint(1); Laravel, Django and Hibernate make it so.
    name.starts_with("bool") || name.starts_with("tinyint(1)")
}

fn is_bits(name: &str) -> bool {
    name == "bit" || name.starts_with("bit(")
}

fn is_integer(name: &str) -> bool {
    let word = name.split(['(', ' ']).next().unwrap_or_default();
    let spelled = [
        "integer",
        "int",
        "bigint",
        "smallint",
        "mediumint",
        "tinyint",
        "serial",
    ];
    spelled.contains(&word) || ["int2", "int4", "int8"].contains(&word)
}

fn is_text(name: &str) -> bool {
    ["char", "text", "clob", "string", "name"]
        .iter()
        .any(|text| name.contains(text))
}
