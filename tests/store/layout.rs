//! What the tables of the sessions spare whoever writes to them.

use sea_orm::{ConnectionTrait as _, QueryResult, Statement};

use crate::harness::servers::Engine::{self, MariaDb, Postgres, Sqlite};
use crate::harness::spawn_on;

/// The columns that stand in an index.
const INDEXED: [(Engine, &str); 3] = [
    (
        Sqlite,
        "SELECT DISTINCT i.name FROM pragma_index_list('remint_session') l, \
            pragma_index_info(l.name) i ORDER BY 1",
    ),
    (
        Postgres,
        "SELECT DISTINCT a.attname::text AS name FROM pg_index i JOIN pg_attribute a \
            ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey) \
            WHERE i.indrelid = 'remint_session'::regclass ORDER BY 1",
    ),
    (
        MariaDb,
        "SELECT DISTINCT CAST(column_name AS CHAR) AS name FROM information_schema.statistics \
            WHERE table_schema = DATABASE() AND table_name = 'remint_session' ORDER BY 1",
    ),
];

#[tokio::test]
async fn nothing_that_a_refresh_changes_stands_in_an_index() {
    for (engine, indexed) in INDEXED {
        let Some(app) = spawn_on(engine, &[]).await else {
            continue;
        };

        let indexed = Statement::from_string(app.database.get_database_backend(), indexed);

        let rows = app.database.query_all_raw(indexed).await.unwrap();
        let column = |row: &QueryResult| row.try_get::<String>("", "name").unwrap();
        let columns: Vec<_> = rows.iter().map(column).collect();
        assert_eq!(columns, ["handle", "id", "user_hash"], "{engine:?}");
    }
}
