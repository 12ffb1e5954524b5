//! The pool that is used, and those that gave way to it.
//!
//! *Why a pool does not always give way.* A table that somebody has locked is as silent as a network,
//! and behind each connection that was left waits a process of the server, which may be somebody
//! else's. So there are only a few pools that were left within a while and still have such connections.
//!
//! *Why no more often.* Those of a server that is merely slow are gone as soon as it has answered. But
//! each new pool is more work for it.

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

/// Between two of them, once there were so many.
const PAUSE: Duration = Duration::from_secs(10);

/// A pool, and those that were there before.
pub(super) struct Pools {
    current: Arc<Pool>,
    /// The last ones that were left, the latest at the end.
    left: Vec<Left>,
}

struct Left {
    at: Instant,
    /// None once it has no connection any more that somebody waits for.
    pool: Option<Arc<Pool>>,
}

impl Left {
    /// Lets go of a pool to which everything came back; what came late is closed with it.
    fn tidy(&mut self) {
        self.pool.take_if(|pool| !pool.is_waited_for());
    }
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
    pub(super) fn current(&mut self, now: Instant) -> (Arc<Pool>, bool) {
        self.left.retain(|left| now - left.at < WHILE);
        self.left.iter_mut().for_each(Left::tidy);
        let pool = Arc::clone(&self.current);
        if !pool.is_silent.load(Ordering::SeqCst) {
            return (pool, false);
        }
        if !pool.has_lost() {
            // No connection could be made; the next one may be.
            pool.is_silent.store(false, Ordering::SeqCst);
            return (pool, false);
        }
        (pool, self.may_leave_one(now))
    }

    fn may_leave_one(&self, now: Instant) -> bool {
        let waited_for = self.left.iter().filter(|left| left.pool.is_some()).count();
        let is_long_ago = |left: &Left| now - left.at >= PAUSE;
        let is_often = self.left.len() >= MOST_LEFT;
        waited_for < MOST_LEFT && (!is_often || self.left.last().is_some_and(is_long_ago))
    }

    /// The pool to use in the place of `silent`.
    pub(super) fn replace(&mut self, silent: &Arc<Pool>, fresh: DatabaseConnection) -> Arc<Pool> {
        if Arc::ptr_eq(&self.current, silent) {
            silent.retire();
            let pool = Some(mem::replace(&mut self.current, Pool::of(fresh)));
            let at = Instant::now();
            self.left.push(Left { at, pool });
            warn!("the database was silent for too long; its connections are replaced");
        }
        Arc::clone(&self.current)
    }
}

#[cfg(test)]
mod tests {
    use std::iter;

    use sea_orm::Database;

    use super::super::lent::Lent;
    use super::*;

    async fn database() -> DatabaseConnection {
        Database::connect("sqlite::memory:").await.unwrap()
    }

    /// Leaves one pool after the other, until none may be left any more; returns how many they were,
    /// and the connections that are waited for.
    async fn leave_all(pools: &mut Pools) -> (usize, Vec<Lent>) {
        let mut waited_for = Vec::new();
        for left in iter::successors(Some(0), |left| Some(left + 1)) {
            let pool = Arc::clone(&pools.current);
            waited_for.push(Lent::by(&pool.connection).await.unwrap());
            pool.is_silent.store(true, Ordering::SeqCst);
            if !pools.current(Instant::now()).1 {
                return (left, waited_for);
            }
            pools.replace(&pool, database().await);
        }
        unreachable!("there is a bound")
    }

    #[tokio::test]
    async fn pools_that_are_waited_for_are_few_until_a_while_has_passed() {
        let mut pools = Pools::beginning_with(database().await);
        let (left, _waited_for) = leave_all(&mut pools).await;
        let now = Instant::now();

        assert_eq!(left, MOST_LEFT);
        assert!(!pools.current(now + PAUSE).1);
        assert!(pools.current(now + WHILE).1);
    }

    #[tokio::test]
    async fn pools_to_which_everything_came_back_make_room_after_a_pause() {
        let mut pools = Pools::beginning_with(database().await);
        let (_, mut waited_for) = leave_all(&mut pools).await;
        let _of_the_current_one = waited_for.pop();
        waited_for.into_iter().for_each(Lent::close);
        let now = pools.left.last().unwrap().at;

        assert!(!pools.current(now).1);
        assert!(pools.left.iter().all(|left| left.pool.is_none()));
        assert!(pools.current(now + PAUSE).1);
    }
}
