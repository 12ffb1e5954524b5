//! Databases that rather refuse a statement (SQLSTATE 40001) than let it see what came in between.

use poem::http::Method;
use remint::domain::Contract;
use sea_orm::{
    ConnectionTrait as _, Database, DatabaseConnection, Statement, TransactionTrait as _,
};
use serde_json::json;
use tokio::task::yield_now;

use crate::harness::servers::{Engine, ThrowawayDatabase, database};
use crate::harness::{TestApp, request, spawn_over};

/// A database of PostgreSQL whose transactions are serializable, as those of
/// `CockroachDB` are.
async fn strict() -> Option<ThrowawayDatabase> {
    let database = database(Engine::Postgres).await?;
    let admin = Database::connect(database.admin_url().unwrap()).await;
    let name = database.url.rsplit('/').next().unwrap();
    let isolation = "SET default_transaction_isolation = 'serializable'";
    let alter = format!("ALTER DATABASE {name} {isolation}");
    admin.unwrap().execute_unprepared(&alter).await.unwrap();
    Some(database)
}

/// Waits until a statement waits for a row.
pub(super) async fn until_blocked(connection: &DatabaseConnection) {
    let waiting = "SELECT 1 FROM pg_stat_activity \
                   WHERE wait_event_type = 'Lock' AND datname = current_database()";
    let waiting = Statement::from_string(connection.get_database_backend(), waiting);
    while connection
        .query_all_raw(waiting.clone())
        .await
        .unwrap()
        .is_empty()
    {
        yield_now().await;
    }
}

/// Waits for nothing while the machine is busy.
const PATIENT: [(&str, &str); 3] = [
    ("REFRESH_MODE", "single_use"),
    ("DATABASE_TIMEOUT_MILLISECONDS", "20000"),
    ("REQUEST_TIMEOUT_SECONDS", "60"),
];

async fn app() -> Option<TestApp> {
    let app = spawn_over(strict().await?, &PATIENT).await;
    app.sql("INSERT INTO users VALUES ('alice', 'alice@example.com', TRUE)")
        .await;
    Some(app)
}

/// What comes of `work` if another transaction changes its rows while it waits for them.
async fn with_another_in_the_way<T>(app: &TestApp, work: impl Future<Output = T>) -> T {
    let other = Database::connect(app.database_url()).await.unwrap();
    let transaction = other.begin().await.unwrap();
    let touch = "UPDATE remint_session SET rotated_at = rotated_at";
    transaction.execute_unprepared(touch).await.unwrap();

    let commit = async {
        until_blocked(&app.database).await;
        transaction.commit().await.unwrap();
    };
    let (done, ()) = tokio::join!(work, commit);
    done
}

#[tokio::test]
async fn a_rotation_that_another_transaction_was_in_the_way_of_is_made_again() {
    let Some(app) = app().await else { return };
    let token = app.refresh(&app.expired_token()).await.access_token();

    let answer = with_another_in_the_way(&app, app.refresh(&token)).await;

    assert_eq!(answer.status, 200, "{answer:?}");
}

#[tokio::test]
async fn a_logout_that_another_transaction_was_in_the_way_of_is_made_again() {
    let Some(app) = app().await else { return };
    let grant = app.start(Contract::Cookie, "alice").await;
    let body = json!({"refresh_token": grant.refresh_token});
    let request = request(Method::POST, "/api/auth/logout").content_type("application/json");

    let logout = app.send(request.body(body.to_string()));
    let answer = with_another_in_the_way(&app, logout).await;

    assert_eq!(answer.status, 204, "{answer:?}");
    let refused = app.verify(&grant.access_token).await;
    assert_eq!(refused.code(), "session_revoked");
}
