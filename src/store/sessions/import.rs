//! Many sessions at once, those that are not there yet.
//!
//! *Why two ways.* PostgreSQL and SQLite have a clause for it. That of MySQL, `ON DUPLICATE KEY
//! UPDATE`, cannot say how many rows were new (the driver asks for those found, not for those
//! changed), and locks the others, which may be refreshed at this moment; `IGNORE` ignores other
//! errors as well. So there we look first. PostgreSQL must not: it makes its plan for the look
//! while the table is empty, and keeps reading all of it when it is full.

use std::collections::HashSet;

use async_trait::async_trait;
use sea_orm::sea_query::{Expr, ExprTrait, InsertStatement, OnConflict, Query};
use sea_orm::{ConnectionTrait, DbErr};

use crate::domain::Session;
use crate::service::{Change, SessionError, SessionImport};

use super::super::connections::Connections;
use super::super::dialect::Dialect;
use super::{SESSION, SqlSessionStore, row};

/// How often it is looked who is there. Each time but the last, another import had just written
/// some of the same sessions down.
const LOOKS: usize = 16;

#[async_trait]
impl SessionImport for SqlSessionStore {
    #[tracing::instrument(name = "store.session.begin_absent", level = "debug", skip_all)]
    async fn begin_absent(&self, sessions: &[Session]) -> Result<u64, SessionError> {
        let mut sessions: Vec<_> = sessions.iter().collect();
        if sessions.is_empty() {
            return Ok(0);
        }
        // Two imports that take the same ones in another order would wait for each other.
        sessions.sort_by_key(|session| session.id.0);
        match Dialect::of(&self.connection) {
            Dialect::MySql => self.begin_unseen(&sessions).await,
            Dialect::Postgres | Dialect::Sqlite => {
                let absent = OnConflict::column("id").do_nothing().to_owned();
                let statement = insert(&sessions).on_conflict(absent).take();
                self.execute(statement).await
            }
        }
    }
}

impl SqlSessionStore {
    async fn begin_unseen(&self, sessions: &[&Session]) -> Result<u64, SessionError> {
        for _ in 0..LOOKS {
            let present = present(&self.connection, sessions);
            let mut seen = self.in_time(present).await?;
            let mut absent = sessions.to_vec();
            absent.retain(|session| seen.insert(session.id.to_string()));
            if absent.is_empty() {
                return Ok(0);
            }
            if self.unless_taken(insert(&absent)).await? == Change::Done {
                return Ok(absent.len() as u64);
            }
        }
        Err(SessionError::Contended)
    }
}

/// The ids of those that are written down.
pub(super) async fn present(
    connection: &Connections,
    sessions: &[&Session],
) -> Result<HashSet<String>, DbErr> {
    let ids = sessions.iter().map(|session| session.id.to_string());
    let select = Query::select()
        .column("id")
        .from(SESSION)
        .and_where(Expr::col("id").is_in(ids))
        .take();
    let rows = connection.query_all(&select).await?;
    rows.iter().map(|row| row.try_get("", "id")).collect()
}

/// Writes them down, all or none.
pub(super) fn insert(sessions: &[&Session]) -> InsertStatement {
    let mut insert = Query::insert();
    insert.into_table(SESSION).columns(row::COLUMNS);
    for session in sessions {
        insert.values_panic(row::values(session).map(Expr::from));
    }
    insert
}
