//! Connections that broke while nobody used them, as all of them do when a server is started again.

use std::sync::Arc;

use remint::domain::Revocation;
use remint::service::Change::{Done, Lost};
use remint::service::{Revoker, SessionStore as _};
use remint::store::SqlSessionStore;
use sea_orm::{ConnectOptions, ConnectionTrait as _, Database, DatabaseConnection, Statement};

use crate::harness::network::{Fault, Proxy};
use crate::harness::servers::Engine::{self, MariaDb, Postgres};
use crate::harness::{TestApp, config, spawn_on};

use super::changes::{id, session, step};
use super::outages::another_client;
use super::table::DEADLINE;

/// As many as a pool has.
const CONNECTIONS: u32 = 5;

/// A store over many connections, and who can hang up all of them.
struct Fragile {
    engine: Engine,
    store: SqlSessionStore,
    admin: DatabaseConnection,
}

impl Fragile {
    async fn of(app: &TestApp, engine: Engine) -> Self {
        let mut options = ConnectOptions::new(app.database_url());
        options.max_connections(CONNECTIONS);
        options.min_connections(CONNECTIONS);
        options.test_before_acquire(false);
        let database = Database::connect(options).await.unwrap();
        Self {
            engine,
            store: SqlSessionStore::new(database, DEADLINE),
            admin: another_client(app.database_url()).await,
        }
    }

    /// Has the server end them; how many they were.
    async fn hang_up(&self) -> usize {
        let (others, end) = match self.engine {
            Postgres => (
                "SELECT CAST(pid AS bigint) AS id FROM pg_stat_activity \
                 WHERE datname = current_database() AND pid <> pg_backend_pid()",
                "SELECT pg_terminate_backend(",
            ),
            MariaDb | Engine::Sqlite => (
                "SELECT CAST(id AS signed) AS id FROM information_schema.processlist \
                 WHERE db = DATABASE() AND id <> CONNECTION_ID()",
                "KILL (",
            ),
        };
        let others = Statement::from_string(self.admin.get_database_backend(), others);
        let others = self.admin.query_all_raw(others).await.unwrap();
        for row in &others {
            let id: i64 = row.try_get("", "id").unwrap();
            let end = format!("{end}{id})");
            // One that was hung up on before may still be listed, and is gone by now.
            self.admin.execute_unprepared(&end).await.ok();
        }
        others.len()
    }
}

#[tokio::test]
async fn they_cost_no_probe_and_no_change() {
    for engine in [Postgres, MariaDb] {
        let Some(app) = spawn_on(engine, &[]).await else {
            continue;
        };
        let fragile = Fragile::of(&app, engine).await;
        let store = &fragile.store;

        assert!(fragile.hang_up().await > 1, "{engine:?}");
        store.ping().await.unwrap();
        fragile.hang_up().await;
        assert_eq!(store.begin(&session(1)).await.unwrap(), Done, "{engine:?}");
        fragile.hang_up().await;
        let (one, rotation) = step(1, 1);
        let rotated = store.rotate(one, rotation.clone()).await.unwrap();
        fragile.hang_up().await;
        store.cut_off("bob", rotation.at).await.unwrap();
        fragile.hang_up().await;
        let revoked = store.revoke(id(1), Revocation::Logout, rotation.at).await;

        assert_eq!((rotated, revoked.unwrap()), (Done, Done), "{engine:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_ends_a_session_is_told_so_even_if_the_first_answer_is_lost() {
    for engine in [Postgres, MariaDb] {
        let Some(app) = spawn_on(engine, &[]).await else {
            continue;
        };
        let (network, url) = Proxy::before(app.database_url()).await;
        let store = SqlSessionStore::new(Database::connect(url).await.unwrap(), DEADLINE);
        store.begin(&session(1)).await.unwrap();
        let revoker = Revoker {
            sessions: Arc::new(store),
            clock: app.clock.clone(),
            policy: config(app.database_url(), &[]).policy,
        };

        // The network first: it must know before the first statement is on its way.
        let lost = network.cut(1, Fault::CutAnswerTo("UPDATE"));
        let ((), ended) = tokio::join!(biased; lost, revoker.revoke(id(1)));

        assert_eq!(ended.unwrap(), Done, "{engine:?}");
        assert_eq!(revoker.revoke(id(1)).await.unwrap(), Lost, "{engine:?}");
    }
}
