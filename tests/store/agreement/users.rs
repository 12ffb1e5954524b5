//! Users: the same keys in columns of many types, each of which compares in its own way.

use futures_util::future::join_all;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::TestCaseResult;
use remint::domain::{Lookup, Subject};
use remint::service::UserDirectory as _;
use remint::store::{DirectorySettings, SqlUserDirectory};
use tokio::runtime::Runtime;
use uuid::Uuid;

use super::name;
use crate::harness::servers::Engine::{self, MariaDb, Postgres, Sqlite};
use crate::store::table::{Tables, tables};
use crate::survival::rounds;

const TEXTS: [(Engine, &str); 7] = [
    (Sqlite, "text"),
    (Sqlite, "varchar(40) COLLATE NOCASE"),
    (Postgres, "varchar(40)"),
    (Postgres, "char(40)"),
    (Postgres, "citext"),
    (MariaDb, "varchar(40) COLLATE utf8mb4_bin"),
    (MariaDb, "char(40) COLLATE utf8mb4_unicode_ci"),
];

/// Columns that have no room for the letters of most names.
const NARROW: [(Engine, &str); 2] = [
    (MariaDb, "varchar(40) CHARACTER SET latin1"),
    (MariaDb, "varchar(40) CHARACTER SET ascii"),
];

const NUMBERS: [(Engine, &str); 6] = [
    (Sqlite, "integer"),
    (Sqlite, "bigint unsigned"),
    (Postgres, "smallint"),
    (Postgres, "bigint"),
    (MariaDb, "smallint"),
    (MariaDb, "bigint unsigned"),
];

const UUIDS: [(Engine, &str); 4] = [
    (Sqlite, "uuid"),
    (Postgres, "uuid"),
    (Postgres, "char(36)"),
    (MariaDb, "uuid"),
];

/// A table with keys of some type.
struct Users {
    type_name: &'static str,
    tables: Tables,
    directory: SqlUserDirectory,
}

/// Somebody in it, or a row that is nobody's.
#[derive(Debug, Clone)]
struct Row {
    key: Option<String>,
    is_active: Option<bool>,
    valid_after: Option<i64>,
    name: Option<String>,
}

