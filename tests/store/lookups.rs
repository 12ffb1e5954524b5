//! What a look-up costs the database.

use crate::harness::servers::Engine::MariaDb;
use crate::harness::spawn_on;

use super::gathering::statements_run;

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
