//! The values of many callers in one statement.
//!
//! *Why arrays on PostgreSQL.* It looks up the type of each placeholder each time, and plans anew what
//! has many of them. Of arrays there are as many as columns, whoever asks, so that one statement with
//! one plan serves all.

use std::sync::Arc;

use sea_orm::Value;
use sea_orm::sea_query::ArrayType;

use super::dialect::Dialect;
use super::gather::MOST;

/// What stands for NULL in an array, which the library has no other word for.
const NO_TEXT: &str = "";
const NO_NUMBER: i64 = i64::MIN;

/// A statement in all the sizes in which it is run.
pub(super) struct Statements {
    dialect: Dialect,
    /// For 1, 2, 4, … callers, up to [`MOST`]: nine stay prepared where 256 would push each other out.
    /// Arrays are of any size.
    by_power: Vec<Arc<str>>,
}

impl Statements {
    /// Builds them with `statement`, which is told for how many callers.
    pub(super) fn new(dialect: Dialect, statement: impl Fn(usize) -> String) -> Self {
        let largest = match dialect {
            Dialect::Postgres => 1,
            Dialect::MySql | Dialect::Sqlite => MOST,
        };
        let sizes = (0..).map(|power| 1 << power);
        let sizes = sizes.take_while(|size| *size <= largest);
        Self {
            dialect,
            by_power: sizes.map(|size| statement(size).into()).collect(),
        }
    }

    /// The statement for one caller.
    pub(super) fn lone(&self) -> &str {
        self.by_power.first().map_or("", |sql| sql)
    }

    /// The statement for the callers of these [`rows`], and its values.
    pub(super) fn with_rows<const COLUMNS: usize>(
        &self,
        rows: Vec<[Value; COLUMNS]>,
    ) -> (Arc<str>, Vec<Value>) {
        if self.dialect == Dialect::Postgres {
            let mut lists = [(); COLUMNS].map(|()| Vec::with_capacity(rows.len()));
            for row in rows {
                for (list, value) in lists.iter_mut().zip(row) {
                    list.push(value);
                }
            }
            return self.with_lists(lists);
        }
        let (sql, size) = self.of(rows.len());
        (sql, padded(rows, size).into_iter().flatten().collect())
    }

    /// The statement for the callers of these lists, each of which it compares with [`one_of`], and
    /// its values.
    pub(super) fn with_lists<const LISTS: usize>(
        &self,
        lists: [Vec<Value>; LISTS],
    ) -> (Arc<str>, Vec<Value>) {
        let (sql, size) = self.of(lists.first().map_or(0, Vec::len));
        let values = if self.dialect == Dialect::Postgres {
            lists.into_iter().map(array).collect()
        } else {
            let padded = lists.into_iter().flat_map(|list| padded(list, size));
            padded.collect()
        };
        (sql, values)
    }

    fn of(&self, callers: usize) -> (Arc<str>, usize) {
        let size = callers.next_power_of_two();
        let power = match self.dialect {
            Dialect::Postgres => 0,
            Dialect::MySql | Dialect::Sqlite => size.trailing_zeros() as usize,
        };
        let sql = self.by_power.get(power);
        (sql.cloned().unwrap_or_default(), size)
    }
}

/// `values` with the last one repeated until there are `size`.
fn padded<T: Clone>(mut values: Vec<T>, size: usize) -> Vec<T> {
    if let Some(last) = values.last().cloned() {
        values.resize(size, last);
    }
    values
}

fn array(values: Vec<Value>) -> Value {
    let element = match values.first() {
        Some(Value::BigInt(_)) => ArrayType::BigInt,
        Some(Value::Uuid(_)) => ArrayType::Uuid,
        _ => ArrayType::String,
    };
    let nothing = if element == ArrayType::BigInt {
        Value::from(NO_NUMBER)
    } else {
        Value::from(NO_TEXT)
    };
    let values = values.into_iter().map(|value| {
        let is_null = matches!(value, Value::BigInt(None) | Value::String(None));
        if is_null { nothing.clone() } else { value }
    });
    Value::Array(element, Some(Box::new(values.collect())))
}

