//! What a refresh asks the database for at the same time.

use sea_orm::{ConnectionTrait as _, DatabaseConnection, Statement};

use crate::harness::process::PATIENCE;
use crate::harness::servers::Engine::Postgres;
use crate::harness::spawn_on;

use super::outages::another_client;

/// How many statements wait for a lock that somebody else has.
const WAITING: &str = "SELECT count(*) AS n FROM pg_locks WHERE NOT granted \
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";

pub(super) async fn until_two_wait(client: &DatabaseConnection) {
    let backend = client.get_database_backend();
    loop {
        let statement = Statement::from_string(backend, WAITING);
        let row = client.query_one_raw(statement).await.unwrap().unwrap();
        if row.try_get::<i64>("", "n").unwrap() == 2 {
            return;
        }
    }
}

#[tokio::test]
async fn a_session_and_its_user_are_read_at_the_same_time() {
    let settings = [
        ("DATABASE_TIMEOUT_MILLISECONDS", "60000"),
        ("REQUEST_TIMEOUT_SECONDS", "60"),
    ];
    let Some(app) = spawn_on(Postgres, &settings).await else {
        return;
    };
    let other = another_client(app.database_url()).await;
    for sql in ["BEGIN", "LOCK TABLE users, remint_session"] {
        other.execute_unprepared(sql).await.unwrap();
    }
    let token = app.expired_token();
    let unlocked_by_two = async {
        until_two_wait(&other).await;
        other.execute_unprepared("COMMIT").await.unwrap();
    };

    let both = futures_util::future::join(app.refresh(&token), unlocked_by_two);
    let (answer, ()) = tokio::time::timeout(PATIENCE, both).await.unwrap();

    assert_eq!(answer.status, 200, "{answer:?}");
}
