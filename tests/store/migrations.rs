//! The tables that remint makes, and those that it leaves alone.

use migration::Migrator;
use remint::app::{App, Surroundings};
use remint::store::{OwnUsers, OwnUsersError, connect, migrate_up, migrations};
use sea_orm::ConnectionTrait as _;
use sea_orm_migration::migrator::MigratorTraitSelf as _;

use crate::harness::config;
use crate::harness::servers::Engine::{MariaDb, Postgres, Sqlite};

use super::table::{Tables, everywhere, tables};

pub(super) const OURS: Migrator = Migrator {
    creates_users: true,
};
const DEFAULT_SHAPE: &str = "CREATE TABLE users (id varchar(255) NOT NULL PRIMARY KEY, \
                             email varchar(255) NOT NULL UNIQUE, is_active boolean NOT NULL)";
const OTHER_SHAPE: &str = "CREATE TABLE users (uid integer PRIMARY KEY, locked boolean)";

impl Tables {
    pub(super) async fn up(&self) {
        migrate_up(&self.connection, OURS).await.unwrap();
    }

    pub(super) async fn down(&self) {
        OURS.down(&self.connection, None).await.unwrap();
    }

    /// Whether there is something of that name to select from.
    async fn has(&self, table: &str) -> bool {
        let select = format!("SELECT 1 FROM {table}");
        self.connection.execute_unprepared(&select).await.is_ok()
    }
}

#[tokio::test]
async fn up_makes_a_users_table_and_down_takes_it_back_as_often_as_one_likes() {
    for tables in everywhere(&[]).await {
        for _ in 0..2 {
            tables.up().await;
            assert!(tables.has("users").await, "{:?}", tables.engine);
            tables.up().await;
            tables
                .sql("INSERT INTO users VALUES ('a', 'a@example.com', TRUE)")
                .await;

            tables.down().await;

            assert!(!tables.has("users").await, "{:?}", tables.engine);
            assert!(
                !tables.has("remint_created_table").await,
                "{:?}",
                tables.engine
            );
        }
    }
}

#[tokio::test]
async fn tables_of_a_newer_version_are_taken_as_they_are() {
    for tables in everywhere(&[]).await {
        tables.up().await;
        tables
            .sql("INSERT INTO remint_migrations VALUES ('m29991231_000001_newer', 1)")
            .await;

        tables.up().await;

        let states = migrations(&tables.connection, OURS).await.unwrap();
        let newer = states.last().unwrap();
        assert!(newer.is_applied && !newer.is_known, "{newer:?}");
        assert_eq!(states.iter().filter(|state| !state.is_known).count(), 1);
    }
}

#[tokio::test]
async fn tables_that_only_a_newer_version_knows_and_that_miss_one_of_ours_are_refused() {
    for tables in everywhere(&[]).await {
        tables.up().await;
        tables
            .sql("UPDATE remint_migrations SET version = 'm29991231_000001_newer' WHERE version LIKE '%000004%'")
            .await;

        let refused = migrate_up(&tables.connection, OURS).await;

        assert!(refused.is_err(), "{:?}", tables.engine);
    }
}

#[tokio::test]
async fn down_never_drops_a_users_table_that_was_there_before() {
    for shape in [DEFAULT_SHAPE, OTHER_SHAPE] {
        for tables in everywhere(&[shape]).await {
            tables.up().await;

            tables.down().await;

            assert!(tables.has("users").await, "{:?}: {shape}", tables.engine);
        }
    }
}

#[tokio::test]
async fn down_spares_a_table_that_has_taken_the_place_of_ours() {
    for tables in everywhere(&[]).await {
        tables.up().await;
        tables.sql("DROP TABLE users").await;
        tables.sql(OTHER_SHAPE).await;

        tables.down().await;

        assert!(tables.has("users").await, "{:?}", tables.engine);
    }
}

#[tokio::test]
async fn a_view_named_users_is_left_alone() {
    let people = "CREATE TABLE people (id integer)";
    for tables in everywhere(&[people, "CREATE VIEW users AS SELECT id FROM people"]).await {
        tables.up().await;
        tables.down().await;

        assert!(tables.has("users").await, "{:?}", tables.engine);
    }
}