/// What a column of [`rows`] holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A value in each row.
    Always,
    /// A number, or NULL.
    NumberOrNull,
    /// A text that is not empty, or NULL.
    TextOrNull,
}

/// So many rows as a table, whose columns are named `column1`, `column2`, ….
pub(super) fn rows(dialect: Dialect, columns: &[Kind], size: usize) -> String {
    let join = |parts: Vec<String>| parts.join(", ");
    if dialect == Dialect::Postgres {
        let numbers = || 1..=columns.len();
        let arrays = join(numbers().map(|it| dialect.placeholder(it)).collect());
        let names = join(numbers().map(|it| format!("column{it}")).collect());
        let column = |(kind, number): (&Kind, usize)| {
            let name = format!("column{number}");
            let null = match kind {
                Kind::Always => return name,
                Kind::NumberOrNull => format!("CAST('{NO_NUMBER}' AS bigint)"),
                Kind::TextOrNull => format!("'{NO_TEXT}'"),
            };
            format!("NULLIF({name}, {null}) AS {name}")
        };
        let columns = join(columns.iter().zip(numbers()).map(column).collect());
        return format!("(SELECT {columns} FROM unnest({arrays}) AS row_of ({names}))");
    }
    let placeholder = |column| dialect.placeholder(column + 1);
    let row = join((0..columns.len()).map(placeholder).collect());
    format!("(VALUES {})", join(vec![format!("({row})"); size]))
}

/// A comparison with the values of the statement's `list`-th list, counted from 1.
pub(super) fn one_of(dialect: Dialect, list: usize, size: usize) -> String {
    let placeholder = dialect.placeholder(list);
    match (dialect, size) {
        (Dialect::Postgres, _) => format!("= ANY({placeholder})"),
        (_, 1) => format!("= {placeholder}"),
        _ => format!("IN ({})", vec![placeholder; size].join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What three callers run, and its values.
    fn three(dialect: Dialect) -> (String, Vec<Value>) {
        let columns = [Kind::Always, Kind::TextOrNull];
        let statements = Statements::new(dialect, |size| rows(dialect, &columns, size));
        let callers = [(1_i64, Some("a")), (2, None), (3, Some("c"))];
        let callers = callers.map(|(number, text)| [Value::from(number), text.into()]);
        let (sql, values) = statements.with_rows(callers.to_vec());
        (sql.to_string(), values)
    }

    #[test]
    fn rows_of_placeholders_are_filled_up_with_the_last_one() {
        let (sql, values) = three(Dialect::Sqlite);

        assert_eq!(sql, "(VALUES (?, ?), (?, ?), (?, ?), (?, ?))");
        assert_eq!(values.len(), 8);
        assert_eq!(values[4..6], values[6..8]);
    }

    #[test]
    fn arrays_hold_a_column_each_and_know_null() {
        let (sql, values) = three(Dialect::Postgres);

        assert_eq!(
            sql,
            "(SELECT column1, NULLIF(column2, '') AS column2 \
             FROM unnest($1, $2) AS row_of (column1, column2))"
        );
        let texts = ["a", NO_TEXT, "c"].map(str::to_owned);
        assert_eq!(values, [vec![1_i64, 2, 3].into(), texts.to_vec().into()]);
    }

    #[test]
    fn lists_stand_one_behind_the_other() {
        let compare = |dialect| {
            let sizes =
                move |size| format!("{} {}", one_of(dialect, 1, size), one_of(dialect, 2, size));
            let lists = [[1_i64, 2], [8, 9]].map(|list| list.map(Value::from).to_vec());
            Statements::new(dialect, sizes).with_lists(lists)
        };

        let (sql, values) = compare(Dialect::MySql);
        assert_eq!(&*sql, "IN (?, ?) IN (?, ?)");
        assert_eq!(values, [1_i64, 2, 8, 9].map(Value::from));
        let (sql, values) = compare(Dialect::Postgres);
        assert_eq!(&*sql, "= ANY($1) = ANY($2)");
        assert_eq!(values, [vec![1_i64, 2].into(), vec![8_i64, 9].into()]);
    }
}
