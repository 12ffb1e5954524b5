//! Removing what is over.

use chrono::{DateTime, Utc};
use sea_orm::sea_query::{Cond, Condition, Expr, ExprTrait, Order, Query, SelectStatement};
use sea_orm::{ConnectionTrait, DbErr};

use crate::domain::Contract;
use crate::service::{Over, Place, SessionError, Swept};

use super::super::tries::persistently;
use super::{CUT_OFF, SESSION, SqlSessionStore};

/// What sessions are swept by, and cut-offs found by.
const ID: &str = "id";
const USER: &str = "user_hash";

impl SqlSessionStore {
    /// Where a sweep begins; nowhere if there is no session.
    pub(super) async fn first_place(&self) -> Result<Option<Place>, SessionError> {
        let last = select(SESSION, ID)
            .order_by(ID, Order::Desc)
            .limit(1)
            .take();
        let after = String::new();
        let end = self.keys(&last).await?.pop();
        Ok(end.map(|end| Place { after, end }))
    }

    /// One stretch of a sweep.
    pub(super) async fn sweep_from(
        &self,
        place: Place,
        over: Over,
        limit: u64,
    ) -> Result<Swept, SessionError> {
        let Place { after, end } = place;
        let behind = Expr::col(ID).gt(after);
        let last = select(SESSION, ID)
            .and_where(behind.clone())
            .and_where(Expr::col(ID).lt(end.as_str()))
            .order_by(ID, Order::Asc)
            .limit(1)
            .offset(limit.saturating_sub(1))
            .take();
        let last = self.keys(&last).await?.pop();

        let up_to = last.as_ref().unwrap_or(&end).as_str();
        let some = select(SESSION, ID)
            .and_where(behind)
            .and_where(Expr::col(ID).lte(up_to))
            .cond_where(is_over(over))
            .take();
        let removed = self.remove(SESSION, ID, &some, is_over(over)).await;
        let next = last.map(|after| Place { after, end });
        Ok(Swept { removed, next })
    }

    /// [`crate::service::SessionStore::remove_cut_offs`].
    pub(super) async fn remove_moot(
        &self,
        before: DateTime<Utc>,
        limit: u64,
    ) -> Result<u64, SessionError> {
        let is_moot = Cond::all().add(is_before("valid_after", before));
        let some = select(CUT_OFF, USER)
            .cond_where(is_moot.clone())
            .limit(limit)
            .take();
        self.remove(CUT_OFF, USER, &some, is_moot).await
    }

    /// Removes those of `some` that are still `old`; how many they were.
    async fn remove(
        &self,
        table: &'static str,
        key: &'static str,
        some: &SelectStatement,
        old: Condition,
    ) -> Result<u64, SessionError> {
        let keys = self.keys(some).await?;
        if keys.is_empty() {
            // On SQLite whoever removes nothing is still in the way of all who write.
            return Ok(0);
        }
        // What came back to life in between no longer fits the second condition.
        let delete = Query::delete()
            .from_table(table)
            .and_where(Expr::col(key).is_in(keys))
            .cond_where(old)
            .take();
        self.execute(delete).await
    }

    /// The only column of what is selected.
    async fn keys(&self, select: &SelectStatement) -> Result<Vec<String>, SessionError> {
        self.in_time(async {
            let rows = persistently(|| self.connection.query_all(select)).await?;
            let keys = rows.iter().map(|row| row.try_get_by_index(0));
            keys.collect::<Result<_, DbErr>>()
        })
        .await
    }
}

fn select(table: &'static str, key: &'static str) -> SelectStatement {
    Query::select().column(key).from(table).take()
}

fn is_over(over: Over) -> Condition {
    // Those with refresh tokens are extended by a refresh alone, whatever the settings say.
    let has_refresh_token = Expr::col("contract").ne(Contract::ExpiredToken.word());
    let is_too_old = is_before("started_at", over.started).or(has_refresh_token);
    Cond::all()
        .add(is_before("expires_at", over.expired))
        .add(is_too_old)
}

fn is_before(column: &'static str, time: DateTime<Utc>) -> Expr {
    Expr::col(column).lt(time.timestamp())
}
