//! Keys that a database cannot read or a column cannot hold: if they fail at all, they fail alone.

use futures_util::future::join_all;
use remint::domain::{Lookup, Session, Subject};
use remint::service::SessionStore as _;
use remint::service::{Change, UserDirectory as _};
use remint::store::SqlSessionStore;

use crate::harness::servers::Engine::{self, MariaDb, Postgres, Sqlite};
use crate::harness::spawn_on;

use super::changes::session;
use super::table::{DEADLINE, keys_only, tables};

/// A type of keys, the key that is there, one that cannot be, and what is said of that.
const BAD_KEYS: [(Engine, &str, [&str; 2], &str); 23] = [
    // PostgreSQL has no texts with a NUL in them.
    (Sqlite, "text", ["alice", "ali\0ce"], "not found"),
    (Postgres, "text", ["alice", "ali\0ce"], "failed"),
    (Postgres, "char(9)", ["alice", "alice\0"], "failed"),
    (MariaDb, "varchar(9)", ["alice", "alice\0"], "not found"),
    // Cut off at the end, they would be somebody else's.
    (Sqlite, "varchar(5)", ["alice", "alice2"], "not found"),
    (Postgres, "varchar(5)", ["alice", "alice2"], "not found"),
    (Postgres, "char(5)", ["alice", "alice2"], "not found"),
    (MariaDb, "varchar(5)", ["alice", "alice2"], "not found"),
    (MariaDb, "char(5)", ["alice", "alice2"], "not found"),
    // What has no letter in a character set becomes a question mark.
    (
        MariaDb,
        "varchar(5) CHARACTER SET latin1",
        ["??", "日本"],
        "not found",
    ),
    (
        MariaDb,
        "varchar(5) CHARACTER SET ascii",
        ["?", "é"],
        "not found",
    ),
    // Without their highest bits, they would be 7.
    (Sqlite, "smallint", ["7", "65543"], "not found"),
    (Postgres, "smallint", ["7", "65543"], "not found"),
    (Postgres, "integer", ["7", "4294967303"], "not found"),
    (
        Postgres,
        "bigint",
        ["7", "18446744073709551623"],
        "not found",
    ),
    (MariaDb, "smallint", ["7", "65543"], "not found"),
    (MariaDb, "int unsigned", ["7", "4294967303"], "not found"),
    (
        MariaDb,
        "bigint unsigned",
        ["7", "18446744073709551623"],
        "not found",
    ),
    // No numbers and no uuids.
    (Sqlite, "integer", ["7", "7a"], "not found"),
    (Postgres, "integer", ["7", "7a"], "not found"),
    (MariaDb, "integer", ["7", "7a"], "not found"),
    (Postgres, "uuid", [UUID, "6a1e4c3a"], "not found"),
    (MariaDb, "uuid", [UUID, "6a1e4c3a"], "not found"),
];

const UUID: &str = "6a1e4c3a-0000-4000-8000-00000000000a";

#[tokio::test]
async fn a_key_that_no_user_can_have_keeps_nobody_else_from_being_found() {
    for (engine, type_name, [good, bad], said) in BAD_KEYS {
        let users = format!("CREATE TABLE users (id {type_name} PRIMARY KEY)");
        let row = format!("INSERT INTO users VALUES ('{good}')");
        let Some(tables) = tables(engine, &[&users, &row]).await else {
            continue;
        };
        let directory = tables.directory(&keys_only()).await;
        // The first one is asked for alone.
        let subjects = [good, good, bad, good].map(|it| Subject::Text(it.to_owned()));

        let found = join_all(subjects.iter().map(|it| directory.find(it))).await;

        let words = found.iter().map(|found| match found {
            Ok(Lookup::Found(_)) => "found",
            Ok(Lookup::NotAKey | Lookup::NotFound) => "not found",
            Err(_) => "failed",
        });
        let words: Vec<_> = words.collect();
        let expected = ["found", "found", said, "found"];
        assert_eq!(words, expected, "{engine:?} {type_name}");
    }
}

/// What is said of a user with a NUL in the name, and of one whose name is too long.
const BAD_USERS: [(Engine, [&str; 2]); 3] = [
    (Sqlite, ["begun", "begun"]),
    (Postgres, ["failed", "failed"]),
    (MariaDb, ["begun", "failed"]),
];

#[tokio::test]
async fn a_user_who_cannot_be_written_down_keeps_nobody_elses_session_from_beginning() {
    for (engine, [with_nul, too_long]) in BAD_USERS {
        let Some(app) = spawn_on(engine, &[]).await else {
            continue;
        };
        let store = SqlSessionStore::new(app.database.clone(), DEADLINE);
        let long = "x".repeat(256);
        let users = ["alice", "bob", "b\0b", "carol", &long, "dave"];
        let sessions = users.iter().zip(0..).map(|(user, number)| Session {
            user_key: (*user).to_owned(),
            ..session(number)
        });
        let sessions: Vec<_> = sessions.collect();

        let begun = join_all(sessions.iter().map(|it| store.begin(it))).await;

        let words = begun.iter().map(|begun| match begun {
            Ok(Change::Done) => "begun",
            Ok(Change::Lost) => "lost",
            Err(_) => "failed",
        });
        let words: Vec<_> = words.collect();
        let expected = ["begun", "begun", with_nul, "begun", too_long, "begun"];
        assert_eq!(words, expected, "{engine:?}");
    }
}
