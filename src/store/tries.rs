//! Statements that are run again.

use sea_orm::DbErr;

use super::errors::{is_broken_connection, is_serialization_failure};

/// How often a statement is run that another transaction is in the way of.
const TRIES: usize = 4;

/// How often a statement is run whose connection turns out to be broken: once more than the pool
/// has connections, unless it was made larger.
const CONNECTIONS: usize = 6;

/// Runs a statement, again where another transaction was in its way: that is how databases with
/// strict isolation (`SERIALIZABLE`, `REPEATABLE READ`) and deadlocks want it. Safe, since each
/// statement is a transaction of its own that was rolled back.
///
/// And again where its connection was broken. Then the statement may have been run, unseen; to run a
/// change twice is safe as well, since its conditions hold but once: who has made it himself is told
/// that he lost to somebody, looks, and finds what he wanted.
pub(super) async fn persistently<T, Run: Future<Output = Result<T, DbErr>>>(
    run: impl Fn() -> Run,
) -> Result<T, DbErr> {
    let (mut conflicts, mut breaks) = (1, 1);
    loop {
        match run().await {
            Err(error) if is_serialization_failure(&error) && conflicts < TRIES => conflicts += 1,
            Err(error) if is_broken_connection(&error) && breaks < CONNECTIONS => breaks += 1,
            done => return done,
        }
    }
}
