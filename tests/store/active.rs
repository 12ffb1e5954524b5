//! Who counts as active.

use remint::store::DirectorySettings;

use crate::harness::servers::Engine;

use super::table::{everywhere, keys_only, tables, verdict, verdicts};

#[tokio::test]
async fn only_true_is_active() {
    let rows = "INSERT INTO users VALUES ('yes', TRUE), ('no', FALSE), ('unset', NULL)";
    let table = "CREATE TABLE users (id varchar(255) PRIMARY KEY, is_active boolean)";
    for tables in everywhere(&[table, rows]).await {
        let directory = tables.directory(&DirectorySettings::default()).await;

        let seen = verdicts(&directory, ["yes", "no", "unset", "nobody"]).await;

        let expected = ["active", "inactive", "inactive", "not found"];
        assert_eq!(seen, expected, "{:?}", tables.engine);
    }
}

#[tokio::test]
async fn of_numbers_only_one_is_active() {
    let rows = "INSERT INTO users VALUES ('0', 0), ('1', 1), ('2', 2), ('-1', -1), ('unset', NULL)";
    let table = "CREATE TABLE users (id varchar(255) PRIMARY KEY, is_active smallint)";
    for tables in everywhere(&[table, rows]).await {
        let directory = tables.directory(&DirectorySettings::default()).await;

        let seen = verdicts(&directory, ["1", "0", "2", "-1", "unset"]).await;

        let expected = ["active", "inactive", "inactive", "inactive", "inactive"];
        assert_eq!(seen, expected, "{:?}", tables.engine);
    }
}

#[tokio::test]
async fn of_bits_only_one_is_active() {
    let rows = "INSERT INTO users VALUES ('yes', B'1'), ('no', B'0'), ('unset', NULL)";
    let table = "CREATE TABLE users (id varchar(255) PRIMARY KEY, is_active bit(1))";
    for engine in [Engine::Postgres, Engine::MariaDb] {
        let Some(tables) = tables(engine, &[table, rows]).await else {
            continue;
        };
        let directory = tables.directory(&DirectorySettings::default()).await;

        let seen = verdicts(&directory, ["yes", "no", "unset"]).await;

        assert_eq!(seen, ["active", "inactive", "inactive"], "{engine:?}");
    }
}

#[tokio::test]
async fn a_status_is_active_only_where_it_is_listed_letter_by_letter() {
    let rows = "INSERT INTO users VALUES ('a', 'active'), ('t', 'trial'), ('b', 'banned'), \
                ('upper', 'ACTIVE'), ('space', 'active '), ('empty', ''), ('unset', NULL)";
    let table = "CREATE TABLE users (id varchar(255) PRIMARY KEY, is_active varchar(20))";
    let settings = DirectorySettings {
        active_values: vec!["active".to_owned(), "trial".to_owned()],
        ..DirectorySettings::default()
    };
    for tables in everywhere(&[table, rows]).await {
        let directory = tables.directory(&settings).await;

        let listed = verdicts(&directory, ["a", "t"]).await;
        let others = verdicts(&directory, ["b", "upper", "space", "empty", "unset"]).await;

        assert_eq!(listed, ["active"; 2], "{:?}", tables.engine);
        assert_eq!(others, ["inactive"; 5], "{:?}", tables.engine);
    }
}

#[tokio::test]
async fn on_sqlite_a_boolean_that_holds_something_else_is_inactive() {
    let table = "CREATE TABLE users (id TEXT PRIMARY KEY, is_active BOOLEAN)";
    let rows = "INSERT INTO users VALUES ('word', 'yes'), ('letter', 't'), ('blob', x'31')";
    let tables = tables(Engine::Sqlite, &[table, rows]).await.unwrap();
    let directory = tables.directory(&DirectorySettings::default()).await;

    let seen = verdicts(&directory, ["word", "letter"]).await;

    assert_eq!(seen, ["inactive"; 2]);
}

#[tokio::test]
async fn without_an_active_column_being_there_is_enough() {
    let table = "CREATE TABLE users (id varchar(255) PRIMARY KEY)";
    for tables in everywhere(&[table, "INSERT INTO users VALUES ('alice')"]).await {
        let directory = tables.directory(&keys_only()).await;

        let seen = verdicts(&directory, ["alice", "nobody"]).await;

        assert_eq!(seen, ["active", "not found"], "{:?}", tables.engine);
    }
}

#[tokio::test]
async fn who_is_deleted_is_not_found_from_then_on() {
    let table = "CREATE TABLE users (id varchar(255) PRIMARY KEY)";
    for tables in everywhere(&[table, "INSERT INTO users VALUES ('alice')"]).await {
        let directory = tables.directory(&keys_only()).await;
        assert_eq!(verdict(&directory, "alice").await, "active");

        tables.sql("DELETE FROM users").await;

        let seen = verdict(&directory, "alice").await;
        assert_eq!(seen, "not found", "{:?}", tables.engine);
    }
}

#[tokio::test]
async fn two_who_share_a_key_are_both_inactive() {
    let table = "CREATE TABLE users (id varchar(255), is_active boolean)";
    let rows = "INSERT INTO users VALUES ('twin', TRUE), ('twin', TRUE), ('single', TRUE)";
    for tables in everywhere(&[table, rows]).await {
        let directory = tables.directory(&DirectorySettings::default()).await;

        let seen = verdicts(&directory, ["twin", "single"]).await;

        assert_eq!(seen, ["inactive", "active"], "{:?}", tables.engine);
    }
}
