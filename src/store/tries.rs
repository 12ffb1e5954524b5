//! Statements that are run again.

use sea_orm::DbErr;
use tracing::info;

use super::errors::{is_broken_connection, is_refusal, is_serialization_failure};

/// How often a statement is run that another transaction is in the way of.
const TRIES: usize = 4;

/// How often a statement is run whose connection turns out to be broken: once more than the pool
/// has connections, unless it was made larger.
const CONNECTIONS: usize = 6;

/// How often a start asks something of a database that has no time for it.
const PATIENCE: usize = 4;

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

/// Runs a query of a start, again where the server gave it up, or never said a word: a database that
/// has no time at that moment ends no start. Only for what changes nothing.
pub(super) async fn patiently<T, Run: Future<Output = Result<T, DbErr>>>(
    run: impl Fn() -> Run,
) -> Result<T, DbErr> {
    for _ in 1..PATIENCE {
        match run().await {
            Err(error) if !is_refusal(&error) => info!(%error, "asking the database once more"),
            done => return done,
        }
    }
    run().await
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;
    use std::cell::Cell;
    use std::error::Error;
    use std::fmt;

    use sea_orm::sqlx::error::{DatabaseError, ErrorKind};
    use sea_orm::{ConnAcquireErr, RuntimeErr};

    use super::*;

    /// What a server says with that SQLSTATE.
    #[derive(Debug)]
    struct Said(&'static str);

    impl fmt::Display for Said {
        fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
            formatter.write_str(self.0)
        }
    }

    impl Error for Said {}

    impl DatabaseError for Said {
        fn message(&self) -> &str {
            self.0
        }

        fn code(&self) -> Option<Cow<'_, str>> {
            Some(self.0.into())
        }

        fn as_error(&self) -> &(dyn Error + Send + Sync + 'static) {
            self
        }

        fn as_error_mut(&mut self) -> &mut (dyn Error + Send + Sync + 'static) {
            self
        }

        fn into_error(self: Box<Self>) -> Box<dyn Error + Send + Sync + 'static> {
            self
        }

        fn kind(&self) -> ErrorKind {
            ErrorKind::Other
        }
    }

    fn said(code: &'static str) -> DbErr {
        let error = sea_orm::sqlx::Error::from(Said(code));
        DbErr::Query(RuntimeErr::SqlxError(error.into()))
    }

    /// How often a query runs that comes to nothing else than that error, but for one try; and whether
    /// it was answered in the end.
    async fn runs(error: &DbErr, answered_at: usize) -> (usize, bool) {
        let runs = Cell::new(0);
        let query = async || {
            runs.set(runs.get() + 1);
            if runs.get() == answered_at {
                return Ok(());
            }
            Err(error.clone())
        };
        let answered = patiently(query).await.is_ok();
        (runs.get(), answered)
    }

    #[tokio::test]
    async fn what_was_given_up_at_a_start_is_asked_again() {
        let no_connection = DbErr::ConnectionAcquire(ConnAcquireErr::Timeout);
        let given_up = ["57014", "55P03", "70100"].map(said);
        for error in given_up.iter().chain([&no_connection]) {
            assert_eq!(runs(error, 3).await, (3, true), "{error:?}");
            let never = runs(error, usize::MAX).await;
            assert_eq!(never, (PATIENCE, false), "{error:?}");
        }
    }

    #[tokio::test]
    async fn what_the_server_refuses_at_a_start_is_asked_once() {
        for error in ["42501", "42P01", "42000"].map(said) {
            assert_eq!(runs(&error, 3).await, (1, false), "{error:?}");
        }
    }
}
