//! Migrations of large tables.

use remint::store::{connect, migrate_up};
use sea_orm::{ConnectionTrait as _, Statement};

use crate::harness::config;
use crate::harness::servers::Engine::{self, MariaDb, Postgres};

use super::migrations::OURS;
use super::table::tables;

/// How each migration is made to take longer than a statement, and the limit of statements.
const SLOWNESS: [(Engine, &[&str], &str); 2] = [
    (
        Postgres,
        &[
            "CREATE FUNCTION take_long() RETURNS trigger LANGUAGE plpgsql \
                 AS $$ BEGIN PERFORM pg_sleep(0.4); RETURN NEW; END $$",
            "CREATE TRIGGER take_long BEFORE INSERT ON remint_migrations \
                 FOR EACH ROW EXECUTE FUNCTION take_long()",
        ],
        "SELECT current_setting('statement_timeout') AS bound",
    ),
    (
        MariaDb,
        &[
            "CREATE TRIGGER take_long BEFORE INSERT ON remint_migrations \
               FOR EACH ROW SET NEW.applied_at = NEW.applied_at + SLEEP(0.4)",
        ],
        "SELECT CAST(@@max_statement_time AS char) AS bound",
    ),
];

#[tokio::test]
async fn a_migration_may_take_longer_than_a_statement() {
    for (engine, slowness, bound) in SLOWNESS {
        let Some(tables) = tables(engine, &[]).await else {
            continue;
        };
        tables.up().await;
        tables.down().await;
        for statement in slowness {
            tables.sql(statement).await;
        }
        let settings = [
            ("DATABASE_MAX_CONNECTIONS", "1"),
            ("DATABASE_TIMEOUT_MILLISECONDS", "500"),
        ];
        let settings = config(&tables.server.url, &settings).database;
        let connection = connect(&settings).await.unwrap();
        let limit = || async {
            let select = Statement::from_string(connection.get_database_backend(), bound);
            let row = connection.query_one_raw(select).await.unwrap().unwrap();
            row.try_get::<String>("", "bound").unwrap()
        };
        let before = limit().await;
        assert_ne!(before.trim_matches(['0', '.']), "", "{engine:?}");

        let migrated = migrate_up(&connection, OURS).await;

        migrated.unwrap_or_else(|error| panic!("{engine:?}: {error}"));
        // What comes after it over the same connection is limited as before.
        assert_eq!(limit().await, before, "{engine:?}");
    }
}
