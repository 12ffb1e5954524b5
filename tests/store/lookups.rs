//! What a look-up costs the database.

use sea_orm::{ConnectionTrait as _, DatabaseConnection};

use crate::harness::servers::Engine::MariaDb;
use crate::harness::spawn_on;

/// How many statements this connection has run, this one included.
async fn statements_run(connection: &DatabaseConnection) -> u64 {
    let sql = "SELECT variable_value AS n FROM information_schema.session_status \
               WHERE variable_name = 'QUESTIONS'";
    let backend = connection.get_database_backend();
    let statement = sea_orm::Statement::from_string(backend, sql);
    let row = connection.query_one_raw(statement).await.unwrap().unwrap();
    row.try_get::<String>("", "n").unwrap().parse().unwrap()
}

#[tokio::test]
async fn a_refresh_is_one_query_for_the_user_and_one_for_the_session() {
    // One connection, so that the counter is that of the connection that looks up.
    let Some(app) = spawn_on(MariaDb, &[("DATABASE_MAX_CONNECTIONS", "1")]).await else {
        return;
    };
    let token = app.expired_token();
    let before = statements_run(&app.database).await;

    for _ in 0..3 {
        assert_eq!(app.refresh(&token).await.status, 200);
    }

    let counting = 1;
    assert_eq!(
        statements_run(&app.database).await - before,
        3 * 2 + counting
    );
}
