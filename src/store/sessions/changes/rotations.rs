//! The steps of sessions.

use std::collections::HashSet;

use async_trait::async_trait;
use sea_orm::{DbErr, QueryResult, Value};

use crate::domain::SessionId;
use crate::service::{Change, Rotation};
use crate::store::batched::BatchStatement;
use crate::store::connections::Connections;
use crate::store::dialect::Dialect;
use crate::store::values::Kind::{Always, TextOrNull};
use crate::store::values::{Kind, Statements, rows};

use super::super::row;
use super::counted::CountedSteps;
use super::first_of_each;

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

/// The steps of sessions to their next generations.
pub(in crate::store::sessions) struct Rotations {
    connection: Connections,
    steps: Steps,
}

/// The statement that makes them.
enum Steps {
    Counted(CountedSteps),
    Returned(Statements),
}

impl Rotations {
    pub(in crate::store::sessions) fn new(connection: Connections) -> Self {
        let steps = match Dialect::of(&connection) {
            Dialect::MySql => Steps::Counted(CountedSteps::new()),
            dialect @ Dialect::Postgres => Steps::Returned(returned(dialect, LOOKED_UP)),
            dialect @ Dialect::Sqlite => Steps::Returned(returned(dialect, "= step.column1")),
        };
        Self { connection, steps }
    }
}

fn returned(dialect: Dialect, is_steps: &str) -> Statements {
    let rotate = ROTATE.replace("IS_STEPS", is_steps);
    Statements::new(dialect, |size| {
        rotate.replace("ROWS", &rows(dialect, &STEP, size))
    })
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
        let steps = steps.map(|(step, _)| step);
        let made = match &self.steps {
            Steps::Counted(counted) => counted.make(connection, steps.collect()).await?,
            Steps::Returned(statements) => {
                let steps = steps.map(|(id, rotation)| values(*id, rotation));
                let (sql, values) = statements.with_rows(steps.collect());
                generations(&connection.query(sql, values).await?)?
            }
        };
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

/// The ids and generations of rows.
pub(super) fn generations(rows: &[QueryResult]) -> Result<HashSet<(SessionId, i64)>, DbErr> {
    let generation = |row| Ok((row::id(row)?, row.try_get("", "generation")?));
    rows.iter().map(generation).collect()
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
