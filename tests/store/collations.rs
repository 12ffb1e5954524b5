//! Databases that hold ALICE and alice for the same, and a directory that does not.

use crate::harness::servers::Engine::{self, MariaDb, Postgres, Sqlite};
use crate::harness::spawn_over;

use super::table::{Tables, keys_only, tables, verdicts};

/// On each engine, a column type that ignores case.
const CASELESS: [(Engine, &str); 3] = [
    (Sqlite, "varchar(40) COLLATE NOCASE"),
    (Postgres, "citext"),
    (MariaDb, "varchar(40) COLLATE utf8mb4_unicode_ci"),
];

async fn table(engine: Engine, column: &str, keys: &[&str]) -> Option<Tables> {
    let tables = tables(engine, &[]).await?;
    if engine == Postgres {
        tables.sql("CREATE EXTENSION citext").await;
    }
    tables
        .sql(&format!("CREATE TABLE users (id {column})"))
        .await;
    for key in keys {
        tables
            .sql(&format!("INSERT INTO users VALUES ('{key}')"))
            .await;
    }
    Some(tables)
}

#[tokio::test]
async fn who_differs_in_case_is_somebody_else() {
    for (engine, type_name) in CASELESS {
        let column = format!("{type_name} PRIMARY KEY");
        let Some(tables) = table(engine, &column, &["alice"]).await else {
            continue;
        };
        let directory = tables.directory(&keys_only()).await;

        let seen = verdicts(&directory, ["alice", "ALICE", "Alice", "alicé", "alice "]).await;

        let expected = ["active", "not found", "not found", "not found", "not found"];
        assert_eq!(seen, expected, "{engine:?}");
    }
}

#[tokio::test]
async fn of_two_who_differ_in_case_the_exact_one_is_found() {
    for (engine, type_name) in CASELESS {
        let Some(tables) = table(engine, type_name, &["ALICE", "alice"]).await else {
            continue;
        };
        let directory = tables.directory(&keys_only()).await;

        let seen = verdicts(&directory, ["alice", "ALICE", "aLiCe"]).await;

        assert_eq!(seen, ["active", "active", "not found"], "{engine:?}");
    }
}

#[tokio::test]
async fn a_token_of_another_case_is_not_exchanged() {
    for (engine, type_name) in CASELESS {
        let column = format!("{type_name} PRIMARY KEY");
        let Some(tables) = table(engine, &column, &["ALICE"]).await else {
            continue;
        };
        let app = spawn_over(tables.server, &[("USERS_ACTIVE_COLUMN", "none")]).await;

        let answer = app.refresh(&app.expired_token()).await;

        assert_eq!(
            (answer.status, answer.code().as_str()),
            (401, "user_not_found"),
            "{engine:?}"
        );
    }
}
