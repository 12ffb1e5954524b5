//! Running statements: in time, and knowing a row that was there before.

use sea_orm::{ConnectionTrait, DbErr, ExecResult, SqlErr, StatementBuilder};
use tokio::time::timeout;

use crate::service::{Change, SessionError, begin_change};

use super::super::batched::begins_soon;
use super::super::tries::persistently;
use super::SqlSessionStore;

impl SqlSessionStore {
    pub(super) async fn in_time<T>(
        &self,
        work: impl Future<Output = Result<T, DbErr>>,
    ) -> Result<T, SessionError> {
        match timeout(self.deadline, work).await {
            Ok(done) => done.map_err(|error| SessionError::Unavailable(error.into())),
            Err(_) => Err(SessionError::Timeout),
        }
    }

    pub(super) async fn execute(
        &self,
        statement: impl StatementBuilder,
    ) -> Result<u64, SessionError> {
        self.measured(async { Ok(self.run(&statement).await?.rows_affected()) })
            .await
    }

    async fn run(&self, statement: &impl StatementBuilder) -> Result<ExecResult, DbErr> {
        begin_change();
        let connection = begins_soon(&self.connection, self.deadline);
        persistently(|| connection.execute(statement)).await
    }

    /// A statement that may find another row with the same key.
    pub(super) async fn unless_taken(
        &self,
        statement: impl StatementBuilder,
    ) -> Result<Change, SessionError> {
        self.measured(async {
            match self.run(&statement).await {
                Ok(done) => Ok(change(done.rows_affected())),
                Err(error) => match error.sql_err() {
                    Some(SqlErr::UniqueConstraintViolation(_)) => Ok(Change::Lost),
                    _ => Err(error),
                },
            }
        })
        .await
    }
}

/// One row at most: the statements name the whole primary key.
pub(super) fn change(rows: u64) -> Change {
    if rows == 0 {
        Change::Lost
    } else {
        Change::Done
    }
}
