//! The way to a database, and a new one where nothing comes back on the old.
//!
//! *Why.* The library's pool asks each connection that is given back to it whether it still lives,
//! and waits for the answer without a deadline. Where the network swallows what is sent (a
//! failover behind NAT, a proxy that hangs) such a connection has its place in the pool back only after
//! minutes, if ever, and in the end none is left. So a pool in which a statement heard nothing for too
//! long gives way to a new one. What is left of the old one are at most as many sockets as it had
//! connections, for 20 minutes at most; [`Pools`] bounds how many pools are left so.
//!
//! *Why count here as well.* Whoever waits for a connection in a pool that is merely busy hears
//! nothing either. Those wait here, where it says nothing about the network.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use sea_orm::{
    ConnAcquireErr, ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DbBackend,
    DbErr, ExecResult, QueryResult, Statement, Value,
};
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::{Instant, timeout_at};

use crate::metrics;

use super::connect::DatabaseSettings;
use super::dialect::Dialect;
use super::lent::Lent;
use super::options::{Pace, options_for_existing, options_for_own};
use super::pool::{Pool, sizes};
use super::pools::Pools;

/// A database, whichever connections lead there at the moment.
#[derive(Clone)]
pub struct Connections {
    shared: Arc<Shared>,
    /// When a statement begins at the latest; whenever it can, if that is not said.
    latest: Option<Instant>,
}

struct Shared {
    backend: DbBackend,
    pools: Mutex<Pools>,
    /// As many as a pool has connections.
    permits: Semaphore,
    /// None for what is never replaced.
    renewal: Option<Renewal>,
}

struct Renewal {
    options: ConnectOptions,
    /// How long a statement hears nothing before the pool is taken to be silent.
    patience: Duration,
}

impl Connections {
    /// To the service's own database, beginning with `connection`, which [`super::connect()`] opened.
    pub fn to_own(connection: DatabaseConnection, settings: &DatabaseSettings) -> Self {
        Self::renewed(
            connection,
            options_for_own(settings, Pace::InTime),
            settings,
        )
    }

    /// To one that is only read, which [`super::connect_to_existing`] opened.
    pub fn to_existing(connection: DatabaseConnection, settings: &DatabaseSettings) -> Self {
        Self::renewed(connection, options_for_existing(settings), settings)
    }

    fn renewed(
        connection: DatabaseConnection,
        mut options: ConnectOptions,
        settings: &DatabaseSettings,
    ) -> Self {
        options.connect_lazy(true);
        let renewal = Renewal {
            options,
            patience: settings.query_deadline / 4,
        };
        match Dialect::of(&connection) {
            // No network is in between.
            Dialect::Sqlite => connection.into(),
            Dialect::MySql | Dialect::Postgres => {
                let permits = usize::try_from(settings.max_connections);
                let permits = permits.unwrap_or(Semaphore::MAX_PERMITS);
                Self::new(connection, permits, Some(renewal))
            }
        }
    }

    fn new(connection: DatabaseConnection, permits: usize, renewal: Option<Renewal>) -> Self {
        let shared = Shared {
            backend: connection.get_database_backend(),
            pools: Mutex::new(Pools::beginning_with(connection)),
            permits: Semaphore::new(permits.min(Semaphore::MAX_PERMITS)),
            renewal,
        };
        Self {
            shared: Arc::new(shared),
            latest: None,
        }
    }

    /// The same for statements that begin before `latest`, or not at all.
    pub(super) fn until(&self, latest: Instant) -> Self {
        Self {
            shared: Arc::clone(&self.shared),
            latest: Some(latest),
        }
    }

    /// Whether the database answers.
    pub(super) async fn ping(&self) -> Result<(), DbErr> {
        let (turn, mut lent) = self.turn().await?;
        let answer = lent.ping().await;
        turn.end(lent, answer)
    }

    /// All rows of a query, which stays prepared.
    pub(super) async fn query(
        &self,
        sql: Arc<str>,
        values: Vec<Value>,
    ) -> Result<Vec<QueryResult>, DbErr> {
        let (turn, mut lent) = self.turn().await?;
        let rows = lent.query(sql, values).await;
        turn.end(lent, rows)
    }

    /// Those that statements go over now.
    #[cfg(test)]
    pub(super) fn current(&self) -> DatabaseConnection {
        self.shared.lock().now().connection.clone()
    }

    /// How far the pool is used up; what is kept at hand is not.
    pub(super) fn usage(&self) -> Option<metrics::Pool> {
        self.shared.lock().now().usage()
    }

