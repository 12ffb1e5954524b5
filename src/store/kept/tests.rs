//! Which connections are kept, and for how long.

use std::time::Duration;

use futures_util::FutureExt as _;
use sea_orm::{
    ConnectOptions, ConnectionTrait as _, Database, DatabaseConnection, DbErr, QueryResult,
};
use tempfile::tempdir;

use super::super::connections::Connections;
use super::super::pool::{pool, sizes};

/// An empty database to which there is one connection at most.
async fn database() -> DatabaseConnection {
    connected_to("sqlite::memory:").await
}

/// One connection to `url` at most.
async fn connected_to(url: &str) -> DatabaseConnection {
    let mut options = ConnectOptions::new(url);
    options.max_connections(1).test_before_acquire(false);
    Database::connect(options).await.unwrap()
}

/// Connections to an empty database that are kept for longer than any machine stands still.
async fn connections() -> Connections {
    let connections = Connections::from(database().await);
    connections.keep_for(Duration::from_mins(1));
    connections
}

async fn query(connections: &Connections, sql: &str) -> Result<Vec<QueryResult>, DbErr> {
    connections.query(sql.into(), Vec::new()).await
}

/// How many connections the pool has to lend.
fn idle(connections: &Connections) -> usize {
    sizes(&connections.current()).unwrap().idle
}

#[tokio::test]
async fn the_next_query_goes_over_the_same_connection() {
    let connections = connections().await;
    query(&connections, "SELECT 1").await.unwrap();
    assert_eq!(connections.kept(), 1);
    // Lends nothing any more; it would be closed as soon as it has everything back.
    let closed = connections.current().close_by_ref().now_or_never();
    assert!(closed.is_none());

    let next = query(&connections, "SELECT 1").await;

    assert_eq!(next.unwrap().len(), 1);
    assert_eq!(connections.kept(), 1);
}

#[tokio::test]
async fn what_is_kept_does_not_count_as_used() {
    let connections = connections().await;
    query(&connections, "SELECT 1").await.unwrap();
    assert_eq!(idle(&connections), 0);

    let usage = pool(&connections).unwrap();

    assert_eq!((usage.open, usage.idle), (1, 1));
}

#[tokio::test]
async fn whatever_comes_next_goes_over_what_is_kept() {
    let connections = connections().await;
    query(&connections, "SELECT 1").await.unwrap();

    connections.execute_unprepared("SELECT 1").await.unwrap();
    connections.ping().await.unwrap();

    assert_eq!((idle(&connections), connections.kept()), (0, 1));
}

#[tokio::test]
async fn what_nobody_uses_goes_back_to_its_pool() {
    let database = database().await;
    let connections = Connections::from(database.clone());
    query(&connections, "SELECT 1").await.unwrap();
    assert_eq!(idle(&connections), 0);

    // Waits for it: there is no other.
    database.execute_unprepared("SELECT 1").await.unwrap();

    assert_eq!(connections.kept(), 0);
}

#[tokio::test]
async fn a_connection_whose_statement_failed_is_left_to_its_pool() {
    let connections = Connections::from(database().await);

    let answer = query(&connections, "SELECT nothing").await;

    assert!(matches!(answer, Err(DbErr::Query(_))));
    assert_eq!(connections.kept(), 0);
}

#[tokio::test]
async fn a_connection_whose_statement_nobody_waited_for_is_left_to_its_pool() {
    let folder = tempdir().unwrap();
    let url = format!("sqlite://{}?mode=rwc", folder.path().join("a.db").display());
    let other = connected_to(&url).await;
    let connections = Connections::from(connected_to(&url).await);
    let count = "SELECT count(*) FROM sqlite_schema";
    other.execute_unprepared("BEGIN EXCLUSIVE").await.unwrap();

    let given_up = query(&connections, count).now_or_never();

    assert!(given_up.is_none());
    assert_eq!(connections.kept(), 0);
    other.execute_unprepared("ROLLBACK").await.unwrap();
    assert_eq!(query(&connections, count).await.unwrap().len(), 1);
}

#[test]
fn what_is_kept_when_the_runtime_ends_is_closed_without_it() {
    let runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = { runtime }.enable_all().build().unwrap();
    let connections = runtime.block_on(connections());
    runtime.block_on(query(&connections, "SELECT 1")).unwrap();
    assert_eq!(connections.kept(), 1);
    let pool = connections.current();

    drop(runtime);
    drop(connections);

    assert_eq!(sizes(&pool).unwrap().open, 0);
}
