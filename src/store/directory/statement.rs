//! The statements that look users up.

use sea_orm::StatementBuilder;
use sea_orm::sea_query::{Alias, Expr, ExprTrait, IntoTableRef, Query, TableRef};

use super::super::dialect::Dialect;
use super::super::schema::TableName;
use super::layout::{ClaimKind, Layout, TimeKind};

/// The names of the fetched columns.
pub(super) const KEY: &str = "remint_key";
pub(super) const ACTIVE: &str = "remint_active";
pub(super) const VALID_AFTER: &str = "remint_valid_after";
pub(super) const HAS_CUT_OFF: &str = "remint_has_cut_off";

/// The name of the n-th fetched claim.
pub(super) fn claim_name(index: usize) -> String {
    format!("remint_claim_{index}")
}

/// Builds one: all columns as text, `keys` placeholders, or one for an array of them.
///
/// *Why no LIMIT.* sea-orm binds its number, and SQLite prepares such a statement anew on every
/// run. And two rows of one key must be seen to be refused.
pub(super) fn build(layout: &Layout, dialect: Dialect, keys: usize) -> String {
    let text = Spelling(dialect);
    let mut query = Query::select();
    query
        .from(table(&layout.table))
        .expr_as(text.cast(column(&layout.key)), KEY);
    if let Some(active) = &layout.active {
        let value = column(&active.column);
        let value = if active.bits { number(value) } else { value };
        query.expr_as(text.cast(value), ACTIVE);
    }
    if let Some((name, kind)) = &layout.valid_after {
        query.expr_as(text.cast(text.epoch(name, *kind)), VALID_AFTER);
        query.expr_as(text.cast(column(name)), HAS_CUT_OFF);
    }
    for (index, claim) in layout.claims.iter().enumerate() {
        let value = match claim.kind {
            ClaimKind::Bits => number(column(&claim.column)),
            ClaimKind::PostgresArray => Expr::cust_with_expr("to_json($1)", column(&claim.column)),
            ClaimKind::Boolean | ClaimKind::Json | ClaimKind::Number | ClaimKind::Text => {
                column(&claim.column)
            }
        };
        query.expr_as(text.cast(value), Alias::new(claim_name(index)));
    }
    let key = || placeholder(layout);
    query.and_where(match (dialect, keys) {
        (Dialect::Postgres, _) => {
            Expr::cust_with_exprs("$1 = ANY($2)", [column(&layout.key), key()])
        }
        (_, 1) => column(&layout.key).eq(key()),
        _ => column(&layout.key).is_in((0..keys).map(|_| key())),
    });
    StatementBuilder::build(&query, &dialect.backend()).sql
}

/// Where the look-up binds a key.
///
/// Without the cast PostgreSQL would turn `char(n)` and `citext` columns into text, past their
/// index, and MariaDB would refuse to compare a latin1 column with a text that has other letters.
fn placeholder(layout: &Layout) -> Expr {
    // Any value makes the placeholder.
    let placeholder = Expr::val(0);
    match &layout.key_as_text {
        Some(cast) => Expr::cust_with_expr(cast.clone(), placeholder),
        None => placeholder,
    }
}

fn column(name: &str) -> Expr {
    Expr::col(Alias::new(name))
}

fn table(name: &TableName) -> TableRef {
    let table = Alias::new(&name.table);
    match &name.schema {
        Some(schema) => (Alias::new(schema), table).into_table_ref(),
        None => table.into_table_ref(),
    }
}

/// The number that a bit string of MySQL stands for; as text it would be a control character.
fn number(bits: Expr) -> Expr {
    Expr::cust_with_expr("? + 0", bits)
}

/// What the databases spell differently.
struct Spelling(Dialect);

impl Spelling {
    fn cast(&self, value: Expr) -> Expr {
        value.cast_as(Alias::new(if self.0 == Dialect::MySql {
            "char"
        } else {
            "text"
        }))
    }

    /// Seconds since 1970, with fractions where the column has them.
    fn epoch(&self, name: &str, kind: TimeKind) -> Expr {
        if kind == TimeKind::UnixSeconds {
            return column(name);
        }
        match self.0 {
            Dialect::Postgres => Expr::cust_with_expr("EXTRACT(EPOCH FROM $1)", column(name)),
            Dialect::MySql => {
                let micros = "TIMESTAMPDIFF(MICROSECOND, '1970-01-01', ?) / 1000000";
                Expr::cust_with_expr(micros, column(name))
            }
            Dialect::Sqlite => Expr::cust_with_expr("unixepoch(?, 'auto', 'subsec')", column(name)),
        }
    }
}
