//! Reading many users with one query.

use std::collections::HashMap;

use async_trait::async_trait;
use sea_orm::{DbErr, QueryResult, Value};
use tracing::warn;

use crate::domain::{Lookup, User};

use super::super::batched::BatchStatement;
use super::super::connections::Connections;
use super::super::dialect::Dialect;
use super::super::values::Statements;
use super::layout::Layout;
use super::{reading, statement};

/// The users table, asked for many users at a time.
pub(in crate::store) struct Lookups {
    connection: Connections,
    layout: Layout,
    statements: Statements,
}

/// Whom to look for.
#[derive(Clone)]
pub(in crate::store) struct Question {
    pub(super) value: Value,
    /// The key that a matching row must have.
    pub(super) canonical: String,
}

impl Lookups {
    pub(super) fn new(connection: Connections, layout: Layout) -> Self {
        let dialect = Dialect::of(&connection);
        let statements = Statements::new(dialect, |keys| statement::build(&layout, dialect, keys));
        Self {
            connection,
            layout,
            statements,
        }
    }

    /// The statement that looks a single user up.
    pub(super) fn statement(&self) -> &str {
        self.statements.lone()
    }

    /// The values with which it looks up a user of some key.
    pub(super) fn any(&self) -> Vec<Value> {
        self.statements
            .with_lists([vec![self.layout.key_kind.any()]])
            .1
    }

    pub(super) fn layout(&self) -> &Layout {
        &self.layout
    }

    /// What the rows of one key say.
    fn verdict(&self, rows: &[&QueryResult]) -> Result<Lookup, DbErr> {
        let mut users = rows.iter().map(|row| reading::user(row, &self.layout));
        let Some(user) = users.next().transpose()? else {
            return Ok(Lookup::NotFound);
        };
        if users.len() == 0 {
            return Ok(Lookup::Found(user));
        }
        let table = &self.layout.table_name;
        warn!(%table, "two users share one key; both count as inactive");
        Ok(Lookup::Found(User {
            active: false,
            ..user
        }))
    }
}

#[async_trait]
impl BatchStatement for Lookups {
    type Question = Question;
    type Answer = Lookup;

    const CHANGES: bool = false;

    fn connection(&self) -> &Connections {
        &self.connection
    }

    async fn run(
        &self,
        connection: &Connections,
        questions: &[Question],
    ) -> Result<Vec<Result<Lookup, DbErr>>, DbErr> {
        let keys = questions.iter().map(|it| it.value.clone()).collect();
        let (sql, values) = self.statements.with_lists([keys]);
        let rows = connection.query(sql, values).await?;

        let mut by_key: HashMap<String, Vec<&QueryResult>> = HashMap::with_capacity(rows.len());
        for row in &rows {
            // NULL is nobody's key.
            if let Some(key) = reading::key(row)? {
                by_key.entry(key).or_default().push(row);
            }
        }
        // A collation may find ALICE for alice; only the very same bytes are the same user.
        let rows_of = |it: &Question| by_key.get(&it.canonical).map_or(&[][..], Vec::as_slice);
        let verdicts = questions.iter().map(|it| self.verdict(rows_of(it)));
        Ok(verdicts.collect())
    }
}
