//! Statements over a connection that the library's pool has lent.
//!
//! Whoever waits for a statement may go away, or give up, before its answer comes.
//!
//! *Why its connection is then waited for.* The server goes on with the statement, or waits for a lock,
//! whoever has gone. Until it says something, or for [`LONGEST`], the connection keeps its place, so
//! that a pool never has more of them than places, also one that gave way to another: the library
//! would close that one's at once, and the server does not notice.
//!
//! *Why MySQL is hung up on.* The drivers of PostgreSQL and SQLite know how many answers are still to
//! come. That of MySQL does not count the answer to a ping, nor that to the preparation of a statement,
//! and may have read half of a packet: what the server says would be taken for the answer to the next
//! statement, and the answer to that one for the next one's. So nothing is asked over such a connection
//! again.

use std::mem;
use std::sync::Arc;
use std::time::Duration;

use sea_orm::sea_query::Values;
use sea_orm::sqlx::pool::PoolConnection;
use sea_orm::sqlx::{self, AssertSqlSafe, Executor, IntoArguments, MySql, Postgres, Sqlite};
use sea_orm::{
    ConnAcquireErr, ConnectionTrait as _, DatabaseConnection, DatabaseConnectionType, DbErr,
    ExecResult, QueryResult, RuntimeErr, Statement, Value,
};
use sea_query_sqlx::SqlxValues;
use tokio::time::{Instant, timeout};

use super::errors::is_of_server;

/// For how long a connection may say nothing before it is closed all the same: a server whose machine
/// died never says anything, and what MySQL's driver heard of half a packet can be taken for the
/// beginning of one that never ends.
const LONGEST: Duration = Duration::from_mins(20);

/// A connection that the pool has lent.
pub(super) struct Lent {
    connection: Connection,
    since: Instant,
}

enum Connection {
    MySql(PoolConnection<MySql>),
    Postgres(PoolConnection<Postgres>),
    Sqlite(PoolConnection<Sqlite>),
    /// Of none of the drivers, as tests make some.
    Other(DatabaseConnection),
}

impl Lent {
    /// One of the pool behind `connection`.
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "the library's list is open, and only these three drivers are compiled in"
    )]
    pub(super) async fn by(connection: &DatabaseConnection) -> Result<Self, DbErr> {
        let lent = match &connection.inner {
            DatabaseConnectionType::SqlxMySqlPoolConnection(_) => {
                let pool = connection.get_mysql_connection_pool();
                pool.acquire().await.map(Connection::MySql)
            }
            DatabaseConnectionType::SqlxPostgresPoolConnection(_) => {
                let pool = connection.get_postgres_connection_pool();
                pool.acquire().await.map(Connection::Postgres)
            }
            DatabaseConnectionType::SqlxSqlitePoolConnection(_) => {
                let pool = connection.get_sqlite_connection_pool();
                pool.acquire().await.map(Connection::Sqlite)
            }
            _ => Ok(Connection::Other(connection.clone())),
        };
        Ok(Self {
            connection: lent.map_err(not_lent)?,
            since: Instant::now(),
        })
    }

    /// For how long it has been out of its pool.
    pub(super) fn away(&self) -> Duration {
        self.since.elapsed()
    }

    /// All rows of a query, which stays prepared.
    pub(super) async fn query(
        &mut self,
        sql: Arc<str>,
        values: Vec<Value>,
    ) -> Result<Vec<QueryResult>, DbErr> {
        let under_way = UnderWay::over(&mut self.connection);
        let rows = match &mut *under_way.connection {
            Connection::MySql(connection) => rows::<MySql>(connection, sql, values).await,
            Connection::Postgres(connection) => rows::<Postgres>(connection, sql, values).await,
            Connection::Sqlite(connection) => rows::<Sqlite>(connection, sql, values).await,
            Connection::Other(connection) => {
                let backend = connection.get_database_backend();
                let statement = Statement::from_sql_and_values(backend, &*sql, values);
                connection.query_all_raw(statement).await
            }
        };
        under_way.end(rows)
    }

    /// What a statement has done, which stays prepared.
    pub(super) async fn execute(&mut self, statement: Statement) -> Result<ExecResult, DbErr> {
        let under_way = UnderWay::over(&mut self.connection);
        let done = match &mut *under_way.connection {
            Connection::MySql(connection) => done::<MySql>(connection, statement).await,
            Connection::Postgres(connection) => done::<Postgres>(connection, statement).await,
            Connection::Sqlite(connection) => done::<Sqlite>(connection, statement).await,
            Connection::Other(connection) => connection.execute_raw(statement).await,
        };
        under_way.end(done)
    }

    /// What some statements have done together.
    pub(super) async fn execute_unprepared(&mut self, sql: &str) -> Result<ExecResult, DbErr> {
        let under_way = UnderWay::over(&mut self.connection);
        let done = match &mut *under_way.connection {
            Connection::MySql(connection) => plain::<MySql>(connection, sql).await,
            Connection::Postgres(connection) => plain::<Postgres>(connection, sql).await,
            Connection::Sqlite(connection) => plain::<Sqlite>(connection, sql).await,
            Connection::Other(connection) => connection.execute_unprepared(sql).await,
        };
        under_way.end(done)
    }

    /// Whether the database answers.
    pub(super) async fn ping(&mut self) -> Result<(), DbErr> {
        let under_way = UnderWay::over(&mut self.connection);
        let answer = match &mut *under_way.connection {
            Connection::MySql(connection) => ping(&mut **connection).await,
            Connection::Postgres(connection) => ping(&mut **connection).await,
            Connection::Sqlite(connection) => ping(&mut **connection).await,
            Connection::Other(connection) => connection.ping().await,
        };
        under_way.end(answer)
    }

    /// Takes it out of its pool for ever, and hangs up: without a runtime, where the pool wants no
    /// least number of connections.
    pub(super) fn close(self) {
        match self.connection {
            Connection::MySql(connection) => drop(connection.detach()),
            Connection::Postgres(connection) => drop(connection.detach()),
            Connection::Sqlite(connection) => drop(connection.detach()),
            Connection::Other(_) => {}
        }
    }
}

