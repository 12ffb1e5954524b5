//! A pool of the library: how far it is used up, and whether it has lost connections.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use futures_util::FutureExt as _;
use sea_orm::{DatabaseConnection, DatabaseConnectionType, DbErr, sqlx};

use crate::metrics;

use super::connections::Connections;
use super::dialect::Dialect;
use super::kept::Kept;
use super::lent::Lent;

/// One pool of the library, and what is known of it.
pub(super) struct Pool {
    pub(super) connection: DatabaseConnection,
    /// What is kept at hand of it.
    pub(super) kept: Kept,
    /// How many statements have a connection, or wait for one to be made.
    pub(super) under_way: AtomicUsize,
    /// Whether one of them has heard nothing for too long.
    pub(super) is_silent: AtomicBool,
}

impl Pool {
    pub(super) fn of(connection: DatabaseConnection) -> Arc<Self> {
        Arc::new(Self {
            connection,
            kept: Kept::default(),
            under_way: AtomicUsize::new(0),
            is_silent: AtomicBool::new(false),
        })
    }

    /// What the statement before has left at hand, or another one.
    pub(super) async fn lend(&self) -> Result<Lent, DbErr> {
        match self.kept.take() {
            Some(lent) => Ok(lent),
            // To ask the library's pool takes some KiB, which every statement would have in itself.
            None => Box::pin(Lent::by(&self.connection)).await,
        }
    }

    /// How far it is used up.
    pub(super) fn usage(&self) -> Option<metrics::Pool> {
        let sizes = sizes(&self.connection)?;
        let idle = sizes.idle + self.kept.count();
        let open = usize::try_from(sizes.open).unwrap_or(usize::MAX);
        Some(metrics::Pool {
            idle: idle.min(open),
            ..sizes
        })
    }

    /// Whether there are connections that are neither used nor free to be used.
    pub(super) fn has_lost(&self) -> bool {
        sizes(&self.connection).is_some_and(|pool| {
            let known = pool.idle + self.kept.count() + self.under_way.load(Ordering::SeqCst);
            usize::try_from(pool.open).is_ok_and(|open| open > known)
        })
    }

    /// Whether there are connections that were not given back.
    pub(super) fn is_waited_for(&self) -> bool {
        let open = |pool: &metrics::Pool| usize::try_from(pool.open).unwrap_or(usize::MAX);
        sizes(&self.connection).is_some_and(|pool| open(&pool) > pool.idle)
    }

    /// Closes what nobody uses now, and the others as they are given back.
    pub(super) fn retire(&self) {
        self.kept.close();
        match Dialect::of(&self.connection) {
            Dialect::MySql => drop_idle(self.connection.get_mysql_connection_pool()),
            Dialect::Postgres => drop_idle(self.connection.get_postgres_connection_pool()),
            Dialect::Sqlite => {}
        }
        // It is closed from the start of this; the end would be waited for in vain.
        self.connection.close_by_ref().now_or_never();
    }
}

fn drop_idle<DB: sqlx::Database>(pool: &sqlx::Pool<DB>) {
    while let Some(idle) = pool.try_acquire() {
        drop(idle.detach());
    }
}

/// How far what is behind `connections` is used up, without waiting for anything; none if it is of
/// another kind than those that the service opens.
pub fn pool(connections: &Connections) -> Option<metrics::Pool> {
    connections.usage()
}

/// The same of what the service opened.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "the library's list is open, and only these three drivers are compiled in"
)]
pub(super) fn sizes(connection: &DatabaseConnection) -> Option<metrics::Pool> {
    match &connection.inner {
        DatabaseConnectionType::SqlxMySqlPoolConnection(_) => {
            Some(of(connection.get_mysql_connection_pool()))
        }
        DatabaseConnectionType::SqlxPostgresPoolConnection(_) => {
            Some(of(connection.get_postgres_connection_pool()))
        }
        DatabaseConnectionType::SqlxSqlitePoolConnection(_) => {
            Some(of(connection.get_sqlite_connection_pool()))
        }
        _ => None,
    }
}

fn of<DB: sqlx::Database>(pool: &sqlx::Pool<DB>) -> metrics::Pool {
    let open = pool.size();
    metrics::Pool {
        open,
        // For a moment the library may count below 0, which is a very large number.
        idle: pool
            .num_idle()
            .min(usize::try_from(open).unwrap_or(usize::MAX)),
        most: pool.options().get_max_connections(),
    }
}