#[tokio::test]
async fn on_postgresql_a_users_table_further_down_the_search_path_is_not_hidden() {
    let path = "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET search_path = app, legacy', \
                current_database()); END $$";
    let statements = [
        "CREATE SCHEMA app",
        "CREATE SCHEMA legacy",
        "CREATE TABLE legacy.users (id int)",
        path,
    ];
    let Some(mut tables) = tables(Postgres, &statements).await else {
        return;
    };
    tables.connection = sea_orm::Database::connect(&tables.server.url)
        .await
        .unwrap();

    tables.up().await;

    assert!(tables.has("app.remint_created_table").await);
    assert!(!tables.has("app.users").await);
}

#[tokio::test]
async fn a_start_that_crashed_before_it_made_the_table_is_made_up_for() {
    for tables in everywhere(&[]).await {
        OURS.up(&tables.connection, Some(1)).await.unwrap();
        tables
            .sql("INSERT INTO remint_created_table VALUES ('users')")
            .await;

        tables.up().await;

        tables
            .sql("INSERT INTO users VALUES ('a', 'a@example.com', TRUE)")
            .await;
        tables.down().await;
        assert!(!tables.has("users").await, "{:?}", tables.engine);
    }
}

#[tokio::test]
async fn a_start_that_crashed_after_it_made_the_table_is_made_up_for() {
    for tables in everywhere(&[]).await {
        tables.up().await;
        tables
            .sql("DELETE FROM remint_migrations WHERE version LIKE '%users'")
            .await;

        tables.up().await;

        tables.down().await;
        assert!(!tables.has("users").await, "{:?}", tables.engine);
    }
}

#[tokio::test]
async fn replicas_that_start_at_the_same_moment_all_succeed() {
    for engine in [Sqlite, Postgres, MariaDb] {
        for _ in 0..10 {
            let Some(tables) = tables(engine, &[]).await else {
                break;
            };
            let settings = config(&tables.server.url, &[]).database;
            let replica = || async {
                let connection = connect(&settings).await.unwrap();
                migrate_up(&connection, OURS).await
            };

            let (a, b, c) = tokio::join!(replica(), replica(), replica());

            for outcome in [a, b, c] {
                outcome.unwrap_or_else(|error| panic!("{engine:?}: {error}"));
            }
            tables
                .sql("INSERT INTO users VALUES ('a', 'a@example.com', TRUE)")
                .await;
        }
    }
}

#[tokio::test]
async fn replicas_that_start_on_a_sqlite_file_that_is_not_there_yet_all_succeed() {
    for _ in 0..20 {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}", folder.path().join("new.db").display());
        let settings = config(&url, &[]).database;
        let replica = || async {
            let connection = connect(&settings)
                .await
                .map_err(|error| error.to_string())?;
            let migrated = migrate_up(&connection, OURS).await;
            migrated.map_err(|error| error.to_string())
        };

        let replicas = tokio::join!(replica(), replica(), replica(), replica());

        assert_eq!(replicas, (Ok(()), Ok(()), Ok(()), Ok(())));
    }
}

#[tokio::test]
async fn where_the_users_are_elsewhere_no_users_table_is_made() {
    let table = "CREATE TABLE people (id varchar(40) PRIMARY KEY, is_active boolean)";
    for tables in everywhere(&[table]).await {
        let config = config(&tables.server.url, &[("USERS_TABLE", "people")]);

        App::build(&config, Surroundings::default()).await.unwrap();

        assert!(
            tables.has("remint_created_table").await,
            "{:?}",
            tables.engine
        );
        assert!(!tables.has("users").await, "{:?}", tables.engine);
    }
}

#[tokio::test]
async fn a_users_table_of_another_shape_is_named_at_start_and_left_alone() {
    for tables in everywhere(&[OTHER_SHAPE]).await {
        let config = config(&tables.server.url, &[]);

        let refused = App::build(&config, Surroundings::default())
            .await
            .err()
            .unwrap();

        let expected = "users has no column id (USERS_KEY_COLUMN); it has uid, locked";
        assert_eq!(refused.to_string(), expected, "{:?}", tables.engine);
        tables
            .sql("INSERT INTO users (uid, locked) VALUES (1, TRUE)")
            .await;
    }
}

#[tokio::test]
async fn users_are_added_only_to_a_table_that_remint_made() {
    for tables in everywhere(&[DEFAULT_SHAPE]).await {
        tables.up().await;

        let refused = OwnUsers::open(tables.connection.clone()).await.err();

        assert!(
            matches!(refused, Some(OwnUsersError::NotOurs)),
            "{:?}",
            tables.engine
        );
    }
}
