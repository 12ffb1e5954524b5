//! The first rows of sessions.

use std::collections::HashMap;
use std::{array, iter};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use sea_orm::{DbErr, QueryResult, Value};

use crate::domain::Session;
use crate::store::batched::BatchStatement;
use crate::store::connections::Connections;
use crate::store::dialect::Dialect;
use crate::store::values::Kind::NumberOrNull;
use crate::store::values::{Statements, rows};

use super::super::row;
use super::{counted, first_of_each};

/// The rows of sessions; `ROWS` stands for their columns, each with the time at which its login was
/// issued. Whatever stands in the way of one: its id, the handle of another session, or a cut-off.
const BEGIN: &str = "\
    INSERT INTO remint_session (COLUMNS) SELECT VALUES_OF_COLUMNS FROM ROWS AS login \
    WHERE ((SELECT valid_after FROM remint_cut_off AS c WHERE c.user_hash = login.USER_HASH) \
        >= login.ISSUED_AT) IS NOT TRUE \
    ON CONFLICT DO NOTHING RETURNING id, handle, ";

/// The user's cut-off beside it. SQLite has one writer at a time, so that whoever sets another comes
/// after the row and finds it.
const CUT_OFF_BESIDE: &str = "(\
    SELECT valid_after FROM remint_cut_off AS c WHERE c.user_hash = remint_session.user_hash\
    ) AS valid_after";

/// Elsewhere one may be set at this moment and see as little of the row as is seen of it here.
const CUT_OFF_UNKNOWN: &str = "CAST(NULL AS bigint) AS valid_after";

/// What is known of the user of a session that was written down.
#[derive(Clone, Copy)]
pub(in crate::store::sessions) struct Beside {
    /// The cut-off; also none where that could not be told.
    pub(in crate::store::sessions) cut_off: Option<DateTime<Utc>>,
}

impl Beside {
    fn read(row: &QueryResult) -> Result<Self, DbErr> {
        let cut_off = row::cut_off(row)?;
        Ok(Self { cut_off })
    }
}

/// The first row of a session.
#[derive(Clone)]
pub(in crate::store::sessions) struct Beginning {
    pub(in crate::store::sessions) session: Session,
    /// When its login was issued; none if no cut-off stands in its way.
    pub(in crate::store::sessions) issued_at: Option<DateTime<Utc>>,
}

impl Beginning {
    /// Its row, and when its login was issued.
    fn values(&self) -> [Value; row::COLUMNS.len() + 1] {
        let issued_at = Value::BigInt(self.issued_at.map(|at| at.timestamp()));
        let mut row = row::values(&self.session).into_iter();
        array::from_fn(|_| row.next().unwrap_or_else(|| issued_at.clone()))
    }
}

/// The first rows of sessions.
pub(in crate::store::sessions) struct Beginnings {
    connection: Connections,
    rows: Rows,
}

/// What writes them down.
enum Rows {
    Counted,
    Returned(Statements),
}

impl Beginnings {
    pub(in crate::store::sessions) fn new(connection: Connections) -> Self {
        let rows = match Dialect::of(&connection) {
            Dialect::MySql => Rows::Counted,
            dialect @ Dialect::Postgres => Rows::Returned(returned(dialect, CUT_OFF_UNKNOWN)),
            dialect @ Dialect::Sqlite => Rows::Returned(returned(dialect, CUT_OFF_BESIDE)),
        };
        Self { connection, rows }
    }
}

fn returned(dialect: Dialect, beside: &str) -> Statements {
    let column = |index: usize| format!("column{}", index + 1);
    let user_hash = row::COLUMNS.iter().position(|name| *name == "user_hash");
    let values: Vec<_> = (0..row::COLUMNS.len()).map(column).collect();
    let insert = BEGIN
        .replace("VALUES_OF_COLUMNS", &values.join(", "))
        .replace("COLUMNS", &row::COLUMNS.join(", "))
        .replace("USER_HASH", &column(user_hash.unwrap_or_default()))
        .replace("ISSUED_AT", &column(row::COLUMNS.len()));
    let kinds: Vec<_> = row::KINDS.into_iter().chain([NumberOrNull]).collect();
    Statements::new(dialect, |size| {
        insert.replace("ROWS", &rows(dialect, &kinds, size)) + beside
    })
}

#[async_trait]
impl BatchStatement for Beginnings {
    type Question = Beginning;
    type Answer = Option<Beside>;

    const CHANGES: bool = true;

    fn connection(&self) -> &Connections {
        &self.connection
    }

    async fn run(
        &self,
        connection: &Connections,
        questions: &[Beginning],
    ) -> Result<Vec<Result<Option<Beside>, DbErr>>, DbErr> {
        let change = |Beginning { session, .. }: &Beginning| (session.id, session.handle);
        let wanted: Vec<_> = questions.iter().map(change).collect();
        let first = first_of_each(&wanted);
        let logins = questions.iter().zip(&first).filter(|(_, first)| **first);
        let logins = logins.map(|(beginning, _)| beginning);
        let made = match &self.rows {
            Rows::Counted => {
                let sessions = logins.map(|it| &it.session).collect();
                let made = counted::begin(connection, sessions).await?;
                let made = made.into_iter().map(|it| (it.id, it.handle));
                made.zip(iter::repeat(Beside { cut_off: None })).collect()
            }
            Rows::Returned(statements) => {
                let logins = logins.map(Beginning::values).collect();
                let (sql, values) = statements.with_rows(logins);
                let begun = connection.query(sql, values).await?;
                let made = |row| Ok(((row::id(row)?, row::handle(row)?), Beside::read(row)?));
                let made = begun.iter().map(made);
                made.collect::<Result<HashMap<_, _>, DbErr>>()?
            }
        };
        let beside = |(wanted, first): (_, &bool)| made.get(wanted).copied().filter(|_| *first);
        Ok(wanted.iter().zip(&first).map(beside).map(Ok).collect())
    }
}
