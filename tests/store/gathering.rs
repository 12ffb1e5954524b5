//! Look-ups that share a statement: each caller gets what it would have got alone.

use chrono::DateTime;
use futures_util::future::join_all;
use remint::domain::{Contract, Handle, Lookup, Session, SessionId, SessionName, Subject};
use remint::service::{SessionImport as _, SessionStore as _, UserDirectory as _};
use remint::store::{DirectorySettings, SqlSessionStore};
use sea_orm::{ConnectOptions, ConnectionTrait as _, Database, DatabaseConnection, Statement};
use uuid::Uuid;

use crate::harness::servers::Engine::{MariaDb, Postgres, Sqlite};
use crate::harness::spawn_on;

use super::table::{DEADLINE, keys_only, tables};

/// More than one statement takes.
const MANY: usize = 300;

/// How many statements this connection has run, this one included.
pub(super) async fn statements_run(connection: &DatabaseConnection) -> u64 {
    let sql = "SELECT variable_value AS n FROM information_schema.session_status \
               WHERE variable_name = 'QUESTIONS'";
    let backend = connection.get_database_backend();
    let statement = Statement::from_string(backend, sql);
    let row = connection.query_one_raw(statement).await.unwrap().unwrap();
    row.try_get::<String>("", "n").unwrap().parse().unwrap()
}

#[tokio::test]
async fn callers_of_the_same_moment_share_a_few_statements() {
    let users = "CREATE TABLE users (id bigint PRIMARY KEY)";
    let rows = "INSERT INTO users SELECT seq FROM seq_1_to_200";
    let Some(mut tables) = tables(MariaDb, &[users, rows]).await else {
        return;
    };
    // One connection, so that the counter is that of the connection that looks up.
    let mut alone = ConnectOptions::new(&tables.server.url);
    alone.max_connections(1);
    tables.connection = Database::connect(alone).await.unwrap();
    let directory = tables.directory(&keys_only()).await;
    let subjects: Vec<_> = (0..MANY).map(|id| Subject::Text(id.to_string())).collect();
    let before = statements_run(&tables.connection).await;

    let lookups = join_all(subjects.iter().map(|it| directory.find(it))).await;

    let (first_caller, two_batches, counting) = (1, 2, 1);
    let run = statements_run(&tables.connection).await - before;
    assert_eq!(run, first_caller + two_batches + counting);
    for (id, lookup) in lookups.into_iter().enumerate() {
        let is_found = matches!(lookup.unwrap(), Lookup::Found(_));
        assert_eq!(is_found, (1..=200).contains(&id), "{id}");
    }
}

#[tokio::test]
async fn a_key_that_the_server_cannot_read_fails_alone() {
    // PostgreSQL has no texts with a NUL in them.
    let users = "CREATE TABLE users (id text PRIMARY KEY, is_active boolean)";
    let rows = "INSERT INTO users VALUES ('alice', true), ('bob', true)";
    let Some(tables) = tables(Postgres, &[users, rows]).await else {
        return;
    };
    let directory = tables.directory(&DirectorySettings::default()).await;
    let subjects =
        ["alice", "bob", "b\0b", "alice", "carol"].map(|it| Subject::Text(it.to_owned()));

    let lookups = join_all(subjects.iter().map(|it| directory.find(it))).await;

    let words = lookups.iter().map(|lookup| match lookup {
        Ok(Lookup::Found(_)) => "found",
        Ok(_) => "not found",
        Err(_) => "failed",
    });
    let words: Vec<_> = words.collect();
    assert_eq!(words, ["found", "found", "failed", "found", "not found"]);
}

#[tokio::test]
async fn sessions_are_found_together_as_they_are_alone() {
    for engine in [Sqlite, Postgres, MariaDb] {
        let Some(app) = spawn_on(engine, &[]).await else {
            continue;
        };
        let store = SqlSessionStore::new(app.database.clone(), DEADLINE);
        let sessions: Vec<_> = (0..200).map(session).collect();
        store.begin_absent(&sessions).await.unwrap();
        for user in ["0", "1", "nobody"] {
            store.cut_off_as_of(user, at(100)).await.unwrap();
        }

        let found = join_all((0..MANY).map(|n| store.standing(id(n), user(n)))).await;
        let by_id = join_all((0..MANY).map(|n| store.locate(SessionName::Id(id(n))))).await;
        let by_handle =
            join_all((0..MANY).map(|n| store.locate(SessionName::Handle(handle(n))))).await;

        for n in 0..MANY {
            let alone = store.standing(id(n), user(n)).await.unwrap();
            assert_eq!(alone.session, sessions.get(n).cloned(), "{engine:?} {n}");
            assert_eq!(alone.cut_off.is_some(), n % 5 < 2, "{engine:?} {n}");
            assert_eq!(found[n].as_ref().unwrap(), &alone, "{engine:?} {n}");
            let by_name = store.locate(SessionName::Id(id(n))).await.unwrap();
            assert_eq!(by_name.session, alone.session, "{engine:?} {n}");
            assert_eq!(by_id[n].as_ref().unwrap(), &by_name, "{engine:?} {n}");
            assert_eq!(by_handle[n].as_ref().unwrap(), &by_name, "{engine:?} {n}");
        }
    }
}

fn id(number: usize) -> SessionId {
    SessionId(Uuid::from_u128(number as u128))
}

fn handle(number: usize) -> Handle {
    Handle::of_number(number as u64).unwrap()
}

/// One of five users.
fn user(number: usize) -> &'static str {
    ["0", "1", "2", "3", "4"][number % 5]
}

fn session(number: usize) -> Session {
    Session {
        id: id(number),
        contract: Contract::Envelope,
        handle: Some(handle(number)),
        user_key: user(number).to_owned(),
        generation: number as u64,
        rotated_at: at(1000),
        started_at: at(500),
        expires_at: at(9000),
        revoked: None,
        claims: Vec::new(),
    }
}

fn at(seconds: i64) -> DateTime<chrono::Utc> {
    DateTime::from_timestamp(seconds, 0).unwrap()
}