    /// From now on each connection is kept at hand for so long.
    #[cfg(test)]
    pub(super) fn keep_for(&self, at_hand: Duration) {
        self.shared.lock().now().kept.keep_for(at_hand);
    }

    /// How many connections are kept at hand.
    #[cfg(test)]
    pub(super) fn kept(&self) -> usize {
        self.shared.lock().now().kept.count()
    }

    /// The right to run a statement, and the connection for it.
    async fn turn(&self) -> Result<(Turn<'_>, Lent), DbErr> {
        let Some(latest) = self.latest else {
            return self.shared.turn().await;
        };
        if Instant::now() >= latest {
            return Err(too_late());
        }
        let turn = timeout_at(latest, self.shared.turn()).await;
        turn.unwrap_or_else(|_| Err(too_late()))
    }
}

impl From<DatabaseConnection> for Connections {
    /// These connections and no others. Who shares them without sharing this waits for what is kept at
    /// hand, for some milliseconds.
    fn from(connection: DatabaseConnection) -> Self {
        let most = sizes(&connection).map(|pool| pool.most);
        let permits = most.and_then(|most| usize::try_from(most).ok());
        Self::new(connection, permits.unwrap_or(Semaphore::MAX_PERMITS), None)
    }
}

impl Shared {
    /// A panic elsewhere leaves it as it was: it is changed in one step.
    fn lock(&self) -> MutexGuard<'_, Pools> {
        self.pools.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn turn(&self) -> Result<(Turn<'_>, Lent), DbErr> {
        let permit = self.permits.acquire().await;
        let permit = permit.map_err(|_| closed())?;
        let pool = self.pool().await?;
        pool.under_way.fetch_add(1, Ordering::SeqCst);
        let mut turn = Turn {
            pool,
            patience: self.renewal.as_ref().map(|renewal| renewal.patience),
            begun: Instant::now(),
            was_heard: false,
            _permit: permit,
        };
        let lent = turn.pool.lend().await;
        turn.was_heard = lent.as_ref().err().is_some_and(|it| *it != too_late());
        Ok((turn, lent?))
    }

    /// The pool, or a new one in the place of one that is silent.
    async fn pool(&self) -> Result<Arc<Pool>, DbErr> {
        let (pool, gives_way) = self.lock().current(Instant::now());
        match &self.renewal {
            Some(renewal) if gives_way => {
                // Opens no connection before it is used, so that others may have done the same.
                let fresh = Box::pin(Database::connect(renewal.options.clone())).await?;
                Ok(self.lock().replace(&pool, fresh))
            }
            _ => Ok(pool),
        }
    }
}

/// A statement that is under way.
struct Turn<'a> {
    pool: Arc<Pool>,
    patience: Option<Duration>,
    begun: Instant,
    was_heard: bool,
    _permit: SemaphorePermit<'a>,
}

impl Turn<'_> {
    /// Passes on how it ended, and keeps what it went over at hand; unless it has failed: then that is
    /// the library's to judge.
    fn end<T>(mut self, lent: Lent, answer: Result<T, DbErr>) -> Result<T, DbErr> {
        self.was_heard = true;
        if answer.is_ok() {
            self.pool.kept.keep(lent);
        }
        answer
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.pool.under_way.fetch_sub(1, Ordering::SeqCst);
        let is_too_long = |patience| self.begun.elapsed() >= patience;
        if !self.was_heard && self.patience.is_some_and(is_too_long) {
            self.pool.is_silent.store(true, Ordering::SeqCst);
        }
    }
}

/// No connection in time.
fn too_late() -> DbErr {
    DbErr::ConnectionAcquire(ConnAcquireErr::Timeout)
}

fn closed() -> DbErr {
    DbErr::ConnectionAcquire(ConnAcquireErr::ConnectionClosed)
}

#[async_trait]
impl ConnectionTrait for Connections {
    fn get_database_backend(&self) -> DbBackend {
        self.shared.backend
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        let (turn, mut lent) = self.turn().await?;
        let done = lent.execute(statement).await;
        turn.end(lent, done)
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        let (turn, mut lent) = self.turn().await?;
        let done = lent.execute_unprepared(sql).await;
        turn.end(lent, done)
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        let rows = self.query_all_raw(statement).await?;
        Ok(rows.into_iter().next())
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        let values = statement.values.map_or_else(Vec::new, |values| values.0);
        self.query(statement.sql.into(), values).await
    }
}
