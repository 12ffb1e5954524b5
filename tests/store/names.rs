//! Tables and columns of any name.

use remint::store::DirectorySettings;

use crate::harness::servers::Engine::{MariaDb, Postgres, Sqlite};

use super::outages::{another_client, run};
use super::table::{Tables, everywhere, keys_only, quoted, tables, verdict, verdicts};

const NAMES: [&str; 8] = [
    "AspNetUsers",
    "order",
    "user",
    "app users",
    "us\"ers; drop table users",
    "us`ers'",
    "what?$1",
    "пользователи",
];

#[tokio::test]
async fn every_name_is_quoted() {
    for tables in everywhere(&[]).await {
        for name in NAMES {
            let settings = table_named(&tables, name).await;

            let directory = tables.directory(&settings).await;

            let seen = verdicts(&directory, ["a", "b", "c"]).await;
            let expected = ["active", "inactive", "not found"];
            assert_eq!(seen, expected, "{:?} {name}", tables.engine);
        }
    }
}

/// A table of that name, with columns that are named after it, and the settings for it.
async fn table_named(tables: &Tables, name: &str) -> DirectorySettings {
    let (key, flag) = (format!("{name} key"), format!("is {name}"));
    let [table, quoted_key, quoted_flag] = [name, &key, &flag].map(|name| tables.quoted(name));
    let columns = format!("{quoted_key} varchar(40) PRIMARY KEY, {quoted_flag} boolean");
    tables
        .sql(&format!("CREATE TABLE {table} ({columns})"))
        .await;
    tables
        .sql(&format!(
            "INSERT INTO {table} VALUES ('a', TRUE), ('b', FALSE)"
        ))
        .await;
    DirectorySettings {
        table: name.to_owned(),
        claim_columns: vec![(key.clone(), "name".to_owned())],
        key_column: key,
        active_column: Some(flag),
        ..DirectorySettings::default()
    }
}

#[tokio::test]
async fn names_that_differ_in_case_are_two_tables() {
    for engine in [Postgres, MariaDb] {
        let [upper, lower] = ["Users", "users"].map(|name| quoted(engine, name));
        let other = format!("CREATE TABLE {lower} (id integer PRIMARY KEY)");
        let table = format!("CREATE TABLE {upper} (id varchar(9) PRIMARY KEY, shade integer)");
        let row = format!("INSERT INTO {upper} VALUES ('a', 1)");
        let Some(tables) = tables(engine, &[&other, &table, &row]).await else {
            continue;
        };
        let settings = DirectorySettings {
            table: "Users".to_owned(),
            ..keys_only()
        };

        let directory = tables.directory(&settings).await;

        let seen = verdicts(&directory, ["a", "b"]).await;
        assert_eq!(seen, ["active", "not found"], "{engine:?}");
    }
}

#[tokio::test]
async fn a_table_of_another_schema_is_named_with_it() {
    for tables in everywhere(&[]).await {
        let schema = other_schema(&tables).await;
        let table = format!("{}.users", tables.quoted(&schema));
        let columns = "(id varchar(9) PRIMARY KEY)";
        tables.sql(&format!("CREATE TABLE {table} {columns}")).await;
        tables
            .sql(&format!("INSERT INTO {table} VALUES ('alice')"))
            .await;
        let settings = DirectorySettings {
            table: format!("{schema}.users"),
            ..keys_only()
        };

        let directory = tables.directory(&settings).await;

        let seen = verdict(&directory, "alice").await;
        assert_eq!(seen, "active", "{:?}", tables.engine);
        assert_eq!(directory.index_problem(), None, "{:?}", tables.engine);
    }
}

/// A schema to name; on MariaDB, where schemas belong to the whole server, the test's database.
async fn other_schema(tables: &Tables) -> String {
    match tables.engine {
        Sqlite => "main".to_owned(),
        Postgres => {
            tables.sql("CREATE SCHEMA \"Legacy App\"").await;
            "Legacy App".to_owned()
        }
        MariaDb => tables.server.url.rsplit('/').next().unwrap().to_owned(),
    }
}

#[tokio::test]
async fn on_postgresql_a_plain_name_follows_the_search_path() {
    let schema = "CREATE SCHEMA legacy";
    let table = "CREATE TABLE legacy.users (id varchar(9) PRIMARY KEY)";
    let row = "INSERT INTO legacy.users VALUES ('alice')";
    let path = "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET search_path = app, legacy', \
                current_database()); END $$";
    let Some(mut tables) = tables(Postgres, &[schema, table, row, path]).await else {
        return;
    };
    tables.connection = sea_orm::Database::connect(&tables.server.url)
        .await
        .unwrap();

    let directory = tables.directory(&keys_only()).await;

    assert_eq!(verdict(&directory, "alice").await, "active");
}

#[tokio::test]
async fn a_view_may_make_its_keys_by_another_collation() {
    let Some(tables) = tables(MariaDb, &["CREATE TABLE people (no integer PRIMARY KEY)"]).await
    else {
        return;
    };
    let other = another_client(&tables.server.url).await;
    let statements = [
        "INSERT INTO people VALUES (7)",
        "SET collation_connection = utf8mb4_unicode_520_ci",
        "CREATE VIEW users AS SELECT CONCAT('user-', no) AS id FROM people",
    ];
    run(&other, &statements).await;

    let directory = tables.directory(&keys_only()).await;

    let seen = verdicts(&directory, ["user-7", "user-8"]).await;
    assert_eq!(seen, ["active", "not found"]);
}

#[tokio::test]
async fn a_view_is_as_good_as_a_table() {
    let table = "CREATE TABLE people (no integer PRIMARY KEY, login varchar(40), locked boolean)";
    let rows = "INSERT INTO people VALUES (1, 'alice', FALSE), (2, 'bob', TRUE)";
    let view = "CREATE VIEW users AS SELECT login AS id FROM people WHERE NOT locked";
    for tables in everywhere(&[table, rows, view]).await {
        let directory = tables.directory(&keys_only()).await;

        let seen = verdicts(&directory, ["alice", "bob"]).await;

        assert_eq!(seen, ["active", "not found"], "{:?}", tables.engine);
    }
}
