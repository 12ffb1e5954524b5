//! Changes of one session at a time, for databases that cannot share them.

use chrono::{DateTime, Utc};
use sea_orm::sea_query::{Expr, ExprTrait, Query};

use crate::domain::{Session, SessionId};
use crate::service::{Change, Rotation, SessionError};

use super::run::change;
use super::{CUT_OFF, SESSION, SqlSessionStore, import, row};

impl SqlSessionStore {
    /// Writes a session down, unless its user's cut-off is at `issued_at` or later.
    pub(super) async fn begin_alone(
        &self,
        session: &Session,
        issued_at: Option<DateTime<Utc>>,
    ) -> Result<Change, SessionError> {
        let Some(issued_at) = issued_at else {
            return self.unless_taken(import::insert(&[session])).await;
        };
        let cut_off = Query::select()
            .column("valid_after")
            .from(CUT_OFF)
            .and_where(Expr::col("user_hash").eq(row::user_hash(&session.user_key)))
            .take();
        let is_dead = Expr::SubQuery(None, Box::new(cut_off.into())).gte(issued_at.timestamp());
        // Not every version has a condition without a table.
        let login = Query::select().expr_as(1, "login").take();
        let row = Query::select()
            .exprs(row::values(session).map(Expr::val))
            .from_subquery(login, "login")
            .and_where(Expr::cust_with_expr("? IS NOT TRUE", is_dead))
            .take();
        let mut insert = Query::insert();
        insert.into_table(SESSION).columns(row::COLUMNS);
        let written = insert.select_from(row);
        written.map_err(|error| SessionError::Unavailable(error.into()))?;
        self.unless_taken(insert).await
    }

    /// Makes a step, if the session is at its beginning.
    pub(super) async fn rotate_alone(
        &self,
        id: SessionId,
        step: &Rotation,
    ) -> Result<Change, SessionError> {
        let update = Query::update()
            .table(SESSION)
            .value("generation", row::number(step.to))
            .value("rotated_at", step.at.timestamp())
            .value("expires_at", step.expires_at.timestamp())
            .value("claims", row::claims_text(&step.claims))
            .and_where(Expr::col("id").eq(id.to_string()))
            .and_where(Expr::col("generation").eq(row::number(step.from)))
            .and_where(Expr::col("revoked_at").is_null())
            .and_where(Expr::col("expires_at").gt(step.at.timestamp()))
            .take();
        self.execute(update).await.map(change)
    }
}
