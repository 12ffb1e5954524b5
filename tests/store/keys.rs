//! Subjects as keys of every type.

use remint::domain::{Lookup, Subject};
use remint::service::UserDirectory as _;
use serde_json::json;

use crate::harness::servers::Engine::{self, MariaDb, Postgres, Sqlite};
use crate::harness::spawn_over;

use super::table::{Tables, everywhere, keys_only, tables, verdict, verdict_on, verdicts};

const UUID: &str = "6a1e4c3a-0000-4000-8000-00000000000a";

/// A table with one key of that type.
async fn table(engine: Engine, type_name: &str, key: &str) -> Option<Tables> {
    let table = format!("CREATE TABLE users (id {type_name} PRIMARY KEY)");
    tables(
        engine,
        &[&table, &format!("INSERT INTO users VALUES ('{key}')")],
    )
    .await
}

const INTEGERS: [(Engine, &str); 7] = [
    (Sqlite, "integer"),
    (Sqlite, "bigint unsigned"),
    (Postgres, "smallint"),
    (Postgres, "integer"),
    (Postgres, "bigint"),
    (MariaDb, "int unsigned"),
    (MariaDb, "bigint unsigned"),
];

/// What is not the number seven as JSON and databases write it.
const NOT_SEVEN: [&str; 10] = [
    "007",
    "7 ",
    " 7",
    "+7",
    "7.0",
    "7e0",
    "0x7",
    "abc",
    "",
    "9223372036854775808",
];

#[tokio::test]
async fn an_integer_key_is_found_by_its_number_and_its_digits_alone() {
    for (engine, type_name) in INTEGERS {
        let Some(tables) = table(engine, type_name, "7").await else {
            continue;
        };
        let directory = tables.directory(&keys_only()).await;

        let by_number = verdict_on(&directory, &Subject::Integer(7), 0).await;
        let by_digits = verdict(&directory, "7").await;
        let by_others = verdicts(&directory, NOT_SEVEN).await;

        let found = (by_number, by_digits);
        assert_eq!(found, ("active", "active"), "{engine:?} {type_name}");
        assert_eq!(by_others, ["not found"; 10], "{engine:?} {type_name}");
    }
}

#[tokio::test]
async fn the_largest_number_is_a_key_like_any_other() {
    let largest = i64::MAX.to_string();
    for engine in [Sqlite, Postgres, MariaDb] {
        let Some(tables) = table(engine, "bigint", &largest).await else {
            continue;
        };
        let directory = tables.directory(&keys_only()).await;

        let found = verdict(&directory, &largest).await;
        let negative = verdict_on(&directory, &Subject::Integer(i64::MIN), 0).await;

        assert_eq!((found, negative), ("active", "not found"), "{engine:?}");
    }
}

#[tokio::test]
async fn a_number_beyond_a_small_key_is_nobodys() {
    let table = "CREATE TABLE users (id smallint PRIMARY KEY)";
    for tables in everywhere(&[table, "INSERT INTO users VALUES (1)"]).await {
        let directory = tables.directory(&keys_only()).await;

        let seen = verdict(&directory, "65537").await;

        assert_eq!(seen, "not found", "{:?}", tables.engine);
    }
}

const TEXTS: [(Engine, &str); 8] = [
    (Sqlite, "text"),
    (Sqlite, "varchar(40)"),
    (Postgres, "text"),
    (Postgres, "varchar(40)"),
    (Postgres, "char(36)"),
    (MariaDb, "varchar(40)"),
    (MariaDb, "char(36)"),
    (MariaDb, "varchar(40) CHARACTER SET ascii COLLATE ascii_bin"),
];

#[tokio::test]
async fn a_text_key_is_found_by_the_very_same_bytes() {
    let (upper, padded) = (UUID.to_uppercase(), format!("{UUID} "));
    let others = [&upper, &padded, UUID.trim_start_matches('6'), "é🦀'\"\\"];
    for (engine, type_name) in TEXTS {
        let Some(tables) = table(engine, type_name, UUID).await else {
            continue;
        };
        let directory = tables.directory(&keys_only()).await;

        let by_same = verdict(&directory, UUID).await;
        let by_others = verdicts(&directory, others).await;

        assert_eq!(by_same, "active", "{engine:?} {type_name}");
        assert_eq!(by_others, ["not found"; 4], "{engine:?} {type_name}");
    }
}

#[tokio::test]
async fn a_short_key_in_a_fixed_width_column_is_found_without_its_padding() {
    for engine in [Postgres, MariaDb] {
        let Some(tables) = table(engine, "char(36)", "alice").await else {
            continue;
        };
        let directory = tables.directory(&keys_only()).await;

        let found = verdict(&directory, "alice").await;
        let padded = verdict(&directory, "alice ").await;

        assert_eq!((found, padded), ("active", "not found"), "{engine:?}");
    }
}

#[tokio::test]
async fn a_uuid_is_found_in_either_case_and_in_no_other_spelling() {
    let (upper, bare) = (UUID.to_uppercase(), UUID.replace('-', ""));
    let (braced, urn) = (format!("{{{UUID}}}"), format!("urn:uuid:{UUID}"));
    for engine in [Postgres, MariaDb] {
        let Some(tables) = table(engine, "uuid", UUID).await else {
            continue;
        };
        let directory = tables.directory(&keys_only()).await;

        let found = verdicts(&directory, [UUID, &upper]).await;
        let others = verdicts(&directory, [&bare, &braced, &urn, "alice", ""]).await;

        assert_eq!(found, ["active"; 2], "{engine:?}");
        assert_eq!(others, ["not found"; 5], "{engine:?}");
    }
}

#[tokio::test]
async fn a_domain_of_postgresql_is_the_type_below_it() {
    let domain = "CREATE DOMAIN user_number AS bigint CHECK (VALUE > 0)";
    let table = "CREATE TABLE users (id user_number PRIMARY KEY)";
    let row = "INSERT INTO users VALUES (7)";
    let Some(tables) = tables(Postgres, &[domain, table, row]).await else {
        return;
    };
    let directory = tables.directory(&keys_only()).await;

    let seen = verdict_on(&directory, &Subject::Integer(7), 0).await;

    assert_eq!(seen, "active");
}

#[tokio::test]
async fn a_number_is_no_key_of_a_text_column() {
    for tables in everywhere(&["CREATE TABLE users (id varchar(20) PRIMARY KEY)"]).await {
        let directory = tables.directory(&keys_only()).await;

        let seen = directory.find(&Subject::Integer(7)).await.unwrap();

        assert_eq!(seen, Lookup::NotAKey, "{:?}", tables.engine);
    }
}

#[tokio::test]
async fn a_token_with_a_number_for_a_text_key_is_unsupported() {
    let statements = [
        "CREATE TABLE users (id varchar(20) PRIMARY KEY)",
        "INSERT INTO users VALUES ('7')",
    ];
    for tables in everywhere(&statements).await {
        let app = spawn_over(tables.server, &[("USERS_ACTIVE_COLUMN", "none")]).await;

        let number = app.refresh(&app.token_with(&json!({"sub": 7}))).await;
        let text = app.refresh(&app.token_with(&json!({"sub": "7"}))).await;

        assert_eq!(
            (number.status, number.code().as_str()),
            (401, "unsupported_token")
        );
        assert_eq!(text.status, 200, "{text:?}");
    }
}
