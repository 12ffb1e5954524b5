//! Connections that are kept at hand while shared statements follow each other.
//!
//! *Why.* The library's pool asks each connection that is given back to it whether it still lives.
//! That is one more round trip for each statement, and a task that waits for it.
//!
//! *Why for so short a time.* A connection that is kept is one that the pool can neither ask, replace
//! nor give to others. So it is kept for [`AT_HAND`] at most, whether it is used or not; where
//! statements follow each other closely that is long enough for dozens of them.

#[cfg(test)]
mod tests;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sea_orm::sea_query::Values;
use sea_orm::sqlx::pool::PoolConnection;
use sea_orm::sqlx::{self, AssertSqlSafe, Executor, IntoArguments, MySql, Postgres, Sqlite};
use sea_orm::{
    ConnAcquireErr, DatabaseConnection, DatabaseConnectionType, DbErr, QueryResult, RuntimeErr,
    Value,
};
use sea_query_sqlx::SqlxValues;
use tokio::time::{Instant, sleep};

/// How long a connection stays out of its pool.
const AT_HAND: Duration = Duration::from_millis(20);

/// A connection that the pool has lent.
pub(super) struct Lent {
    connection: Connection,
    since: Instant,
}

enum Connection {
    MySql(PoolConnection<MySql>),
    Postgres(PoolConnection<Postgres>),
    Sqlite(PoolConnection<Sqlite>),
}

impl Lent {
    /// One of the pool behind `connection`; none if that is of another kind than those that the
    /// service opens.
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "the library's list is open, and only these three drivers are compiled in"
    )]
    pub(super) async fn by(connection: &DatabaseConnection) -> Result<Option<Self>, DbErr> {
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
            _ => return Ok(None),
        };
        Ok(Some(Self {
            connection: lent.map_err(not_lent)?,
            since: Instant::now(),
        }))
    }

    /// All rows of a query, which stays prepared.
    pub(super) async fn query(
        &mut self,
        sql: Arc<str>,
        values: Vec<Value>,
    ) -> Result<Vec<QueryResult>, DbErr> {
        match &mut self.connection {
            Connection::MySql(connection) => rows::<MySql>(connection, sql, values).await,
            Connection::Postgres(connection) => rows::<Postgres>(connection, sql, values).await,
            Connection::Sqlite(connection) => rows::<Sqlite>(connection, sql, values).await,
        }
    }

    /// Takes it out of its pool for ever, and hangs up: without a runtime, where the pool wants no
    /// least number of connections.
    fn close(self) {
        match self.connection {
            Connection::MySql(connection) => drop(connection.detach()),
            Connection::Postgres(connection) => drop(connection.detach()),
            Connection::Sqlite(connection) => drop(connection.detach()),
        }
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
    let rows = rows.map_err(|error| DbErr::Query(RuntimeErr::SqlxError(error.into())))?;
    Ok(rows.into_iter().map(QueryResult::from).collect())
}

/// In sea-orm's words.
fn not_lent(error: sqlx::Error) -> DbErr {
    if matches!(error, sqlx::Error::PoolTimedOut) {
        DbErr::ConnectionAcquire(ConnAcquireErr::Timeout)
    } else if matches!(error, sqlx::Error::PoolClosed) {
        DbErr::ConnectionAcquire(ConnAcquireErr::ConnectionClosed)
    } else {
        DbErr::Conn(RuntimeErr::SqlxError(error.into()))
    }
}

/// The connections that are at hand.
#[derive(Default)]
pub(super) struct Kept(Arc<Mutex<Shelf>>);

#[derive(Default)]
struct Shelf {
    lent: Vec<Lent>,
    /// Whether somebody will come and give them back.
    is_watched: bool,
}

impl Kept {
    /// One of them, if there is any.
    pub(super) fn take(&self) -> Option<Lent> {
        lock(&self.0).lent.pop()
    }

    /// Keeps `lent` for the next statement, or gives it back if it was away for long enough.
    pub(super) fn keep(&self, lent: Lent) {
        if lent.since.elapsed() >= AT_HAND {
            return;
        }
        let mut at_hand = lock(&self.0);
        at_hand.lent.push(lent);
        if !at_hand.is_watched {
            at_hand.is_watched = true;
            tokio::spawn(give_back(Arc::clone(&self.0)));
        }
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        lock(&self.0).lent.len()
    }

    /// Hangs up all of them.
    pub(super) fn close(&self) {
        lock(&self.0).close();
    }
}

impl Shelf {
    fn close(&mut self) {
        self.lent.drain(..).for_each(Lent::close);
    }
}

impl Drop for Shelf {
    /// Giving them back takes a runtime, which may be gone.
    fn drop(&mut self) {
        self.close();
    }
}

/// Gives back what was away for long enough, until nothing is left.
async fn give_back(shelf: Arc<Mutex<Shelf>>) {
    let mut watch = Watch(Some(shelf));
    while let Some(shelf) = &watch.0 {
        sleep(AT_HAND).await;
        let mut shelf = lock(shelf);
        shelf.lent.retain(|lent| lent.since.elapsed() < AT_HAND);
        if shelf.lent.is_empty() {
            shelf.is_watched = false;
            drop(shelf);
            watch.0 = None;
        }
    }
}

/// Who watches a shelf, until there is nothing more to watch.
struct Watch(Option<Arc<Mutex<Shelf>>>);

impl Drop for Watch {
    /// Where the runtime has ended before, another one may go on with the shelf.
    fn drop(&mut self) {
        if let Some(shelf) = &self.0 {
            lock(shelf).is_watched = false;
        }
    }
}

/// A panic elsewhere leaves it as it was: it is changed in single steps.
fn lock(shelf: &Mutex<Shelf>) -> MutexGuard<'_, Shelf> {
    shelf.lock().unwrap_or_else(PoisonError::into_inner)
}
