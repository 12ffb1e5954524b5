//! Users in another database, which remint may only read.

use remint::app::{App, Surroundings};
use remint::store::{DirectorySettings, connect_to_existing};
use sea_orm::{ConnectionTrait as _, Database};

use crate::harness::servers::Engine::{self, MariaDb, Postgres, Sqlite};
use crate::harness::servers::{self, ThrowawayDatabase};
use crate::harness::{TestApp, config, spawn_over};

use super::table::{Tables, tables};

const TABLE: &str = "CREATE TABLE users (id varchar(40) PRIMARY KEY, is_active boolean)";
const ROWS: &str = "INSERT INTO users VALUES ('alice', TRUE), ('bob', FALSE)";

/// A user of the server who may read `users` and nothing else: the name, and the database's URL.
pub(super) async fn reader(tables: &Tables) -> (String, String) {
    let (name, url) = stranger(tables).await;
    let admin = Database::connect(tables.server.admin_url().unwrap())
        .await
        .unwrap();
    let grant = format!("GRANT SELECT ON users TO {name}");
    admin.execute_unprepared(&grant).await.unwrap();
    (name, url)
}

/// A user of the server who may connect and see that there are tables.
async fn stranger(tables: &Tables) -> (String, String) {
    let admin_url = tables.server.admin_url().unwrap();
    let database = admin_url.rsplit('/').next().unwrap();
    let name = format!("reader_of_{database}");
    let create = match tables.engine {
        Postgres => format!("CREATE ROLE {name} LOGIN PASSWORD 'secret'"),
        MariaDb => format!("CREATE USER {name} IDENTIFIED BY 'secret'"),
        Sqlite => panic!("SQLite has no users"),
    };
    let admin = Database::connect(admin_url).await.unwrap();
    admin.execute_unprepared(&create).await.unwrap();
    if tables.engine == MariaDb {
        let see = format!("GRANT INSERT ON users TO {name}");
        admin.execute_unprepared(&see).await.unwrap();
    }
    let url = tables
        .server
        .url
        .replace("service:secret", &format!("{name}:secret"));
    (name, url)
}

/// A service with a database of its own, whose users are at `url`.
async fn spawn_beside(engine: Engine, url: &str) -> TestApp {
    let own = servers::database(engine).await.unwrap();
    spawn_over(own, &[("USERS_DATABASE_URL", url)]).await
}

async fn statuses(app: &TestApp) -> [u16; 2] {
    let bob = app.token_with(&serde_json::json!({"sub": "bob"}));
    let alice = app.refresh(&app.expired_token()).await;
    [alice.status, app.refresh(&bob).await.status]
}

#[tokio::test]
async fn an_account_that_may_only_read_is_enough() {
    for engine in [Postgres, MariaDb] {
        let Some(tables) = tables(engine, &[TABLE, ROWS]).await else {
            continue;
        };
        let (_, url) = reader(&tables).await;

        let app = spawn_beside(engine, &url).await;

        assert_eq!(statuses(&app).await, [200, 401], "{engine:?}");
        app.sql("SELECT name FROM remint_created_table").await;
        app.database
            .execute_unprepared("SELECT id FROM users")
            .await
            .unwrap_err();
        let foreign = "SELECT name FROM remint_created_table";
        tables
            .connection
            .execute_unprepared(foreign)
            .await
            .unwrap_err();
    }
}

#[tokio::test]
async fn an_account_that_may_not_read_the_table_stops_the_start() {
    for (engine, refusal) in [
        (Postgres, "permission denied for table users"),
        (MariaDb, "SELECT command denied"),
    ] {
        let Some(tables) = tables(engine, &[TABLE, ROWS]).await else {
            continue;
        };
        let (_, url) = stranger(&tables).await;
        let connection = Database::connect(&url).await.unwrap();
        let blind = Tables {
            connection,
            ..tables
        };

        let problem = blind.setup_problem(&DirectorySettings::default()).await;

        let beginning = "users cannot be read as the settings say: ";
        assert!(problem.starts_with(beginning), "{engine:?}: {problem}");
        assert!(problem.contains(refusal), "{engine:?}: {problem}");
    }
}

fn path(server: &ThrowawayDatabase) -> std::path::PathBuf {
    let path = server.url.strip_prefix("sqlite://").unwrap();
    path.split('?').next().unwrap().into()
}

#[tokio::test]
async fn a_sqlite_file_of_somebody_else_stays_as_it_is() {
    for journal in ["DELETE", "WAL"] {
        let mode = format!("PRAGMA journal_mode = {journal}");
        let tables = tables(Sqlite, &[&mode, TABLE, ROWS]).await.unwrap();
        tables.connection.clone().close().await.unwrap();
        let file = path(&tables.server);
        let before = std::fs::read(&file).unwrap();

        let app = spawn_beside(Sqlite, &format!("sqlite://{}", file.display())).await;

        assert_eq!(statuses(&app).await, [200, 401], "{journal}");
        assert_eq!(std::fs::read(&file).unwrap(), before, "{journal}");
    }
}

#[tokio::test]
async fn a_sqlite_file_of_somebody_else_is_not_made() {
    let server = servers::database(Sqlite).await.unwrap();
    let own = servers::database(Sqlite).await.unwrap();
    let users = server.url.replace("test.db", "absent.db");
    let config = config(&own.url, &[("USERS_DATABASE_URL", &users)]);

    let refused = App::build(&config, Surroundings::default())
        .await
        .err()
        .unwrap();

    assert!(
        refused
            .to_string()
            .contains("absent.db, or it may not be read"),
        "{refused}"
    );
    assert!(!path(&server).with_file_name("absent.db").exists());
}

#[tokio::test]
async fn nothing_can_be_written_to_a_sqlite_file_of_somebody_else() {
    let tables = tables(Sqlite, &[TABLE, ROWS]).await.unwrap();
    let settings = config(&tables.server.url, &[]).database;

    let users = connect_to_existing(&settings).await.unwrap();

    users
        .execute_unprepared("SELECT id FROM users")
        .await
        .unwrap();
    users
        .execute_unprepared("DELETE FROM users")
        .await
        .unwrap_err();
}
