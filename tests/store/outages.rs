//! A users table that is out of reach for a while.

use std::time::{Duration, Instant};

use remint::domain::Subject;
use remint::service::{
    Change, DirectoryError, SessionError, SessionStore as _, UserDirectory as _,
};
use remint::store::{DirectorySettings, SqlSessionStore, SqlUserDirectory, connect};
use sea_orm::{ConnectionTrait as _, Database, DatabaseConnection, TransactionTrait as _};

use crate::harness::servers::Engine::{self, MariaDb, Postgres, Sqlite};
use crate::harness::{TestApp, config, spawn_beside, spawn_on, spawn_on_each};
use crate::survival::rows;

use super::changes::session;
use super::leaving::PATIENT;
use super::table::{DEADLINE, Tables, tables, verdict};

const SHORT: Duration = Duration::from_millis(200);

/// Far beyond the deadline, and far below what an endless wait would take.
const SOON: Duration = Duration::from_secs(20);

/// How each engine locks readers out of `users`, and lets them in again.
pub(super) const LOCKS: [(Engine, &[&str], &str); 3] = [
    (
        Sqlite,
        &["PRAGMA locking_mode = EXCLUSIVE", "BEGIN EXCLUSIVE"],
        "COMMIT",
    ),
    (
        Postgres,
        &["BEGIN", "LOCK TABLE users IN ACCESS EXCLUSIVE MODE"],
        "COMMIT",
    ),
    (MariaDb, &["LOCK TABLES users WRITE"], "UNLOCK TABLES"),
];

/// A single connection to the database of `tables`.
pub(super) async fn another_client(url: &str) -> DatabaseConnection {
    let mut options = sea_orm::ConnectOptions::new(url);
    options.max_connections(1);
    Database::connect(options).await.unwrap()
}

pub(super) async fn run(client: &DatabaseConnection, statements: &[impl AsRef<str>]) {
    for statement in statements {
        client.execute_unprepared(statement.as_ref()).await.unwrap();
    }
}

#[tokio::test]
async fn a_locked_table_is_a_time_out_and_then_works_again() {
    let table = "CREATE TABLE users (id varchar(40) PRIMARY KEY, is_active boolean)";
    let row = "INSERT INTO users VALUES ('alice', TRUE)";
    for (engine, lock, unlock) in LOCKS {
        let Some(tables) = tables(engine, &[table, row]).await else {
            continue;
        };
        let directory = tables.directory(&DirectorySettings::default()).await;
        let impatient = impatient(&tables).await;
        let other = another_client(&tables.server.url).await;
        run(&other, lock).await;
        let start = Instant::now();

        let locked = impatient.find(&Subject::Text("alice".to_owned())).await;

        assert!(
            matches!(locked, Err(DirectoryError::Timeout)),
            "{engine:?}: {locked:?}"
        );
        assert!(start.elapsed() < SOON, "{engine:?}");
        run(&other, &[unlock]).await;
        drop(other);
        assert_eq!(verdict(&directory, "alice").await, "active", "{engine:?}");
    }
}

async fn impatient(tables: &Tables) -> SqlUserDirectory {
    let settings = DirectorySettings::default();
    SqlUserDirectory::open(tables.connection.clone(), &settings, SHORT)
        .await
        .unwrap()
}

#[tokio::test]
async fn a_table_that_is_locked_at_the_start_says_nothing_about_the_settings() {
    let table = "CREATE TABLE users (id varchar(40) PRIMARY KEY, is_active boolean)";
    for (engine, lock, _) in &LOCKS[1..] {
        let Some(tables) = tables(*engine, &[table]).await else {
            continue;
        };
        // The server itself gives up long before the directory does.
        let limit = [("DATABASE_TIMEOUT_MILLISECONDS", "500")];
        let settings = config(&tables.server.url, &limit).database;
        let connection = connect(&settings).await.unwrap();
        let other = another_client(&tables.server.url).await;
        run(&other, lock).await;

        let settings = DirectorySettings::default();
        let opened = SqlUserDirectory::open(connection, &settings, DEADLINE).await;

        opened.unwrap_or_else(|error| panic!("{engine:?}: {error}"));
    }
}

#[tokio::test]
async fn callers_are_told_to_come_back_while_the_table_is_locked() {
    let settings = [
        ("DATABASE_TIMEOUT_MILLISECONDS", "1000"),
        ("DATABASE_MAX_CONNECTIONS", "2"),
    ];
    for (engine, lock, unlock) in &LOCKS[1..] {
        let Some(app) = spawn_on(*engine, &settings).await else {
            continue;
        };
        let other = another_client(app.database_url()).await;
        run(&other, lock).await;

        // One more than there are connections.
        let locked = tokio::join!(refresh(&app), refresh(&app), refresh(&app));

        assert_eq!(locked, (503, 503, 503), "{engine:?}");
        run(&other, &[unlock]).await;
        assert_eq!(recovered(&app).await, 200, "{engine:?}");
    }
}

/// On each engine, how a session is kept from being changed, while it can be read; and a deadline, which
/// for SQLite is shorter than it would wait by itself.
const HOLDS: [(Engine, &[&str], &str); 3] = [
    (Sqlite, &["BEGIN IMMEDIATE"], "400"),
    (
        Postgres,
        &["BEGIN", "SELECT id FROM remint_session FOR UPDATE"],
        "2000",
    ),
    (
        MariaDb,
        &["BEGIN", "SELECT id FROM remint_session FOR UPDATE"],
        "2000",
    ),
];

