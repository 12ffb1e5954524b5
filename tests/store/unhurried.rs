//! Migrations of large tables.

use remint::store::{ConnectError, DatabaseSettings, connect, connect_to_migrate, migrate_up};
use sea_orm::ConnectionTrait as _;
use tokio::time::timeout;

use crate::harness::config;
use crate::harness::process::PATIENCE;
use crate::harness::servers::Engine::{self, MariaDb, Postgres};

use super::migrations::OURS;
use super::outages::another_client;
use super::table::{Tables, tables};

/// On each engine, how each migration is made to take longer than a statement may.
const SLOWNESS: [(Engine, &[&str]); 2] = [
    (
        Postgres,
        &[
            "CREATE FUNCTION take_long() RETURNS trigger LANGUAGE plpgsql \
                 AS $$ BEGIN PERFORM pg_sleep(0.4); RETURN NEW; END $$",
            "CREATE TRIGGER take_long BEFORE INSERT ON remint_migrations \
                 FOR EACH ROW EXECUTE FUNCTION take_long()",
        ],
    ),
    (
        MariaDb,
        &[
            "CREATE TRIGGER take_long BEFORE INSERT ON remint_migrations \
               FOR EACH ROW SET NEW.applied_at = NEW.applied_at + SLEEP(0.4)",
        ],
    ),
];

/// On each engine, how somebody keeps all others from a table.
const LOCKS: [(Engine, &[&str]); 2] = [
    (
        Postgres,
        &[
            "BEGIN",
            "LOCK TABLE remint_session IN ACCESS EXCLUSIVE MODE",
        ],
    ),
    (MariaDb, &["LOCK TABLES remint_session WRITE"]),
];

fn settings(tables: &Tables) -> DatabaseSettings {
    let deadline = [("DATABASE_TIMEOUT_MILLISECONDS", "500")];
    config(&tables.server.url, &deadline).database
}

#[tokio::test]
async fn a_migration_takes_as_long_as_it_takes_and_no_start_waits_for_it() {
    for (engine, slowness) in SLOWNESS {
        let Some(tables) = tables(engine, &[]).await else {
            continue;
        };
        tables.up().await;
        tables.down().await;
        for statement in slowness {
            tables.sql(statement).await;
        }
        let settings = settings(&tables);
        let to_start = connect(&settings).await.unwrap();
        let to_migrate = connect_to_migrate(&settings).await.unwrap();

        let started = migrate_up(&to_start, OURS).await;
        let migrated = migrate_up(&to_migrate, OURS).await;

        assert!(
            matches!(started, Err(ConnectError::MigrateByHand(_))),
            "{engine:?}: {started:?}"
        );
        migrated.unwrap_or_else(|error| panic!("{engine:?}: {error}"));
    }
}

#[tokio::test]
async fn a_migration_does_not_queue_for_a_table_for_long() {
    for (engine, lock) in LOCKS {
        let Some(tables) = tables(engine, &[]).await else {
            continue;
        };
        tables.up().await;
        let to_migrate = connect_to_migrate(&settings(&tables)).await.unwrap();
        let other = another_client(&tables.server.url).await;
        for statement in lock {
            other.execute_unprepared(statement).await.unwrap();
        }

        let alter = "ALTER TABLE remint_session ADD COLUMN another integer";
        let altered = timeout(PATIENCE, to_migrate.execute_unprepared(alter)).await;

        assert!(matches!(altered, Ok(Err(_))), "{engine:?}: {altered:?}");
    }
}
