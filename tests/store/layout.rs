//! What the tables of the sessions spare whoever writes to them.

use futures_util::future::join_all;
use remint::domain::{Handle, Session, SessionName};
use remint::service::{Change, Rotation, SessionImport as _, SessionStore as _};
use remint::store::{DatabaseSettings, SqlSessionStore, connect};
use sea_orm::{
    ConnectOptions, ConnectionTrait as _, Database, DatabaseConnection, QueryResult, Statement,
};

use crate::harness::servers::Engine::{self, MariaDb, Postgres, Sqlite};
use crate::harness::{TestApp, spawn, spawn_on};

use super::listing::{of_login, of_token};
use super::sweeping::{at, session};
use super::table::DEADLINE;

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

/// The columns whose order is that of their bytes, where it could be that of a language.
const BYTE_BY_BYTE: [(Engine, &str); 2] = [
    (
        Postgres,
        "SELECT string_agg(c.relname || '.' || a.attname, ' ' ORDER BY c.relname, attnum) \
            FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid \
            JOIN pg_collation o ON o.oid = a.attcollation \
            WHERE c.relname LIKE 'remint%' AND c.relkind = 'r' AND o.collname = 'C'",
    ),
    (
        MariaDb,
        "SELECT CAST(group_concat(table_name, '.', column_name \
                ORDER BY table_name, ordinal_position SEPARATOR ' ') AS CHAR) \
            FROM information_schema.columns WHERE table_schema = DATABASE() \
            AND table_name LIKE 'remint%' AND collation_name = 'utf8mb4_bin'",
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

async fn row(connection: &DatabaseConnection, sql: &str) -> QueryResult {
    let statement = Statement::from_string(connection.get_database_backend(), sql);
    connection.query_one_raw(statement).await.unwrap().unwrap()
}

/// The only connection of its pool.
async fn alone(app: &TestApp) -> DatabaseConnection {
    let mut alone = ConnectOptions::new(app.database_url());
    alone.max_connections(1);
    Database::connect(alone).await.unwrap()
}

/// Two numbers that PostgreSQL has counted in what this connection did, the only one of its pool.
async fn counted(connection: &DatabaseConnection, numbers: &str) -> (i64, i64) {
    row(connection, "SELECT pg_stat_force_next_flush()").await;
    let row = row(connection, &format!("SELECT {numbers}")).await;
    (
        row.try_get_by_index(0).unwrap(),
        row.try_get_by_index(1).unwrap(),
    )
}

/// The first step of a session.
fn step() -> Rotation {
    Rotation {
        from: 0,
        to: 1,
        at: at(600),
        expires_at: at(9600),
        claims: Vec::new(),
    }
}

#[tokio::test]
async fn on_postgresql_refreshes_write_to_the_pages_that_the_sessions_are_on() {
    let Some(app) = spawn_on(Postgres, &[]).await else {
        return;
    };
    let connection = alone(&app).await;
    let store = SqlSessionStore::new(connection.clone(), DEADLINE);
    let sessions: Vec<_> = (0..100).map(|number| session(number, 9000)).collect();
    store.begin_absent(&sessions).await.unwrap();

    // No more of one page than there is room for whoever else keeps old rows from being removed.
    for Session { id, .. } in &sessions[..4] {
        assert_eq!(store.rotate(*id, step()).await.unwrap(), Change::Done);
    }

    let updates = "n_tup_upd, n_tup_hot_upd FROM pg_stat_user_tables \
                   WHERE relname = 'remint_session'";
    assert_eq!(counted(&connection, updates).await, (4, 4));
}

#[tokio::test]
async fn on_postgresql_a_plan_of_a_time_with_few_sessions_reads_no_others_either() {
    let Some(app) = spawn_on(Postgres, &[]).await else {
        return;
    };
    let connection = alone(&app).await;
    let store = SqlSessionStore::new(connection.clone(), DEADLINE);
    let sessions: Vec<_> = (0..32).map(|number| session(number, 9000)).collect();
    store.begin_absent(&sessions).await.unwrap();
    for sql in [
        "VACUUM ANALYZE remint_session",
        "SET enable_seqscan = off",
        "SET plan_cache_mode = force_generic_plan",
    ] {
        connection.execute_unprepared(sql).await.unwrap();
    }
    let read = "t.seq_tup_read, i.idx_tup_read FROM pg_stat_user_tables t \
                JOIN pg_stat_user_indexes i USING (relid) WHERE indexrelname = 'remint_session_pkey'";
    let (in_order, by_id) = counted(&connection, read).await;

    let rotated = store.rotate(sessions[7].id, step()).await.unwrap();

    assert_eq!(rotated, Change::Done);
    assert_eq!(counted(&connection, read).await, (in_order, by_id + 1));
}

#[tokio::test]
async fn on_postgresql_a_list_of_sessions_reads_no_others() {
    let Some(app) = spawn_on(Postgres, &[]).await else {
        return;
    };
    // As it is served, with what is set for each connection.
    let served = DatabaseSettings {
        url: app.database_url().into(),
        max_connections: 1,
        query_deadline: DEADLINE,
        connect_deadline: DEADLINE,
    };
    let connection = connect(&served).await.unwrap();
    let store = SqlSessionStore::new(connection.clone(), DEADLINE);
    let both = |user| [of_token("alice", user), of_login("alice", user)];
    let others = (10..60).flat_map(|user| {
        let name = format!("user {user}");
        [of_token(&name, user), of_login(&name, user)]
    });
    let sessions: Vec<_> = both(1).into_iter().chain(others).collect();
    // The plan is that of a table that has none.
    assert!(store.of_user("alice").await.unwrap().is_empty());
    store.begin_absent(&sessions).await.unwrap();
    let analyze = connection.execute_unprepared("ANALYZE remint_session");
    analyze.await.unwrap();
    let read = "max(t.seq_tup_read), sum(i.idx_tup_read)::bigint FROM pg_stat_user_tables t \
                JOIN pg_stat_user_indexes i USING (relid) WHERE t.relname = 'remint_session'";
    let (in_order, by_index) = counted(&connection, read).await;

    let listed = store.of_user("alice").await.unwrap();

    assert_eq!(listed.len(), 2);
    assert_eq!(counted(&connection, read).await, (in_order, by_index + 2));
    let jit = row(&connection, "SHOW jit").await;
    assert_eq!(jit.try_get_by_index::<String>(0).unwrap(), "off");
}

#[tokio::test]
async fn ids_and_hashes_are_compared_byte_by_byte() {
    for (engine, compared) in BYTE_BY_BYTE {
        let Some(app) = spawn_on(engine, &[]).await else {
            continue;
        };

        let columns = row(&app.database, compared).await;

        let columns: String = columns.try_get_by_index(0).unwrap();
        let expected = "remint_cut_off.user_hash remint_session.id remint_session.user_hash";
        assert_eq!(columns, expected, "{engine:?}");
    }
}

#[tokio::test]
async fn on_postgresql_the_index_of_handles_finds_them_and_holds_no_other_session() {
    let Some(app) = spawn_on(Postgres, &[]).await else {
        return;
    };
    let connection = alone(&app).await;
    let store = SqlSessionStore::new(connection.clone(), DEADLINE);
    let handle = |number| Handle::of_number(number).unwrap();
    let sessions = (0..1_000).map(|number: u16| Session {
        handle: (number < 5).then(|| handle(number.into())),
        ..session(number.into(), 9000)
    });
    let sessions: Vec<_> = sessions.collect();
    store.begin_absent(&sessions).await.unwrap();
    for sql in ["SET enable_seqscan = off", "ANALYZE remint_session"] {
        connection.execute_unprepared(sql).await.unwrap();
    }

    let located = join_all((0..5).map(|number| store.locate(SessionName::Handle(handle(number)))));

    let located = located
        .await
        .into_iter()
        .map(|standing| standing.unwrap().session);
    assert_eq!(located.flatten().collect::<Vec<_>>(), sessions[..5]);
    let index = "s.idx_tup_read, c.reltuples::bigint FROM pg_stat_user_indexes s \
                 JOIN pg_class c ON c.oid = s.indexrelid WHERE c.relname = 'remint_session_handle'";
    assert_eq!(counted(&connection, index).await, (5, 5));
}

#[tokio::test]
async fn on_sqlite_the_index_of_handles_finds_them_and_holds_no_other_session() {
    let app = spawn().await;
    let indexed = "SELECT partial FROM pragma_index_list('remint_session') \
                   WHERE name = 'remint_session_handle'";
    let partial: bool = row(&app.database, indexed)
        .await
        .try_get_by_index(0)
        .unwrap();
    assert!(partial);

    for compared in ["= ?", "IN (?, ?)"] {
        let plan =
            format!("EXPLAIN QUERY PLAN SELECT id FROM remint_session WHERE handle {compared}");

        let plan: String = row(&app.database, &plan)
            .await
            .try_get("", "detail")
            .unwrap();

        let expected = "SEARCH remint_session USING INDEX remint_session_handle (handle=?)";
        assert_eq!(plan, expected);
    }
}
