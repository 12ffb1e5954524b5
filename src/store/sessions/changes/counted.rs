//! Sharing a statement on MySQL and MariaDB, which say how many rows it has changed, and not which.
//!
//! *Sessions* are all written down by an `INSERT`, or none is. Then it is looked which are there already,
//! and the others are written down without those.
//!
//! *Steps* are looked at first, and those that can be made are made by an `UPDATE` under their conditions. If
//! it changes fewer rows than that, another service was faster with some of them in the moment in between,
//! and it is looked whose steps the rows show. Two services whose steps are the same to the letter are both
//! told that theirs was made: so are their tokens.
//!
//! *Why no transaction.* A service whose machine dies in the middle of one would keep its rows locked until
//! the server notices, which can take hours.

use std::collections::HashSet;

use sea_orm::{ConnectionTrait as _, DbErr, SqlErr, Statement, Value};

use crate::domain::{Session, SessionId};
use crate::service::Rotation;
use crate::store::connections::Connections;
use crate::store::dialect::Dialect;
use crate::store::values::Statements;

use super::super::{import, row};
use super::rotations::generations;

/// How often sessions are written down together, at most. What is in the way again and again is in the way
/// of one of them, and the others fare better alone.
const TRIES: usize = 3;

/// A row that its step can be made of.
const AT_ITS_BEGINNING: &str =
    "(revoked_at IS NULL AND id = ? AND generation = ? AND expires_at > ?)";

/// A row that its step was made of, and that nobody has ended since: the step may be another's, and none may
/// come after a logout.
const AT_ITS_END: &str = "(revoked_at IS NULL AND id = ? AND generation = ? AND rotated_at = ? \
    AND expires_at = ? AND claims <=> CAST(? AS BINARY))";

/// The steps of sessions.
pub(super) struct CountedSteps {
    look: Statements,
    update: Statements,
    look_again: Statements,
}

type Step = (SessionId, Rotation);

impl CountedSteps {
    pub(super) fn new() -> Self {
        let statements =
            |statement: &dyn Fn(usize) -> String| Statements::new(Dialect::MySql, statement);
        let any = |condition, size| vec![condition; size].join(" OR ");
        let select = "SELECT id, generation FROM remint_session WHERE";
        // It would read a small table as a whole, and lock all of it.
        let update = "UPDATE remint_session FORCE INDEX (PRIMARY) SET";
        Self {
            look: statements(&|size| format!("{select} {}", any(AT_ITS_BEGINNING, size))),
            update: statements(&|size| {
                let value = format!("CASE id{} END", " WHEN ? THEN ?".repeat(size));
                let conditions = any(AT_ITS_BEGINNING, size);
                format!(
                    "{update} generation = {value}, rotated_at = {value}, expires_at = {value}, \
                        claims = {value} WHERE {conditions}"
                )
            }),
            look_again: statements(&|size| format!("{select} {}", any(AT_ITS_END, size))),
        }
    }

    /// Makes the steps that can be made. Which sessions are at which generation by them.
    pub(super) async fn make(
        &self,
        connection: &Connections,
        mut steps: Vec<&Step>,
    ) -> Result<HashSet<(SessionId, i64)>, DbErr> {
        let are_shared = steps.len() > 1;
        if are_shared {
            let mut possible = look(connection, &self.look, &steps, beginning).await?;
            // Of two steps of the same session the first.
            steps.retain(|(id, step)| possible.remove(&(*id, row::number(step.from))));
        }
        if steps.is_empty() {
            return Ok(HashSet::new());
        }
        let made = self.update(connection, &steps).await?;
        if made == steps.len() as u64 {
            let made = |(id, step): &&Step| (*id, row::number(step.to));
            Ok(steps.iter().map(made).collect())
        } else if are_shared {
            look(connection, &self.look_again, &steps, end).await
        } else {
            Ok(HashSet::new())
        }
    }

    /// How many of the steps, of different sessions, are made.
    async fn update(&self, connection: &Connections, steps: &[&Step]) -> Result<u64, DbErr> {
        let (sql, steps) = self.update.for_callers(steps.to_vec());
        let assigned: [fn(&Rotation) -> Value; 4] = [
            |step| row::number(step.to).into(),
            |step| step.at.timestamp().into(),
            |step| step.expires_at.timestamp().into(),
            |step| row::claims_text(&step.claims).into(),
        ];
        let mut values = Vec::new();
        for assigned in assigned {
            let case = |(id, step): &&Step| [id.to_string().into(), assigned(step)];
            values.extend(steps.iter().flat_map(case));
        }
        values.extend(steps.iter().flat_map(|step| beginning(step)));
        let backend = connection.get_database_backend();
        let update = Statement::from_sql_and_values(backend, &*sql, values);
        Ok(connection.execute_raw(update).await?.rows_affected())
    }
}

/// The sessions that are where one of the steps has them, and their generations.
async fn look<const VALUES: usize>(
    connection: &Connections,
    statements: &Statements,
    steps: &[&Step],
    values: fn(&Step) -> [Value; VALUES],
) -> Result<HashSet<(SessionId, i64)>, DbErr> {
    let (sql, steps) = statements.for_callers(steps.to_vec());
    let values = steps.iter().flat_map(|step| values(step));
    generations(&connection.query(sql, values.collect()).await?)
}

/// The values of [`AT_ITS_BEGINNING`].
fn beginning((id, step): &Step) -> [Value; 3] {
    [
        id.to_string().into(),
        row::number(step.from).into(),
        step.at.timestamp().into(),
    ]
}

/// The values of [`AT_ITS_END`].
fn end((id, step): &Step) -> [Value; 5] {
    [
        id.to_string().into(),
        row::number(step.to).into(),
        step.at.timestamp().into(),
        step.expires_at.timestamp().into(),
        row::claims_text(&step.claims).into(),
    ]
}

/// Writes down the sessions that are not there yet; which they were.
pub(super) async fn begin<'a>(
    connection: &Connections,
    mut sessions: Vec<&'a Session>,
) -> Result<Vec<&'a Session>, DbErr> {
    // Two services that write the same ones in another order would wait for each other.
    sessions.sort_by_key(|session| session.id.0);
    let mut tries = 0;
    loop {
        tries += 1;
        let taken = match connection.execute(&import::insert(&sessions)).await {
            Ok(_) => return Ok(sessions),
            Err(error) if is_taken(&error) => error,
            Err(error) => return Err(error),
        };
        let before = sessions.len();
        if before == 1 {
            return Ok(Vec::new());
        }
        let present = import::present(connection, &sessions).await?;
        sessions.retain(|session| !present.contains(&session.id.to_string()));
        if sessions.is_empty() {
            return Ok(sessions);
        }
        // If no id is taken, a handle is: whose it is shows alone.
        if sessions.len() == before || tries == TRIES {
            return Err(taken);
        }
    }
}

fn is_taken(error: &DbErr) -> bool {
    matches!(error.sql_err(), Some(SqlErr::UniqueConstraintViolation(_)))
}
