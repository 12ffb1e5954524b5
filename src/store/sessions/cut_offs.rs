//! Cut-offs: writing them down, and ending what they find.

use chrono::{DateTime, Utc};
use sea_orm::sea_query::{Expr, ExprTrait, Query, UpdateStatement};

use crate::domain::Revocation;
use crate::service::{Change, SessionError};

use super::{CUT_OFF, SESSION, SqlSessionStore, row};

impl SqlSessionStore {
    /// Writes the cut-off down, unless it lies later already.
    pub(super) async fn move_cut_off(
        &self,
        user_key: &str,
        at: DateTime<Utc>,
    ) -> Result<(), SessionError> {
        let (hash, at) = (row::user_hash(user_key), at.timestamp());
        let forward = Query::update()
            .table(CUT_OFF)
            .value("valid_after", at)
            .and_where(Expr::col("user_hash").eq(hash.as_str()))
            .and_where(Expr::col("valid_after").lt(at))
            .take();
        let first = Query::insert()
            .into_table(CUT_OFF)
            .columns(["user_hash", "user_key", "valid_after"])
            .values_panic([hash.as_str().into(), user_key.into(), at.into()])
            .take();
        if self.execute(forward.clone()).await? == 0
            && self.unless_taken(first).await? == Change::Lost
        {
            // The row is there: it lies later already, or another call has just written an
            // earlier one.
            self.execute(forward).await?;
        }
        Ok(())
    }
}

/// Ends the sessions of a user that have not ended.
pub(super) fn revoke_all(user_key: &str, at: DateTime<Utc>) -> UpdateStatement {
    Query::update()
        .table(SESSION)
        .value("revoked_at", at.timestamp())
        .value("revoked_because", Revocation::Logout.word())
        .and_where(Expr::col("user_hash").eq(row::user_hash(user_key)))
        .and_where(Expr::col("revoked_at").is_null())
        .take()
}
