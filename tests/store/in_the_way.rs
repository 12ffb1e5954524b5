//! Changes that share a statement, where something is in the way of one of them.

use std::time::{Duration, Instant};

use chrono::TimeDelta;
use futures_util::future::join_all;
use remint::domain::Revocation;
use remint::service::Change::{Done, Lost};
use remint::service::SessionStore as _;
use remint::store::SqlSessionStore;
use sea_orm::{ConnectionTrait as _, DatabaseConnection, Statement};
use tokio::task::yield_now;

use crate::harness::servers::Engine::{MariaDb, Postgres};
use crate::harness::servers::OwnServer;
use crate::harness::{TestApp, spawn_on, spawn_over};

use super::changes::{at_once, begin, id, session, step, store};
use super::gathering::statements_run;
use super::outages::{another_client, run};
use super::table::DEADLINE;

#[tokio::test]
async fn a_session_that_somebody_has_locked_fails_alone() {
    // Row locks are the only ones that a statement for many meets. Where the deadline is short, MariaDB's
    // limit of the statement is shorter than that of the wait for a row.
    for (engine, deadline) in [(Postgres, "4000"), (MariaDb, "4000"), (MariaDb, "2200")] {
        let settings = [("DATABASE_TIMEOUT_MILLISECONDS", deadline)];
        let Some(app) = spawn_on(engine, &settings).await else {
            continue;
        };
        let store = store(&app);
        begin(&store, 0..9).await;
        let other = another_client(app.database_url()).await;
        run(&other, &["BEGIN".to_owned(), lock(4)]).await;

        let steps = (0..9).map(|number| step(number, 1));
        let changes = join_all(steps.map(|(id, step)| store.rotate(id, step))).await;

        for (number, change) in changes.into_iter().enumerate() {
            match change {
                Ok(change) => assert!(change == Done && number != 4, "{engine:?}: {number}"),
                Err(_) => assert_eq!(number, 4, "{engine:?}, {deadline}"),
            }
        }
    }
}

/// Locks the row of a session.
fn lock(number: u64) -> String {
    let id = id(number).0;
    format!("UPDATE remint_session SET handle = 77 WHERE id = '{id}'")
}

/// A store over one connection, whose statements are counted, with nine sessions.
async fn counted() -> Option<(TestApp, DatabaseConnection, SqlSessionStore)> {
    Some(over_one_connection(spawn_on(MariaDb, &[]).await?).await)
}

async fn over_one_connection(app: TestApp) -> (TestApp, DatabaseConnection, SqlSessionStore) {
    let connection = another_client(app.database_url()).await;
    let store = SqlSessionStore::new(connection.clone(), DEADLINE);
    begin(&store, 0..9).await;
    (app, connection, store)
}

#[tokio::test]
async fn sessions_that_are_there_cost_the_others_no_statement_of_their_own() {
    let Some((_app, connection, store)) = counted().await else {
        return;
    };
    let sessions: Vec<_> = (5..50).map(session).collect();
    let before = statements_run(&connection).await;

    let begun = join_all(sessions.iter().map(|it| store.begin(it))).await;

    assert_eq!(begun.iter().filter(|it| matches!(it, Ok(Lost))).count(), 4);
    let (first_caller, tried, looked, counting) = (1, 2, 1, 1);
    let run = statements_run(&connection).await - before;
    assert_eq!(run, first_caller + tried + looked + counting);
}

#[tokio::test]
async fn a_step_that_cannot_be_made_costs_the_others_no_statement_of_their_own() {
    let Some((_app, connection, store)) = counted().await else {
        return;
    };
    let before = statements_run(&connection).await;

    let steps = (0..9).map(|number| step(number, u64::from(number != 7)));
    let changes = at_once(&store, steps.collect()).await;

    assert_eq!(changes.iter().filter(|it| **it == Lost).count(), 1);
    let (first_caller, looked, made, counting) = (1, 1, 1, 1);
    let run = statements_run(&connection).await - before;
    assert_eq!(run, first_caller + looked + made + counting);
}

#[tokio::test]
async fn a_server_that_may_only_be_read_is_not_asked_for_each_caller_again() {
    let Some((_server, database)) = OwnServer::start(MariaDb).await else {
        return;
    };
    let admin = another_client(database.admin_url().unwrap()).await;
    let app = spawn_over(database, &[]).await;
    let (_app, connection, store) = over_one_connection(app).await;
    run(&admin, &["SET GLOBAL read_only = TRUE"]).await;
    let before = statements_run(&connection).await;

    let sessions: Vec<_> = (9..20).map(session).collect();
    let begun = join_all(sessions.iter().map(|it| store.begin(it))).await;

    assert!(begun.iter().all(Result::is_err), "{begun:?}");
    let (first_caller, tried, counting) = (1, 1, 1);
    let run = statements_run(&connection).await - before;
    assert_eq!(run, first_caller + tried + counting);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_moves_on_between_the_look_and_the_steps_is_in_the_way_of_no_other() {
    // Of a server of its own, where nobody else waits for a row.
    let Some((_server, database)) = OwnServer::start(MariaDb).await else {
        return;
    };
    let admin = another_client(database.admin_url().unwrap()).await;
    let app = spawn_over(database, &[]).await;
    let (app, _, ours) = over_one_connection(app).await;
    let theirs = store(&app);
    let other = another_client(app.database_url()).await;
    run(&other, &["BEGIN".to_owned(), lock(4)]).await;

    // The first one has a statement to itself; that of the others waits for the fifth row.
    let steps = (0..9).map(|number| step(number, 1)).collect();
    let meanwhile = async {
        until_somebody_waits(&admin).await;
        let (moved, mut step) = step(7, 1);
        step.at += TimeDelta::seconds(1);
        let at = step.at;
        assert_eq!(theirs.rotate(moved, step).await.unwrap(), Done);
        let revoked = theirs.revoke(id(8), Revocation::Logout, at).await;
        assert_eq!(revoked.unwrap(), Done);
        run(&other, &["COMMIT"]).await;
    };
    let (changes, ()) = tokio::join!(at_once(&ours, steps), meanwhile);

    assert_eq!(changes[..7], [Done; 7]);
    assert_eq!(changes[7..], [Lost; 2]);
}

/// Until a statement waits for a row that somebody has locked.
async fn until_somebody_waits(admin: &DatabaseConnection) {
    let sql = "SELECT variable_value AS n FROM information_schema.global_status \
               WHERE variable_name = 'INNODB_ROW_LOCK_CURRENT_WAITS'";
    let began = Instant::now();
    loop {
        let waits = Statement::from_string(admin.get_database_backend(), sql);
        let row = admin.query_one_raw(waits).await.unwrap().unwrap();
        if row.try_get::<String>("", "n").unwrap() == "1" {
            return;
        }
        assert!(began.elapsed() < Duration::from_secs(30), "nobody waits");
        yield_now().await;
    }
}
