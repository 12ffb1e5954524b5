//! Migrations of large tables.

use remint::store::{
    ConnectError, DatabaseSettings, connect, connect_to_migrate, migrate_at_start, migrate_up,
};
use sea_orm::{ConnectionTrait as _, Statement};
use sea_orm_migration::migrator::MigratorTraitSelf as _;
use tokio::time::timeout;

use crate::harness::config;
use crate::harness::process::PATIENCE;
use crate::harness::servers::Engine::{self, MariaDb, Postgres, Sqlite};

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

/// On each engine, how a migration is cancelled twice.
const CANCELS: [(Engine, &[&str]); 2] = [
    (
        Postgres,
        &[
            "CREATE SEQUENCE tries",
            "CREATE FUNCTION cancel() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
                 IF nextval('tries') < 3 THEN \
                     RAISE EXCEPTION 'as if cancelled' USING ERRCODE = '57014'; \
                 END IF; RETURN NEW; END $$",
            "CREATE TRIGGER cancel BEFORE INSERT ON remint_migrations \
                 FOR EACH ROW EXECUTE FUNCTION cancel()",
        ],
    ),
    (
        MariaDb,
        &[
            "CREATE SEQUENCE tries",
            "CREATE TRIGGER cancel BEFORE INSERT ON remint_migrations FOR EACH ROW BEGIN \
                 IF NEXTVAL(tries) < 3 THEN \
                     SIGNAL SQLSTATE '70100' SET MYSQL_ERRNO = 1317, MESSAGE_TEXT = 'as if killed'; \
                 END IF; END",
        ],
    ),
];

/// On each engine, how somebody keeps all others from a table, and what the others are told.
const LOCKS: [(Engine, &[&str], &str); 2] = [
    (
        Postgres,
        &[
            "BEGIN",
            "LOCK TABLE remint_session IN ACCESS EXCLUSIVE MODE",
        ],
        "lock timeout",
    ),
    (
        MariaDb,
        &["LOCK TABLES remint_session WRITE"],
        "Lock wait timeout exceeded",
    ),
];

/// Those of a service that has no patience.
fn hasty(tables: &Tables) -> DatabaseSettings {
    let deadline = [("DATABASE_TIMEOUT_MILLISECONDS", "500")];
    config(&tables.server.url, &deadline).database
}

/// Tables to which so many of our migrations were made, where that happens to the next ones.
async fn after_migrations(count: u32, engine: Engine, happens: &[&str]) -> Option<Tables> {
    let tables = tables(engine, &[]).await?;
    tables.up().await;
    tables.down().await;
    OURS.up(&tables.connection, Some(count)).await.unwrap();
    for statement in happens {
        tables.sql(statement).await;
    }
    Some(tables)
}

#[tokio::test]
async fn a_migration_takes_as_long_as_it_takes_and_no_start_waits_for_it() {
    for (engine, slowness) in SLOWNESS {
        let Some(tables) = after_migrations(1, engine, slowness).await else {
            continue;
        };
        let settings = hasty(&tables);
        let to_start = connect(&settings).await.unwrap();
        let to_migrate = connect_to_migrate(&settings).await.unwrap();

        let started = migrate_at_start(&to_start, OURS).await;
        let migrated = migrate_up(&to_migrate, OURS).await;

        assert!(
            matches!(started, Err(ConnectError::MigrateByHand(_))),
            "{engine:?}: {started:?}"
        );
        migrated.unwrap_or_else(|error| panic!("{engine:?}: {error}"));
    }
}

#[tokio::test]
async fn a_migration_that_was_cancelled_is_not_begun_again() {
    for (engine, cancels) in CANCELS {
        let Some(tables) = after_migrations(1, engine, cancels).await else {
            continue;
        };
        let settings = config(&tables.server.url, &[]).database;
        let database = connect_to_migrate(&settings).await.unwrap();

        let migrated = migrate_up(&database, OURS).await;

        assert!(
            matches!(migrated, Err(ConnectError::Migrate { .. })),
            "{engine:?}: {migrated:?}"
        );
        let next = match engine {
            MariaDb => "SELECT NEXTVAL(tries)",
            Postgres | Sqlite => "SELECT nextval('tries')",
        };
        let unhurried = &tables.connection;
        let next = Statement::from_string(unhurried.get_database_backend(), next);
        let next = unhurried.query_one_raw(next).await.unwrap().unwrap();
        assert_eq!(next.try_get_by_index::<i64>(0).unwrap(), 2, "{engine:?}");
    }
}

#[tokio::test]
async fn tables_that_are_new_are_made_in_the_end_where_the_machine_stood_still() {
    for (engine, cancels) in CANCELS {
        let Some(tables) = after_migrations(0, engine, cancels).await else {
            continue;
        };
        let settings = config(&tables.server.url, &[]).database;
        let database = connect(&settings).await.unwrap();

        let migrated = migrate_at_start(&database, OURS).await;

        migrated.unwrap_or_else(|error| panic!("{engine:?}: {error}"));
    }
}

#[tokio::test]
async fn a_migration_does_not_queue_for_a_table_for_long() {
    for (engine, lock, told) in LOCKS {
        let Some(tables) = tables(engine, &[]).await else {
            continue;
        };
        tables.up().await;
        let to_migrate = connect_to_migrate(&hasty(&tables)).await.unwrap();
        let other = another_client(&tables.server.url).await;
        for statement in lock {
            other.execute_unprepared(statement).await.unwrap();
        }

        let alter = "ALTER TABLE remint_session ADD COLUMN another integer";
        let altered = timeout(PATIENCE, to_migrate.execute_unprepared(alter)).await;

        let refused = altered.unwrap().unwrap_err().to_string();
        assert!(refused.contains(told), "{engine:?}: {refused}");
    }
}