#[tokio::test]
async fn a_change_that_had_to_wait_for_too_long_is_not_made_afterwards() {
    for (engine, hold, deadline) in HOLDS {
        let settings = [
            ("DATABASE_MAX_CONNECTIONS", "1"),
            ("DATABASE_TIMEOUT_MILLISECONDS", deadline),
            ("REFRESH_MODE", "single_use"),
        ];
        let patient = [PATIENT, ("REFRESH_MODE", "single_use")];
        let Some(patient) = spawn_on(engine, &patient).await else {
            continue;
        };
        let token = patient.refresh(&patient.expired_token()).await;
        let app = spawn_beside(patient.database_url(), &settings).await;
        let other = another_client(patient.database_url()).await;
        run(&other, hold).await;

        let answer = app.refresh(&token.access_token()).await;
        assert_eq!(answer.status, 503, "{engine:?}");
        run(&other, &["COMMIT"]).await;

        // Behind what still waits, over the same connection.
        let rows = rows(&app.database).await;
        assert_eq!(rows[0].generation, 1, "{engine:?}");
    }
}

#[tokio::test]
async fn a_change_that_gets_no_connection_in_time_is_not_begun() {
    for app in spawn_on_each(&[("DATABASE_MAX_CONNECTIONS", "1")]).await {
        let store = |deadline| SqlSessionStore::new(app.database.clone(), deadline);
        let (hasty, patient) = (store(SHORT), store(DEADLINE));
        let (session, at) = (session(1), session(1).rotated_at);
        let held = app.database.begin().await.unwrap();

        let answers = tokio::join!(hasty.begin(&session), hasty.cut_off("alice", at));

        // And not `Timeout`, which is of what was begun.
        let never_begun = matches!(
            answers,
            (
                Err(SessionError::Unavailable(_)),
                Err(SessionError::Unavailable(_))
            )
        );
        assert!(never_begun, "{answers:?}");
        held.rollback().await.unwrap();
        assert_eq!(patient.begin(&session).await.unwrap(), Change::Done);
        patient.cut_off("alice", at).await.unwrap();
    }
}

async fn refresh(app: &TestApp) -> u16 {
    let answer = app.refresh(&app.expired_token()).await;
    assert_eq!(answer.header("retry-after").is_some(), answer.status == 503);
    answer.status
}

/// The first answer that is no 503, as a caller sees it who comes back again and again.
async fn recovered(app: &TestApp) -> u16 {
    let start = Instant::now();
    let mut status = refresh(app).await;
    while status == 503 && start.elapsed() < SOON {
        status = refresh(app).await;
    }
    status
}

/// On each engine, how a user is shut out of the server and let in again, as its superuser.
const DOORS: [(Engine, [&str; 2], &str); 2] = [
    (
        Postgres,
        [
            "ALTER ROLE NAME NOLOGIN",
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'NAME'",
        ],
        "ALTER ROLE NAME LOGIN",
    ),
    (
        MariaDb,
        ["ALTER USER NAME ACCOUNT LOCK", "KILL USER NAME"],
        "ALTER USER NAME ACCOUNT UNLOCK",
    ),
];

#[tokio::test]
async fn a_database_that_went_away_is_an_error_in_time_and_then_works_again() {
    let table = "CREATE TABLE users (id varchar(40) PRIMARY KEY, is_active boolean)";
    let row = "INSERT INTO users VALUES ('alice', TRUE)";
    for (engine, shut, open) in DOORS {
        let Some(tables) = tables(engine, &[table, row]).await else {
            continue;
        };
        let (name, directory) = directory_of_a_reader(&tables).await;
        let admin = another_client(tables.server.admin_url().unwrap()).await;
        run(&admin, &shut.map(|sql| sql.replace("NAME", &name))).await;
        let start = Instant::now();

        let gone = [(); 2].map(|()| error(&directory));

        for error in futures_util::future::join_all(gone).await {
            assert!(
                matches!(error, DirectoryError::Unavailable(_)),
                "{engine:?}: {error:?}"
            );
        }
        assert!(start.elapsed() < SOON, "{engine:?}");
        run(&admin, &[open.replace("NAME", &name)]).await;
        assert_eq!(verdict(&directory, "alice").await, "active", "{engine:?}");
    }
}

/// A user of the server whom nobody else uses, and the directory as that user sees it.
async fn directory_of_a_reader(tables: &Tables) -> (String, SqlUserDirectory) {
    let (name, url) = super::read_only::reader(tables).await;
    let settings = DirectorySettings::default();
    let users = another_client(&url).await;
    let directory = SqlUserDirectory::open(users, &settings, DEADLINE).await;
    (name, directory.unwrap())
}

async fn error(directory: &SqlUserDirectory) -> DirectoryError {
    let alice = Subject::Text("alice".to_owned());
    directory.find(&alice).await.unwrap_err()
}

#[tokio::test]
async fn connections_that_broke_while_nobody_used_them_cost_no_look_up() {
    let table = "CREATE TABLE users (id varchar(40) PRIMARY KEY, is_active boolean)";
    let row = "INSERT INTO users VALUES ('alice', TRUE)";
    for (engine, [_, hang_up], _) in DOORS {
        let Some(tables) = tables(engine, &[table, row]).await else {
            continue;
        };
        let (name, url) = super::read_only::reader(&tables).await;
        let mut options = sea_orm::ConnectOptions::new(url);
        options.min_connections(5).max_connections(5);
        options.test_before_acquire(false);
        let users = Database::connect(options).await.unwrap();
        let settings = DirectorySettings::default();
        let directory = SqlUserDirectory::open(users, &settings, DEADLINE).await;
        let admin = another_client(tables.server.admin_url().unwrap()).await;
        run(&admin, &[hang_up.replace("NAME", &name)]).await;

        let verdict = verdict(&directory.unwrap(), "alice").await;

        assert_eq!(verdict, "active", "{engine:?}");
    }
}
