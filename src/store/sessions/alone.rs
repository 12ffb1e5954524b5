//! Changes of one session at a time, for databases that cannot share them.

use chrono::{DateTime, Utc};
use sea_orm::sea_query::{Expr, ExprTrait, Query};

use crate::domain::{Session, SessionId};
use crate::service::{Change, Rotation, SessionError, SessionStore as _};

use super::run::change;
use super::{SESSION, SqlSessionStore, import, row};

impl SqlSessionStore {
    /// Writes a session down, unless its user's cut-off is at `issued_at` or later.
    ///
    /// *Why two statements.* One that looks and writes locks what it has looked at, and whoever logs
    /// a user out everywhere would wait for all who begin.
    pub(super) async fn begin_alone(
        &self,
        session: &Session,
        issued_at: Option<DateTime<Utc>>,
    ) -> Result<Change, SessionError> {
        if let Some(issued_at) = issued_at {
            let standing = self.standing(session.id, &session.user_key).await?;
            if standing.session.is_some() || standing.admit(issued_at).is_err() {
                return Ok(Change::Lost);
            }
        }
        self.unless_taken(import::insert(&[session])).await
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
