//! Writing many sessions with one statement, so that one commit makes them all durable.
//!
//! A statement changes those rows whose conditions hold, and says which they were: to each caller
//! it is the conditional statement that it would have run alone. Of two callers that want the same
//! next generation of a session, or the same first row, only the first is in the statement; the other
//! has lost, as if another had been faster, and looks again.
//!
//! *Why not on MariaDB.* Its `UPDATE` does not say which rows it changed. It commits concurrent
//! transactions together by itself.

use std::array;
use std::collections::{HashMap, HashSet};
use std::hash::Hash;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use sea_orm::{DbErr, QueryResult, Value};

use crate::domain::{Session, SessionId};
use crate::service::{Change, Rotation};

use super::super::batched::BatchStatement;
use super::super::connections::Connections;
use super::super::dialect::Dialect;
use super::super::values::Kind::{Always, NumberOrNull, TextOrNull};
use super::super::values::{Kind, Statements, rows};
use super::row;

/// The step of each row; `ROWS` stands for id, old and new generation, time, end and claims, and
/// `IS_STEPS` for the comparison with an id.
const ROTATE: &str = "\
    UPDATE remint_session AS s SET generation = step.column3, rotated_at = step.column4, \
        expires_at = step.column5, claims = step.column6 \
    FROM ROWS AS step \
    WHERE s.id IS_STEPS AND s.generation = step.column2 AND s.revoked_at IS NULL \
        AND s.expires_at > step.column4 \
    RETURNING id, generation";

/// What a step's values are.
const STEP: [Kind; 6] = [Always, Always, Always, Always, Always, TextOrNull];

/// PostgreSQL is to look each row up. It keeps a plan that it made while there were few sessions, and by a
/// plain `=` it would read all of them to join them.
const LOOKED_UP: &str = "= ANY (ARRAY[step.column1])";

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

/// The steps of sessions to their next generations.
pub(super) struct Rotations {
    connection: Connections,
    statements: Statements,
}

impl Rotations {
    pub(super) fn new(connection: Connections) -> Self {
        let dialect = Dialect::of(&connection);
        let is_steps = match dialect {
            Dialect::Postgres => LOOKED_UP,
            Dialect::MySql | Dialect::Sqlite => "= step.column1",
        };
        let rotate = ROTATE.replace("IS_STEPS", is_steps);
        let statements = Statements::new(dialect, |size| {
            rotate.replace("ROWS", &rows(dialect, &STEP, size))
        });
        Self {
            connection,
            statements,
        }
    }
}

#[async_trait]
impl BatchStatement for Rotations {
    type Question = (SessionId, Rotation);
    type Answer = Change;

    const CHANGES: bool = true;

    fn connection(&self) -> &Connections {
        &self.connection
    }

    async fn run(
        &self,
        connection: &Connections,
        questions: &[(SessionId, Rotation)],
    ) -> Result<Vec<Result<Change, DbErr>>, DbErr> {
        let change = |(id, rotation): &(SessionId, Rotation)| (*id, row::number(rotation.to));
        let wanted: Vec<_> = questions.iter().map(change).collect();
        let first = first_of_each(&wanted);
        let steps = questions.iter().zip(&first).filter(|(_, first)| **first);
        let steps: Vec<_> = steps
            .map(|((id, rotation), _)| values(*id, rotation))
            .collect();
        let (sql, values) = self.statements.with_rows(steps);
        let changed = connection.query(sql, values).await?;
        let made = |row: &QueryResult| Ok((row::id(row)?, row.try_get("", "generation")?));
        let made = changed.iter().map(made);
        let made = made.collect::<Result<HashSet<(_, i64)>, DbErr>>()?;
        let change = |(wanted, first): (_, &bool)| {
            if *first && made.contains(wanted) {
                Change::Done
            } else {
                Change::Lost
            }
        };
        Ok(wanted.iter().zip(&first).map(change).map(Ok).collect())
    }
}

fn values(id: SessionId, rotation: &Rotation) -> [Value; STEP.len()] {
    [
        id.to_string().into(),
        row::number(rotation.from).into(),
        row::number(rotation.to).into(),
        rotation.at.timestamp().into(),
        rotation.expires_at.timestamp().into(),
        row::claims_text(&rotation.claims).into(),
    ]
}

/// What is known of the user of a session that was written down.
#[derive(Clone, Copy)]
pub(super) struct Beside {
    /// The cut-off; also none where that could not be told.
    pub(super) cut_off: Option<DateTime<Utc>>,
}

impl Beside {
    fn read(row: &QueryResult) -> Result<Self, DbErr> {
        let cut_off = row::cut_off(row)?;
        Ok(Self { cut_off })
    }
}

/// The first row of a session.
#[derive(Clone)]
pub(super) struct Beginning {
    pub(super) session: Session,
    /// When its login was issued; none if no cut-off stands in its way.
    pub(super) issued_at: Option<DateTime<Utc>>,
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
pub(super) struct Beginnings {
    connection: Connections,
    statements: Statements,
}

impl Beginnings {
    pub(super) fn new(connection: Connections) -> Self {
        let dialect = Dialect::of(&connection);
        let beside = match dialect {
            Dialect::Sqlite => CUT_OFF_BESIDE,
            Dialect::MySql | Dialect::Postgres => CUT_OFF_UNKNOWN,
        };
        let column = |index: usize| format!("column{}", index + 1);
        let user_hash = row::COLUMNS.iter().position(|name| *name == "user_hash");
        let values: Vec<_> = (0..row::COLUMNS.len()).map(column).collect();
        let insert = BEGIN
            .replace("VALUES_OF_COLUMNS", &values.join(", "))
            .replace("COLUMNS", &row::COLUMNS.join(", "))
            .replace("USER_HASH", &column(user_hash.unwrap_or_default()))
            .replace("ISSUED_AT", &column(row::COLUMNS.len()));
        let kinds: Vec<_> = row::KINDS.into_iter().chain([NumberOrNull]).collect();
        let statements = Statements::new(dialect, |size| {
            insert.replace("ROWS", &rows(dialect, &kinds, size)) + beside
        });
        Self {
            connection,
            statements,
        }
    }
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
        let logins: Vec<_> = logins.map(|(beginning, _)| beginning.values()).collect();
        let (sql, values) = self.statements.with_rows(logins);
        let begun = connection.query(sql, values).await?;
        let made = |row| Ok(((row::id(row)?, row::handle(row)?), Beside::read(row)?));
        let made = begun.iter().map(made);
        let made = made.collect::<Result<HashMap<_, _>, DbErr>>()?;
        let beside = |(wanted, first): (_, &bool)| made.get(wanted).copied().filter(|_| *first);
        Ok(wanted.iter().zip(&first).map(beside).map(Ok).collect())
    }
}

/// Of each change whether it stands here for the first time.
fn first_of_each<C: Eq + Hash>(wanted: &[C]) -> Vec<bool> {
    let mut seen = HashSet::with_capacity(wanted.len());
    wanted.iter().map(|change| seen.insert(change)).collect()
}
