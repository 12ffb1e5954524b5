//! Settings that do not fit the table, and what is said about them at start.

use remint::store::DirectorySettings;

use crate::harness::servers::Engine::{MariaDb, Postgres, Sqlite};

use super::table::{everywhere, keys_only, tables};

#[tokio::test]
async fn a_missing_table_is_named() {
    for tables in everywhere(&["CREATE TABLE people (id integer)"]).await {
        let problem = tables.setup_problem(&DirectorySettings::default()).await;

        assert_eq!(
            problem,
            "there is no table users in the users database (USERS_TABLE, USERS_DATABASE_URL); \
             names are case-sensitive, and `schema.table` names another schema",
            "{:?}",
            tables.engine
        );
    }
}

/// Settings that name a column `uid`, each with the variable that it comes from.
fn with_uid() -> [(&'static str, DirectorySettings); 4] {
    let uid = || "uid".to_owned();
    let [mut key, mut active, mut cut_off, mut claim] = [(); 4].map(|()| keys_only());
    key.key_column = uid();
    active.active_column = Some(uid());
    cut_off.valid_after_column = Some(uid());
    claim.claim_columns = vec![(uid(), uid())];
    [
        ("USERS_KEY_COLUMN", key),
        ("USERS_ACTIVE_COLUMN", active),
        ("USERS_VALID_AFTER_COLUMN", cut_off),
        ("USERS_CLAIM_COLUMNS", claim),
    ]
}

#[tokio::test]
async fn a_missing_column_is_named_with_its_setting_and_those_that_are_there() {
    for tables in everywhere(&["CREATE TABLE users (id integer, email varchar(9))"]).await {
        for (variable, settings) in with_uid() {
            let problem = tables.setup_problem(&settings).await;

            let expected = format!("users has no column uid ({variable}); it has id, email");
            assert_eq!(problem, expected, "{:?}", tables.engine);
        }
    }
}

#[tokio::test]
async fn a_key_of_a_type_that_no_token_names_is_refused() {
    let types = [
        (Sqlite, "REAL", "real"),
        (Sqlite, "BLOB", "blob"),
        (Postgres, "bytea", "bytea"),
        (Postgres, "numeric(20)", "numeric"),
        (Postgres, "text[]", "_text"),
        (MariaDb, "binary(16)", "binary(16)"),
        (MariaDb, "double", "double"),
    ];
    for (engine, column, type_name) in types {
        let table = format!("CREATE TABLE users (id {column})");
        let Some(tables) = tables(engine, &[&table]).await else {
            continue;
        };

        let problem = tables.setup_problem(&keys_only()).await;

        let expected =
            format!("id of users is of type {type_name}, which cannot be a key (USERS_KEY_COLUMN)");
        assert_eq!(problem, expected, "{engine:?}");
    }
}

#[tokio::test]
async fn a_cut_off_that_is_no_time_is_refused() {
    let types = [
        (Postgres, "text"),
        (Postgres, "daterange"),
        (Postgres, "time"),
        (MariaDb, "varchar(40)"),
        (MariaDb, "time"),
    ];
    let mut settings = keys_only();
    settings.valid_after_column = Some("changed".to_owned());
    for (engine, type_name) in types {
        let table = format!("CREATE TABLE users (id integer, changed {type_name})");
        let Some(tables) = tables(engine, &[&table]).await else {
            continue;
        };

        let problem = tables.setup_problem(&settings).await;

        let beginning = format!("changed of users is of type {type_name}, which cannot be ");
        let end = "a point in time (USERS_VALID_AFTER_COLUMN)";
        assert_eq!(problem, beginning + end, "{engine:?}");
    }
}

#[tokio::test]
async fn a_status_text_needs_the_values_that_mean_active() {
    for tables in everywhere(&["CREATE TABLE users (id integer, is_active varchar(9))"]).await {
        let problem = tables.setup_problem(&DirectorySettings::default()).await;

        let before = "is_active of users is of type varchar";
        let after = ": say which of its values mean active with USERS_ACTIVE_VALUES";
        assert!(
            problem.starts_with(before),
            "{:?}: {problem}",
            tables.engine
        );
        assert!(problem.ends_with(after), "{:?}: {problem}", tables.engine);
    }
}
