//! The service's own sessions: one row each, changed by one conditional statement at a time.
//!
//! Nothing in a row lets anybody make or recognise a token: ids and generations are in every
//! token anyway, and without the key they are worth nothing.

mod changes;
mod cut_offs;
mod import;
mod measure;
mod of_user;
mod row;
mod run;
mod standings;
mod sweep;

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use sea_orm::ConnectionTrait;
use sea_orm::sea_query::{Expr, ExprTrait, Query};

use crate::domain::{Handle, Revocation, Session, SessionId, SessionName, Standing};
use crate::metrics::StatementMeter;
use crate::service::{Change, Over, Place, Rotation, SessionError, SessionStore, Swept};

use super::batched::{BatchError, Batched, InTime};
use super::connections::Connections;
use super::dialect::Dialect;
use super::ping::Ping;
use changes::{Beginning, Beginnings, Beside, Rotations};
use cut_offs::revoke_all;
use run::change;
use standings::{ByName, NameColumn};

pub(super) use standings::Standings;

const SESSION: &str = "remint_session";
const CUT_OFF: &str = "remint_cut_off";

/// Sessions in a database.
pub struct SqlSessionStore {
    connection: Connections,
    deadline: Duration,
    standings: Batched<Standings>,
    by_handle: Batched<ByName>,
    by_id: Batched<ByName>,
    ping: Batched<Ping>,
    beginnings: Batched<Beginnings>,
    rotations: Batched<Rotations>,
    /// Of statements that nobody shares.
    meter: OnceLock<StatementMeter>,
}

impl SqlSessionStore {
    /// Sessions behind `connection`; each statement has `deadline` to finish.
    pub fn new(connection: impl Into<Connections>, deadline: Duration) -> Self {
        let connection = connection.into();
        let by_name = |column| Batched::new(ByName::new(connection.clone(), column), deadline);
        Self {
            standings: Batched::new(Standings::new(connection.clone()), deadline),
            by_handle: by_name(NameColumn::Handle),
            by_id: by_name(NameColumn::Id),
            ping: Batched::new(Ping(connection.clone()), deadline),
            beginnings: Batched::new(Beginnings::new(connection.clone()), deadline),
            rotations: Batched::new(Rotations::new(connection.clone()), deadline),
            connection,
            deadline,
            meter: OnceLock::new(),
        }
    }

    /// What reads what is known about sessions.
    pub(super) fn standings(&self) -> Arc<InTime<Standings>> {
        self.standings.in_time()
    }

    /// Writes a session down; nothing if that was lost.
    async fn begun(
        &self,
        session: &Session,
        issued_at: Option<DateTime<Utc>>,
    ) -> Result<Option<Beside>, SessionError> {
        // MySQL would lock what the statement looks at, and whoever logs a user out everywhere would
        // wait for all who begin.
        if Dialect::of(&self.connection) == Dialect::MySql
            && let Some(issued_at) = issued_at
        {
            let standing = self.standing(session.id, &session.user_key).await?;
            if standing.session.is_some() || standing.admit(issued_at).is_err() {
                return Ok(None);
            }
        }
        let session = session.clone();
        let beginning = Beginning { session, issued_at };
        Ok(self.beginnings.change(beginning).await?)
    }
}

#[async_trait]
impl SessionStore for SqlSessionStore {
    #[tracing::instrument(name = "store.session.standing", level = "debug", skip_all)]
    async fn standing(&self, id: SessionId, user_key: &str) -> Result<Standing, SessionError> {
        let question = (id, user_key.to_owned());
        Ok(self.standings.ask(question).await?)
    }

    #[tracing::instrument(name = "store.session.locate", level = "debug", skip_all)]
    async fn locate(&self, name: SessionName) -> Result<Standing, SessionError> {
        let batched = match name {
            SessionName::Handle(_) => &self.by_handle,
            SessionName::Id(_) => &self.by_id,
        };
        Ok(batched.ask(name).await?)
    }

    async fn find(&self, id: SessionId) -> Result<Option<Session>, SessionError> {
        Ok(self.locate(SessionName::Id(id)).await?.session)
    }

    #[tracing::instrument(name = "store.session.of_user", level = "debug", skip_all)]
    async fn of_user(&self, user_key: &str) -> Result<Vec<Session>, SessionError> {
        let select = of_user::of_user(Dialect::of(&self.connection), user_key);
        let listed = self.in_time(async {
            let rows = self.connection.query_all(&select).await?;
            rows.iter().map(row::session).collect()
        });
        self.followed("list", listed).await
    }

