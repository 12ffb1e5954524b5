//! The columns of a users table and how each is to be read.

use sea_orm::DbErr;

use super::super::connections::Connections;
use super::super::dialect::Dialect;
use super::super::schema::{self, Column, Indexed, TableName};
use super::super::tries::patiently;
use super::key::KeyKind;
use super::{DirectorySettings, SetupError};

/// A users table as it was found at start.
#[derive(Debug)]
pub(super) struct Layout {
    pub(super) table: TableName,
    pub(super) table_name: String,
    pub(super) key: String,
    pub(super) key_kind: KeyKind,
    /// See [`Column::as_text`]; none as well where keys are no texts.
    pub(super) key_as_text: Option<String>,
    pub(super) indexed: Indexed,
    pub(super) active: Option<Active>,
    pub(super) valid_after: Option<(String, TimeKind)>,
    pub(super) claims: Vec<ClaimColumn>,
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
        connection: &Connections,
        settings: &DirectorySettings,
    ) -> Result<Self, SetupError> {
        let catalogue = |error: DbErr| SetupError::Catalogue(error.into());
        let table = TableName::parse(&settings.table);
        let columns = patiently(|| schema::columns(connection, &table));
        let columns = columns.await.map_err(catalogue)?;
        if columns.is_empty() {
            return Err(SetupError::NoTable(settings.table.clone()));
        }
        let types = Types {
            dialect: Dialect::of(connection),
            columns: &columns,
            table: &settings.table,
        };

        let key = types.find(&settings.key_column, "USERS_KEY_COLUMN")?;
        let key_kind = types.key_kind(key)?;
        let indexed = patiently(|| schema::indexed(connection, &table, &key.name));
        let indexed = indexed.await.map_err(catalogue)?;
        Ok(Self {
            table_name: settings.table.clone(),
            key: key.name.clone(),
            key_kind,
            key_as_text: key.as_text.clone().filter(|_| key_kind == KeyKind::Text),
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
            (name, dialect) if is_text(name, dialect) => Ok(KeyKind::Text),
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
        let calendar = ["date", "datetime", "timestamp", "timestamptz"];
        let is_calendar = calendar.contains(&word(type_name));
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
    ["bool", "boolean"].contains(&word(name)) || name.starts_with("tinyint(1)")
}

fn is_bits(name: &str) -> bool {
    word(name) == "bit"
}

fn is_integer(name: &str) -> bool {
    let spelled = [
        "integer",
        "int",
        "bigint",
        "smallint",
        "mediumint",
        "tinyint",
        "serial",
    ];
    spelled.contains(&word(name)) || ["int2", "int4", "int8"].contains(&word(name))
}

fn is_text(name: &str, dialect: Dialect) -> bool {
    if dialect == Dialect::Sqlite {
        // Any name is a type there, and these are the parts that mean text.
        let parts = ["char", "text", "clob", "string", "name"];
        return parts.iter().any(|part| name.contains(part));
    }
    let spelled = [
        "bpchar",
        "char",
        "citext",
        "longtext",
        "mediumtext",
        "name",
        "text",
        "tinytext",
        "varchar",
    ];
    spelled.contains(&word(name))
}

/// A type's name without its length and what else follows.
fn word(name: &str) -> &str {
    name.split(['(', ' ']).next().unwrap_or_default()
}
