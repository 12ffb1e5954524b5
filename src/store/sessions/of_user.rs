//! The sessions of a user.
//!
//! *Why in two ways.* Ids of sessions that began with a token of the legacy backend have the user in
//! them, as [`SessionId::of_token`](crate::domain::SessionId::of_token) says, and by that they are found,
//! unless it names the user in a claim that is not usual. In an index by user each exchange would have one
//! more page to write, which it shares with hardly any other. So the index has the rest alone; but on
//! MySQL, which knows none that leaves rows out, all.

use sea_orm::sea_query::{Expr, ExprTrait, Order, Query, SelectStatement, UnionType};

use super::super::dialect::Dialect;
use super::{SESSION, row};

/// Which sessions are in the index, in the words of its migration: without them it is not used.
const IN_INDEX: &str = "substr(user_hash, 1, 6) <> substr(id, 3, 6)";

/// The most sessions of one user that are listed.
const MAX_LISTED: u64 = 1_000;

/// Those of that user, the one that was refreshed last first.
pub(super) fn of_user(dialect: Dialect, user_key: &str) -> SelectStatement {
    let hash = row::user_hash(user_key);
    let mut rows = Query::select();
    rows.columns(row::COLUMNS)
        .and_where(Expr::col("user_hash").eq(hash.as_str()));
    let mut listed = rows.clone().from(SESSION).take();
    if dialect != Dialect::MySql {
        let by_id = rows
            .from_values(beginnings(&hash), "beginning")
            .from(SESSION)
            .and_where(Expr::col("id").gt(Expr::col(("beginning", "column1"))))
            .and_where(Expr::col("id").lt(Expr::col(("beginning", "column2"))));
        listed
            .and_where(Expr::cust(IN_INDEX))
            .union(UnionType::All, by_id.take());
    }
    listed
        .order_by("rotated_at", Order::Desc)
        .limit(MAX_LISTED)
        .take()
}

/// What is smaller and what is greater than all ids that the user's sessions may have, for each of the
/// six hours that an id can tell. A hyphen follows, and the next character after that is a dot.
fn beginnings(user_hash: &str) -> impl Iterator<Item = (String, String)> {
    let user = user_hash.get(..6).unwrap_or_default();
    let begin = (u8::MIN..=u8::MAX).map(move |quarter| format!("{quarter:02x}{user}"));
    begin.map(|begin| (format!("{begin}-"), format!("{begin}.")))
}

#[cfg(test)]
mod tests {
    use migration::Migrator;
    use sea_orm::sea_query::SqliteQueryBuilder;
    use sea_orm::{ConnectionTrait as _, Database, DbBackend, Statement};

    use crate::store::migrate_up;

    use super::*;

    #[tokio::test]
    async fn sqlite_finds_both_kinds_by_an_index() {
        let database = Database::connect("sqlite::memory:").await.unwrap();
        let creates_users = false;
        migrate_up(&database, Migrator { creates_users })
            .await
            .unwrap();
        let (select, values) = of_user(Dialect::Sqlite, "alice").build(SqliteQueryBuilder);
        let explain = format!("EXPLAIN QUERY PLAN {select}");
        let explain = Statement::from_sql_and_values(DbBackend::Sqlite, explain, values);

        let plan = database.query_all_raw(explain).await.unwrap();

        let steps = plan.iter().map(|step| step.try_get("", "detail").unwrap());
        let searches: Vec<String> = steps
            .filter(|step: &String| step.contains("remint"))
            .collect();
        let expected = [
            "SEARCH remint_session USING INDEX remint_session_user_hash (user_hash=?)",
            "SEARCH remint_session USING INDEX sqlite_autoindex_remint_session_1 (id>? AND id<?)",
        ];
        assert_eq!(searches, expected);
    }
}
