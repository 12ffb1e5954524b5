//! Changes that share a statement, where something is in the way of one of them.

use futures_util::future::join_all;
use remint::service::Change::{Done, Lost};
use remint::service::SessionStore as _;
use remint::store::SqlSessionStore;
use sea_orm::DatabaseConnection;

use crate::harness::servers::Engine::{MariaDb, Postgres};
use crate::harness::{TestApp, spawn_on};

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
    let app = spawn_on(MariaDb, &[]).await?;
    let connection = another_client(app.database_url()).await;
    let store = SqlSessionStore::new(connection.clone(), DEADLINE);
    begin(&store, 0..9).await;
    Some((app, connection, store))
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