async fn users((engine, type_name): (Engine, &'static str)) -> Option<Users> {
    let tables = tables(engine, &[]).await?;
    if type_name == "citext" {
        tables.sql("CREATE EXTENSION citext").await;
    }
    let columns = "is_active boolean, valid_after bigint, name varchar(40)";
    let charset = if engine == MariaDb {
        "CHARACTER SET utf8mb4"
    } else {
        ""
    };
    let table = format!("CREATE TABLE users (id {type_name}, {columns}) {charset}");
    tables.sql(&table).await;
    let settings = DirectorySettings {
        valid_after_column: Some("valid_after".to_owned()),
        claim_columns: vec![("name".to_owned(), "name".to_owned())],
        ..DirectorySettings::default()
    };
    Some(Users {
        type_name,
        directory: tables.directory(&settings).await,
        tables,
    })
}

impl Users {
    async fn are(&self, rows: &[Row]) {
        self.tables.sql("DELETE FROM users").await;
        let rows: Vec<_> = rows.iter().map(|row| self.values(row)).collect();
        if !rows.is_empty() {
            let insert = format!("INSERT INTO users VALUES {}", rows.join(", "));
            self.tables.sql(&insert).await;
        }
    }

    fn values(&self, row: &Row) -> String {
        let text = |text: &Option<String>| text.as_ref().map(|text| self.literal(text));
        let values = [
            text(&row.key),
            row.is_active.map(|it| it.to_string()),
            row.valid_after.map(|it| it.to_string()),
            text(&row.name),
        ];
        let values = values.map(|value| value.unwrap_or_else(|| "NULL".to_owned()));
        format!("({})", values.join(", "))
    }

    fn literal(&self, text: &str) -> String {
        let text = text.replace('\'', "''");
        match self.tables.engine {
            MariaDb => format!("'{}'", text.replace('\\', "\\\\")),
            Postgres | Sqlite => format!("'{text}'"),
        }
    }

    async fn find(&self, subject: &Subject) -> Result<Lookup, String> {
        let found = self.directory.find(subject).await;
        found.map_err(|error| format!("{error:?}"))
    }

    /// Asks one by one, and all at once.
    async fn agree_on(&self, subjects: &[Subject]) -> TestCaseResult {
        let mut alone = Vec::new();
        for subject in subjects {
            alone.push(self.find(subject).await);
        }
        let together = join_all(subjects.iter().map(|it| self.find(it))).await;

        let (engine, type_name) = (self.tables.engine, self.type_name);
        for ((subject, alone), together) in subjects.iter().zip(alone).zip(together) {
            prop_assert_eq!(together, alone, "{:?} {} {:?}", engine, type_name, subject);
        }
        Ok(())
    }
}

/// Rows with those keys, some of them several times.
fn rows(key: impl Strategy<Value = String>) -> impl Strategy<Value = Vec<Row>> {
    let row = (
        option::weighted(0.9, key),
        option::weighted(0.9, any::<bool>()),
        option::of(0..4_000_000_000_i64),
        option::of(name()),
    );
    let row = row.prop_map(|(key, is_active, valid_after, name)| Row {
        key,
        is_active,
        valid_after,
        name,
    });
    vec(row, 0..12)
}

/// What tokens name users by: those keys, other spellings of them, and what nobody's key can be.
fn subject(key: impl Strategy<Value = String> + Clone + 'static) -> impl Strategy<Value = Subject> {
    let text = prop_oneof![
        6 => key.clone(),
        1 => key.clone().prop_map(|key| key.to_uppercase()),
        1 => key.clone().prop_map(|key| format!("{key} ")),
        1 => key.prop_map(|key| key.replace('-', "")),
        1 => name(),
        1 => select(&["a\0b", "\0", "007", "+7", "7.0", "9223372036854775808"][..])
            .prop_map(str::to_owned),
        1 => select(&[41_usize, 300, 20_000][..]).prop_map(|length| "x".repeat(length)),
    ];
    let number = prop_oneof![-2..10_i64, select(&[65_543, i64::MIN, i64::MAX][..])];
    prop_oneof![5 => text.prop_map(Subject::Text), 1 => number.prop_map(Subject::Integer)]
}

fn all_agree(
    types: &[(Engine, &'static str)],
    key: impl Strategy<Value = String> + Clone + 'static,
) {
    let runtime = Runtime::new().unwrap();
    let users = join_all(types.iter().map(|type_name| users(*type_name)));
    let users: Vec<_> = runtime.block_on(users).into_iter().flatten().collect();
    let cases = u32::try_from(rounds(1_000, 16)).unwrap();

    let subjects = vec(subject(key.clone()), 1..40);
    proptest!(ProptestConfig::with_cases(cases), |(rows in rows(key.clone()), subjects in subjects)| {
        for users in &users {
            runtime.block_on(users.are(&rows));
            runtime.block_on(users.agree_on(&subjects))?;
        }
    });
}

#[test]
fn users_with_texts_for_keys_are_found_together_as_they_are_alone() {
    all_agree(&TEXTS, name());
}

#[test]
fn users_with_texts_of_few_letters_for_keys_are_found_together_as_they_are_alone() {
    let ascii = select(&["alice", "ALICE", "alice ", "O'Hara", "a\\b", "", "?"][..]);
    all_agree(&NARROW, ascii.prop_map(str::to_owned));
}

#[test]
fn users_with_numbers_for_keys_are_found_together_as_they_are_alone() {
    let number = prop_oneof![0..10_i16, Just(i16::MAX)];
    all_agree(&NUMBERS, number.prop_map(|number| number.to_string()));
}

#[test]
fn users_with_uuids_for_keys_are_found_together_as_they_are_alone() {
    let uuid = select(&[0x0a, 0x0b, 0xfeed_u128, u128::MAX][..]);
    all_agree(
        &UUIDS,
        uuid.prop_map(|number| Uuid::from_u128(number).to_string()),
    );
}