/// A statement whose answer is waited for.
struct UnderWay<'a> {
    connection: &'a mut Connection,
    has_ended: bool,
}

impl<'a> UnderWay<'a> {
    fn over(connection: &'a mut Connection) -> Self {
        Self {
            connection,
            has_ended: false,
        }
    }

    /// Passes on how it ended. Where it was not the server that said so, nobody knows what it will.
    fn end<T>(mut self, answer: Result<T, DbErr>) -> Result<T, DbErr> {
        self.has_ended = true;
        if let Connection::MySql(connection) = &mut *self.connection
            && answer.as_ref().is_err_and(|error| !is_of_server(error))
        {
            connection.close_on_drop();
        }
        answer
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        if self.has_ended {
            return;
        }
        let nothing = Connection::Other(DatabaseConnection::default());
        match mem::replace(self.connection, nothing) {
            Connection::MySql(mut connection) => {
                connection.close_on_drop();
                tokio::spawn(wait_for(connection));
            }
            Connection::Postgres(connection) => {
                tokio::spawn(wait_for(connection));
            }
            // To a file there is nothing to wait for.
            other @ (Connection::Sqlite(_) | Connection::Other(_)) => *self.connection = other,
        }
    }
}

/// Keeps the place of a connection until something comes over it.
async fn wait_for<DB: sqlx::Database>(mut connection: PoolConnection<DB>) {
    let answer = timeout(LONGEST, ping(&mut *connection)).await;
    if !matches!(answer, Ok(Ok(()))) {
        connection.close_on_drop();
    }
}

async fn rows<DB: sqlx::Database>(
    connection: &mut DB::Connection,
    sql: Arc<str>,
    values: Vec<Value>,
) -> Result<Vec<QueryResult>, DbErr>
where
    SqlxValues: IntoArguments<DB>,
    for<'c> &'c mut DB::Connection: Executor<'c, Database = DB>,
    QueryResult: From<DB::Row>,
{
    let query = sqlx::query_with(AssertSqlSafe(sql), SqlxValues(Values(values)));
    let rows = query.fetch_all(connection).await;
    let rows = rows.map_err(|error| DbErr::Query(in_words(error)))?;
    Ok(rows.into_iter().map(QueryResult::from).collect())
}

async fn done<DB: sqlx::Database>(
    connection: &mut DB::Connection,
    statement: Statement,
) -> Result<ExecResult, DbErr>
where
    SqlxValues: IntoArguments<DB>,
    for<'c> &'c mut DB::Connection: Executor<'c, Database = DB>,
    ExecResult: From<DB::QueryResult>,
{
    let values = statement.values.unwrap_or(Values(Vec::new()));
    let query = sqlx::query_with(AssertSqlSafe(statement.sql), SqlxValues(values));
    let done = query.execute(connection).await;
    done.map_or_else(
        |error| Err(DbErr::Exec(in_words(error))),
        |it| Ok(it.into()),
    )
}

async fn plain<DB: sqlx::Database>(
    connection: &mut DB::Connection,
    sql: &str,
) -> Result<ExecResult, DbErr>
where
    for<'c> &'c mut DB::Connection: Executor<'c, Database = DB>,
    ExecResult: From<DB::QueryResult>,
{
    let done = connection.execute(AssertSqlSafe(sql.to_owned())).await;
    done.map_or_else(
        |error| Err(DbErr::Exec(in_words(error))),
        |it| Ok(it.into()),
    )
}

async fn ping(connection: &mut impl sqlx::Connection) -> Result<(), DbErr> {
    let answer = connection.ping().await;
    // It is a statement like others, and says nothing of how one is let in.
    answer.map_err(|error| DbErr::Exec(in_words(error)))
}

fn in_words(error: sqlx::Error) -> RuntimeErr {
    RuntimeErr::SqlxError(error.into())
}

/// In sea-orm's words.
fn not_lent(error: sqlx::Error) -> DbErr {
    if matches!(error, sqlx::Error::PoolTimedOut) {
        DbErr::ConnectionAcquire(ConnAcquireErr::Timeout)
    } else if matches!(error, sqlx::Error::PoolClosed) {
        DbErr::ConnectionAcquire(ConnAcquireErr::ConnectionClosed)
    } else {
        DbErr::Conn(in_words(error))
    }
}
