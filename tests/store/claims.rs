//! Claims that say what the users table says now.

use remint::store::DirectorySettings;

use crate::harness::servers::Engine::{self, MariaDb, Postgres, Sqlite};
use crate::harness::{jwt, spawn_over};

use super::table::{claims, tables};

/// A column's type and value, and the JSON of its claim.
type Case = (&'static str, &'static str, &'static str);

async fn check(engine: Engine, cases: &[Case]) {
    let Some(tables) = tables(engine, &[]).await else {
        return;
    };
    let numbered = || cases.iter().enumerate();
    let columns = numbered().map(|(n, (type_name, ..))| format!("c{n} {type_name} NULL"));
    let values = cases.iter().map(|(_, value, _)| *value).collect::<Vec<_>>();
    let columns = columns.collect::<Vec<_>>().join(", ");
    tables
        .sql(&format!(
            "CREATE TABLE users (id varchar(20) PRIMARY KEY, {columns})"
        ))
        .await;
    let row = format!("INSERT INTO users VALUES ('alice', {})", values.join(", "));
    tables.sql(&row).await;
    let settings = DirectorySettings {
        active_column: None,
        claim_columns: numbered()
            .map(|(n, _)| (format!("c{n}"), format!("claim{n}")))
            .collect(),
        ..DirectorySettings::default()
    };

    let seen = claims(&tables.directory(&settings).await, "alice").await;

    assert_eq!(seen.len(), cases.len());
    for ((n, case), (claim, json)) in numbered().zip(seen) {
        assert_eq!(claim, format!("claim{n}"), "{engine:?}");
        assert_eq!(json, case.2, "{engine:?} {case:?}");
    }
}

const POSTGRES_TYPES: [Case; 22] = [
    ("boolean", "TRUE", "true"),
    ("boolean", "FALSE", "false"),
    ("boolean", "NULL", "null"),
    ("bigint", "-9223372036854775808", "-9223372036854775808"),
    ("smallint", "7", "7"),
    (
        "numeric",
        "'123456789012345678901234567890.10'",
        "123456789012345678901234567890.10",
    ),
    ("numeric", "'NaN'", "\"NaN\""),
    ("double precision", "'-Infinity'", "\"-Infinity\""),
    ("double precision", "0.1", "0.1"),
    (
        "text",
        "'O''Neil \"Bo\" \\ 🦀 é'",
        r#""O'Neil \"Bo\" \\ 🦀 é""#,
    ),
    (
        "text",
        "E'line\\nbreak\\t\\x01'",
        r#""line\nbreak\t\u0001""#,
    ),
    ("text", "'true'", "\"true\""),
    ("text", "'7'", "\"7\""),
    ("varchar(9)", "''", "\"\""),
    (
        "json",
        "'{\"b\": 1, \"a\":[true,null]}'",
        "{\"b\": 1, \"a\":[true,null]}",
    ),
    ("json", "'{\"a\":1,\"a\":2}'", "{\"a\":2}"),
    ("jsonb", "'\"x\"'", "\"x\""),
    ("text[]", "ARRAY['a','b \"c\"']", r#"["a","b \"c\""]"#),
    ("integer[]", "'{}'", "[]"),
    ("text[]", "NULL", "null"),
    (
        "uuid",
        "'6A1E4C3A-0000-4000-8000-00000000000A'",
        "\"6a1e4c3a-0000-4000-8000-00000000000a\"",
    ),
    (
        "timestamp",
        "'2027-01-15 08:00:00'",
        "\"2027-01-15 08:00:00\"",
    ),
];

#[tokio::test]
async fn every_type_of_postgresql_becomes_its_json() {
    check(Postgres, &POSTGRES_TYPES).await;
}

const MARIADB_TYPES: [Case; 18] = [
    ("boolean", "TRUE", "true"),
    ("boolean", "FALSE", "false"),
    ("tinyint(1)", "NULL", "null"),
    ("tinyint(1)", "5", "\"5\""),
    ("bit(1)", "b'1'", "true"),
    ("bit(1)", "b'0'", "false"),
    ("bit(1)", "NULL", "null"),
    (
        "bigint unsigned",
        "18446744073709551615",
        "18446744073709551615",
    ),
    ("decimal(12,2)", "1.50", "1.50"),
    ("double", "0.1", "0.1"),
    (
        "varchar(99)",
        "'O''Neil \"Bo\" \\\\ 🦀 é'",
        r#""O'Neil \"Bo\" \\ 🦀 é""#,
    ),
    ("text", "'line\\nbreak'", r#""line\nbreak""#),
    ("varchar(9)", "'7'", "\"7\""),
    (
        "json",
        "'{\"b\": 1, \"a\":[true,null]}'",
        "{\"b\": 1, \"a\":[true,null]}",
    ),
    ("json", "NULL", "null"),
    ("enum('user','admin')", "'admin'", "\"admin\""),
    (
        "uuid",
        "'6A1E4C3A-0000-4000-8000-00000000000A'",
        "\"6a1e4c3a-0000-4000-8000-00000000000a\"",
    ),
    (
        "datetime",
        "'2027-01-15 08:00:00'",
        "\"2027-01-15 08:00:00\"",
    ),
];

#[tokio::test]
async fn every_type_of_mariadb_becomes_its_json() {
    check(MariaDb, &MARIADB_TYPES).await;
}

const SQLITE_TYPES: [Case; 15] = [
    ("BOOLEAN", "TRUE", "true"),
    ("BOOLEAN", "0", "false"),
    ("BOOLEAN", "NULL", "null"),
    ("BOOLEAN", "'maybe'", "\"maybe\""),
    ("INTEGER", "9223372036854775807", "9223372036854775807"),
    ("INTEGER", "'none'", "\"none\""),
    ("REAL", "0.1", "0.1"),
    ("REAL", "9e999", "\"Inf\""),
    ("DECIMAL(5,2)", "1.25", "1.25"),
    (
        "TEXT",
        "'O''Neil \"Bo\" \\ 🦀 é'",
        r#""O'Neil \"Bo\" \\ 🦀 é""#,
    ),
    ("TEXT", "'7'", "\"7\""),
    ("JSON", "'[1, \"a\"]'", "[1, \"a\"]"),
    ("JSON", "'{\"a\":{\"x\":1,\"x\":2}}'", "{\"a\":{\"x\":2}}"),
    ("JSON", "'not json'", "\"not json\""),
    ("", "'any'", "\"any\""),
];

#[tokio::test]
async fn every_type_of_sqlite_becomes_its_json() {
    check(Sqlite, &SQLITE_TYPES).await;
}

#[tokio::test]
async fn a_demoted_user_loses_the_old_role_with_the_next_token() {
    let table = "CREATE TABLE users (id varchar(20) PRIMARY KEY, roles text[])";
    let Some(tables) = tables(
        Postgres,
        &[table, "INSERT INTO users VALUES ('alice', '{user}')"],
    )
    .await
    else {
        return;
    };
    let settings = [
        ("USERS_ACTIVE_COLUMN", "none"),
        ("USERS_CLAIM_COLUMNS", "roles:role"),
    ];
    let app = spawn_over(tables.server, &settings).await;
    let token = app.token_with(&serde_json::json!({"role": ["admin"]}));

    let answer = app.refresh(&token).await;

    let fresh = jwt::payload(&answer.access_token());
    assert_eq!(fresh["role"], serde_json::json!(["user"]));
}
