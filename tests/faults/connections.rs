//! A database that is out of connections, and one that must not run out of them.

use sea_orm::{
    ConnectionTrait as _, DatabaseConnection, DbBackend, Statement, TransactionTrait as _,
};
use tokio::time::timeout;

use super::invariants::Outcome::{Granted, Refused, Unavailable};
use super::invariants::{Load, SETTINGS, User, assert_settled, clients};
use super::scene::{Scene, on_servers};
use crate::harness::process::PATIENCE;
use crate::harness::servers::{self, Engine};
use crate::harness::{START, spawn_with};
use crate::survival::ALICE;
use crate::survival::door::Door;

#[tokio::test]
async fn clients_survive_a_database_without_a_connection_to_spare() {
    let one_connection = [("DATABASE_MAX_CONNECTIONS", "1")];
    let app = spawn_with(&[&SETTINGS[..], &one_connection].concat()).await;
    let alice = User::active(ALICE);
    let mut load = Load::of(clients(&alice, START, || Door::of(&app)).await);
    load.until(20, Granted).await;

    let held = app.database.begin().await.unwrap();
    load.until(4, Unavailable).await;
    held.rollback().await.unwrap();
    load.until(20, Granted).await;
    alice.deactivate(&app.database).await;
    let mut clients = load.stop().await;

    for client in &mut clients {
        assert_eq!(client.refresh().await, Refused);
    }
    alice.activate(&app.database).await;
    assert_settled(&mut clients, &app.database).await;
}

/// How many connections wait for a lock.
pub(crate) async fn waiting(database: &DatabaseConnection) -> i64 {
    let backend = database.get_database_backend();
    let sql = if backend == DbBackend::Postgres {
        "SELECT count(*) AS waiting FROM pg_stat_activity \
         WHERE datname = current_database() AND wait_event_type = 'Lock'"
    } else {
        "SELECT count(*) AS waiting FROM information_schema.processlist \
         WHERE db = DATABASE() AND state LIKE 'Waiting for table%'"
    };
    let select = Statement::from_string(backend, sql);
    let row = database.query_one_raw(select).await.unwrap().unwrap();
    row.try_get("", "waiting").unwrap()
}

async fn locked_users(engine: Engine) {
    let Some(server) = servers::database(engine).await else {
        return;
    };
    let users = ("USERS_DATABASE_URL", &*server.url);
    let mut scene = Scene::at(&server.url, &[users, ("DATABASE_MAX_CONNECTIONS", "1")]).await;
    let (lock, unlock) = match engine {
        Engine::Postgres => ("LOCK TABLE users IN ACCESS EXCLUSIVE MODE", "COMMIT"),
        Engine::MariaDb | Engine::Sqlite => ("LOCK TABLES users WRITE", "UNLOCK TABLES"),
    };
    let locking = scene.database.begin().await.unwrap();
    locking.execute_unprepared(lock).await.unwrap();

    for _ in 0..6 {
        scene.trouble().await;
    }
    let all_wait = async {
        while waiting(&scene.database).await < 4 {
            scene.trouble().await;
        }
    };
    assert!(timeout(PATIENCE, all_wait).await.is_ok(), "fewer wait");

    // One, and three that were given up.
    assert_eq!(waiting(&scene.database).await, 4);
    locking.execute_unprepared(unlock).await.unwrap();
    locking.rollback().await.unwrap();
    scene.recover("a locked table").await;
    scene.settle().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_locked_users_table_is_not_waited_for_by_ever_more_connections() {
    on_servers(locked_users).await;
}