    #[tracing::instrument(name = "store.session.begin", level = "debug", skip_all)]
    async fn begin(&self, session: &Session) -> Result<Change, SessionError> {
        let begun = self.begun(session, None).await?;
        Ok(begun.map_or(Change::Lost, |_| Change::Done))
    }

    #[tracing::instrument(name = "store.session.begin_and_look", level = "debug", skip_all)]
    async fn begin_and_look(
        &self,
        session: &Session,
        issued_at: Option<DateTime<Utc>>,
    ) -> Result<Option<Standing>, SessionError> {
        let Some(Beside { cut_off }) = self.begun(session, issued_at).await? else {
            return Ok(None);
        };
        let cut_off = match Dialect::of(&self.connection) {
            Dialect::Sqlite => cut_off,
            Dialect::MySql | Dialect::Postgres => {
                // The session need not be read again.
                self.cut_off_of(&session.user_key).await?
            }
        };
        let session = Some(session.clone());
        Ok(Some(Standing { session, cut_off }))
    }

    #[tracing::instrument(name = "store.session.rotate", level = "debug", skip_all)]
    async fn rotate(&self, id: SessionId, rotation: Rotation) -> Result<Change, SessionError> {
        // The statement that changes the row has the conditions, so two racing calls cannot both see
        // `from` as current, and none that began before a logout can finish after it.
        Ok(self.rotations.change((id, rotation)).await?)
    }

    #[tracing::instrument(name = "store.session.give_handle", level = "debug", skip_all)]
    async fn give_handle(&self, id: SessionId, handle: Handle) -> Result<Change, SessionError> {
        let update = Query::update()
            .table(SESSION)
            .value("handle", row::handle_number(handle))
            .and_where(Expr::col("id").eq(id.to_string()))
            .and_where(Expr::col("handle").is_null())
            .take();
        self.unless_taken(update).await
    }

    #[tracing::instrument(name = "store.session.revoke", level = "debug", skip_all)]
    async fn revoke(
        &self,
        id: SessionId,
        because: Revocation,
        at: DateTime<Utc>,
    ) -> Result<Change, SessionError> {
        let update = Query::update()
            .table(SESSION)
            .value("revoked_at", at.timestamp())
            .value("revoked_because", because.word())
            .and_where(Expr::col("id").eq(id.to_string()))
            .and_where(Expr::col("revoked_at").is_null())
            .take();
        self.execute(update).await.map(change)
    }

    #[tracing::instrument(name = "store.session.cut_off", level = "debug", skip_all)]
    async fn cut_off(&self, user_key: &str, at: DateTime<Utc>) -> Result<(), SessionError> {
        self.move_cut_off(user_key, at).await?;
        // After the cut-off, so that a session begun in between is refused by the one or the
        // other; and rotations in flight find their row revoked.
        self.execute(revoke_all(user_key, at)).await?;
        Ok(())
    }

    #[tracing::instrument(name = "store.session.cut_off_as_of", level = "debug", skip_all)]
    async fn cut_off_as_of(&self, user_key: &str, at: DateTime<Utc>) -> Result<(), SessionError> {
        self.move_cut_off(user_key, at).await?;
        let mut sessions = revoke_all(user_key, at);
        sessions.and_where(Expr::col("rotated_at").lte(at.timestamp()));
        self.execute(sessions).await?;
        Ok(())
    }

    #[tracing::instrument(name = "store.session.sweep", level = "debug", skip_all)]
    async fn sweep(
        &self,
        over: Over,
        place: Option<Place>,
        limit: u64,
    ) -> Result<Swept, SessionError> {
        let begun = match place {
            None => self.first_place().await?,
            begun => begun,
        };
        match begun {
            None => Ok(Swept {
                removed: Ok(0),
                next: None,
            }),
            Some(place) => self.sweep_from(place, over, limit).await,
        }
    }

    #[tracing::instrument(name = "store.session.remove_cut_offs", level = "debug", skip_all)]
    async fn remove_cut_offs(
        &self,
        before: DateTime<Utc>,
        limit: u64,
    ) -> Result<u64, SessionError> {
        self.remove_moot(before, limit).await
    }

    async fn ping(&self) -> Result<(), SessionError> {
        Ok(self.ping.ask(()).await?)
    }
}

impl From<BatchError> for SessionError {
    fn from(error: BatchError) -> Self {
        match error {
            BatchError::Database(error) => Self::Unavailable(error.into()),
            BatchError::Timeout => Self::Timeout,
        }
    }
}
