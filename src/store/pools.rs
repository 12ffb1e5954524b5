//! The pool that is used, and those that gave way to it.
//!
//! *Why a pool does not always give way.* A table that somebody has locked is as silent as a network,
//! and behind each connection that was left waits a process of the server, which may be somebody
//! else's. So there are only a few pools that were left within a while and still have such connections.
//! Those of a server that was merely slow are gone as soon as it has answered.

use std::mem;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use sea_orm::DatabaseConnection;
use tokio::time::Instant;
use tracing::warn;

use super::pool::Pool;

/// How many pools that were left within a while still have connections, at most.
const MOST_LEFT: usize = 3;
const WHILE: Duration = Duration::from_mins(5);

/// A pool, and those that were there before.
pub(super) struct Pools {
    current: Arc<Pool>,
    /// Those that were left, and when.
    left: Vec<(Arc<Pool>, Instant)>,
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
        // What comes back late to one of them is closed with it.
        self.left
            .retain(|(pool, since)| pool.is_waited_for() && since.elapsed() < WHILE);
        (pool, self.left.len() < MOST_LEFT)
    }

    /// The pool to use in the place of `silent`.
    pub(super) fn replace(&mut self, silent: &Arc<Pool>, fresh: DatabaseConnection) -> Arc<Pool> {
        if Arc::ptr_eq(&self.current, silent) {
            silent.retire();
            let left = mem::replace(&mut self.current, Pool::of(fresh));
            self.left.push((left, Instant::now()));
            warn!("the database was silent for too long; its connections are replaced");
        }
        Arc::clone(&self.current)
    }
}
