//! The pool that is used, and those that gave way to it.
//!
//! *Why a pool does not always give way.* A table that somebody has locked is as silent as a network,
//! and behind each connection that was left waits a process of the server, which may be somebody
//! else's. So only a few pools are left within a while. How many connections a pool that was left
//! still has says nothing of that: the library closes some at once, and the server does not notice.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use sea_orm::DatabaseConnection;
use tokio::time::Instant;
use tracing::warn;

use super::pool::Pool;

/// How many pools are left within a while, at most.
const MOST_LEFT: usize = 3;
const WHILE: Duration = Duration::from_mins(5);

/// A pool, and when it took the place of others.
pub(super) struct Pools {
    current: Arc<Pool>,
    /// When the last ones were left.
    left: Vec<Instant>,
}

impl Pools {
    pub(super) fn beginning_with(connection: DatabaseConnection) -> Self {
        Self {
            current: Pool::of(connection),
            left: Vec::new(),
        }
    }

    /// The pool that statements go over now.
    pub(super) fn now(&self) -> &Pool {
        &self.current
    }

    /// The pool to use, and whether it is to give way to another.
    pub(super) fn current(&mut self) -> (Arc<Pool>, bool) {
        let pool = Arc::clone(&self.current);
        if !pool.is_silent.load(Ordering::SeqCst) {
            return (pool, false);
        }
        if !pool.has_lost() {
            // No connection could be made; the next one may be.
            pool.is_silent.store(false, Ordering::SeqCst);
            return (pool, false);
        }
        self.left.retain(|left| left.elapsed() < WHILE);
        (pool, self.left.len() < MOST_LEFT)
    }

    /// The pool to use in the place of `silent`.
    pub(super) fn replace(&mut self, silent: &Arc<Pool>, fresh: DatabaseConnection) -> Arc<Pool> {
        if Arc::ptr_eq(&self.current, silent) {
            silent.retire();
            self.left.push(Instant::now());
            self.current = Pool::of(fresh);
            warn!("the database was silent for too long; its connections are replaced");
        }
        Arc::clone(&self.current)
    }
}
