//! Reading what is known about many sessions with one query.

use std::collections::HashMap;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use sea_orm::{DbErr, QueryResult, Value};

use crate::domain::{Session, SessionId, SessionName, Standing};

use super::super::batched::BatchStatement;
use super::super::connections::Connections;
use super::super::dialect::Dialect;
use super::super::values::{Statements, with_one_of};
use super::{CUT_OFF, row};

/// Both answers in one round trip; a cut-off stands where a session has `rotated_at`. `SESSIONS` and
/// `CUT_OFFS` stand for those that are asked for.
const STANDING: &str = "\
    SELECT contract, id, handle, user_key, generation, rotated_at, started_at, expires_at, revoked_at, \
        revoked_because, claims FROM SESSIONS \
    UNION ALL \
    SELECT 'remint_cut_off', '', NULL, user_key, 0, valid_after, 0, 0, NULL, NULL, NULL \
        FROM CUT_OFFS";

/// The same by another name; a user that is not known yet is found on the way.
const LOCATE: &str = "\
    SELECT contract, id, handle, s.user_key AS user_key, generation, rotated_at, started_at, \
        expires_at, revoked_at, revoked_because, claims, valid_after FROM ";
const WITH_CUT_OFF: &str =
    "remint_session s LEFT JOIN remint_cut_off c ON c.user_hash = s.user_hash";

/// Sessions with their users' cut-offs, where both are known.
pub(in crate::store) struct Standings {
    connection: Connections,
    statements: Statements,
}

impl Standings {
    pub(super) fn new(connection: Connections) -> Self {
        let dialect = Dialect::of(&connection);
        let statements = Statements::new(dialect, |size| {
            let sessions = with_one_of(dialect, (1, size), ("remint_session", "id"));
            let cut_offs = with_one_of(dialect, (2, size), ("remint_cut_off", "user_hash"));
            let standing = STANDING.replace("SESSIONS", &sessions);
            standing.replace("CUT_OFFS", &cut_offs)
        });
        Self {
            connection,
            statements,
        }
    }
}

#[async_trait]
impl BatchStatement for Standings {
    type Question = (SessionId, String);
    type Answer = Standing;

    const CHANGES: bool = false;

    fn connection(&self) -> &Connections {
        &self.connection
    }

    async fn run(
        &self,
        connection: &Connections,
        questions: &[(SessionId, String)],
    ) -> Result<Vec<Result<Standing, DbErr>>, DbErr> {
        let ids = questions.iter().map(|(id, _)| id.to_string().into());
        let hashes = questions
            .iter()
            .map(|(_, user)| row::user_hash(user).into());
        let lists = [ids.collect(), hashes.collect()];
        let (sql, values) = self.statements.with_lists(lists);
        let rows = connection.query(sql, values).await?;

        let mut sessions: HashMap<SessionId, Result<Session, DbErr>> = HashMap::new();
        let mut cut_offs: HashMap<String, Result<DateTime<Utc>, DbErr>> = HashMap::new();
        for row in &rows {
            if row.try_get::<String>("", "contract")? == CUT_OFF {
                cut_offs.insert(row.try_get("", "user_key")?, row::time(row, "rotated_at"));
            } else {
                sessions.insert(row::id(row)?, row::session(row));
            }
        }
        let standing = |(id, user): &(SessionId, String)| {
            Ok(Standing {
                session: sessions.get(id).cloned().transpose()?,
                cut_off: cut_offs.get(user).cloned().transpose()?,
            })
        };
        Ok(questions.iter().map(standing).collect())
    }
}

/// What finds a session whose user is not known yet.
#[derive(Debug, Clone, Copy)]
pub(super) enum NameColumn {
    Handle,
    Id,
}

/// Sessions by one kind of name, with their users' cut-offs.
pub(super) struct ByName {
    connection: Connections,
    column: NameColumn,
    statements: Statements,
}

impl ByName {
    pub(super) fn new(connection: Connections, column: NameColumn) -> Self {
        let dialect = Dialect::of(&connection);
        let name = match column {
            NameColumn::Handle => "handle",
            NameColumn::Id => "id",
        };
        let statements = Statements::new(dialect, |size| {
            LOCATE.to_owned() + &with_one_of(dialect, (1, size), (WITH_CUT_OFF, name))
        });
        Self {
            connection,
            column,
            statements,
        }
    }

    /// What a row answers to.
    fn name(&self, row: &QueryResult) -> Result<Option<SessionName>, DbErr> {
        match self.column {
            NameColumn::Handle => Ok(row::handle(row)?.map(SessionName::Handle)),
            NameColumn::Id => row::id(row).map(|id| Some(SessionName::Id(id))),
        }
    }
}

#[async_trait]
impl BatchStatement for ByName {
    type Question = SessionName;
    type Answer = Standing;

    const CHANGES: bool = false;

    fn connection(&self) -> &Connections {
        &self.connection
    }

    async fn run(
        &self,
        connection: &Connections,
        questions: &[SessionName],
    ) -> Result<Vec<Result<Standing, DbErr>>, DbErr> {
        let names = questions.iter().map(|name| value(*name)).collect();
        let (sql, values) = self.statements.with_lists([names]);
        let rows = connection.query(sql, values).await?;

        let mut located: HashMap<SessionName, Result<Standing, DbErr>> = HashMap::new();
        for row in &rows {
            if let Some(name) = self.name(row)? {
                located.insert(name, row::located(row));
            }
        }
        let standing = |name| {
            located
                .get(name)
                .cloned()
                .unwrap_or_else(|| Ok(Standing::default()))
        };
        Ok(questions.iter().map(standing).collect())
    }
}

fn value(name: SessionName) -> Value {
    match name {
        SessionName::Handle(handle) => row::handle_number(handle).into(),
        SessionName::Id(id) => id.to_string().into(),
    }
}
