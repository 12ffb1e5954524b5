//! The values of many callers in one statement.
//!
//! *Why arrays on PostgreSQL.* It looks up the type of each placeholder each time, and plans anew what
//! has many of them. Of arrays there are as many as columns, whoever asks, so that one statement with
//! one plan serves all.

use std::iter::once;
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
    /// For 1, 2, 3, 4, 6, 8, 12, … callers, up to [`MOST`]: sixteen stay prepared where 256 would push each
    /// other out. Arrays are of any size.
    by_size: Vec<(usize, Arc<str>)>,
}

impl Statements {
    /// Builds them with `statement`, which is told for how many callers.
    pub(super) fn new(dialect: Dialect, statement: impl Fn(usize) -> String) -> Self {
        let largest = match dialect {
            Dialect::Postgres => 1,
            Dialect::MySql | Dialect::Sqlite => MOST,
        };
        let powers = (1..).map(|exponent| 1 << exponent);
        let sizes = once(1).chain(powers.flat_map(|power| [power, power + power / 2]));
        let sizes = sizes.take_while(|size| *size <= largest);
        Self {
            dialect,
            by_size: sizes.map(|size| (size, statement(size).into())).collect(),
        }
    }

    /// The statement for one caller.
    pub(super) fn lone(&self) -> &str {
        self.by_size.first().map_or("", |(_, sql)| sql)
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
        let (sql, rows) = self.for_callers(rows);
        (sql, rows.into_iter().flatten().collect())
    }

    /// The statement for the callers of these `rows`, with the last one repeated until there are as many as
    /// it is for.
    pub(super) fn for_callers<Row: Clone>(&self, rows: Vec<Row>) -> (Arc<str>, Vec<Row>) {
        let (sql, size) = self.of(rows.len());
        (sql, padded(rows, size))
    }

    /// The statement for the callers of these lists, which it looks up [`with_one_of`], and its
    /// values.
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

    /// The statement for so many callers, and for how many it is; that of arrays is for any number.
    fn of(&self, callers: usize) -> (Arc<str>, usize) {
        let larger = self.by_size.iter().find(|(size, _)| *size >= callers);
        let statement = larger.or(self.by_size.last());
        statement.map_or_else(
            || ("".into(), callers),
            |(size, sql)| (Arc::clone(sql), *size),
        )
    }
}

/// `values` with the last one repeated until there are `size`.
fn padded<T: Clone>(mut values: Vec<T>, size: usize) -> Vec<T> {
    if let Some(last) = values.last().cloned() {
        // None is ever left out: the database refuses a statement that has too few placeholders.
        values.resize(size.max(values.len()), last);
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

/// What follows `FROM` to find the rows of `table` that have one of the values of the statement's `list`-th
/// list, counted from 1, in `column`, which is indexed. A row is found as often as its value is asked for.
///
/// SQLite would sort what follows an `IN` into an index of its own first, which takes longer than to
/// look the rows up.
pub(super) fn with_one_of(
    dialect: Dialect,
    (list, size): (usize, usize),
    (table, column): (&str, &str),
) -> String {
    let placeholder = dialect.placeholder(list);
    let places = |each: &str| vec![each; size].join(", ");
    match (dialect, size) {
        (Dialect::Postgres, _) => format!("{table} WHERE {column} = ANY({placeholder})"),
        (_, 1) => format!("{table} WHERE {column} = {placeholder}"),
        (Dialect::MySql, _) => format!("{table} WHERE {column} IN ({})", places(&placeholder)),
        (Dialect::Sqlite, _) => format!(
            "(VALUES {}) AS asked CROSS JOIN {table} WHERE {column} = asked.column1",
            places("(?)")
        ),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    /// What these callers run, and its values.
    fn of(dialect: Dialect, callers: &[(i64, Option<&str>)]) -> (String, Vec<Value>) {
        let columns = [Kind::Always, Kind::TextOrNull];
        let statements = Statements::new(dialect, |size| rows(dialect, &columns, size));
        let callers = callers.iter();
        let callers = callers.map(|(number, text)| [Value::from(*number), (*text).into()]);
        let (sql, values) = statements.with_rows(callers.collect());
        (sql.to_string(), values)
    }

    #[test]
    fn rows_of_placeholders_are_filled_up_with_the_last_one() {
        let (sql, values) = of(Dialect::Sqlite, &[(7, Some("a")); 5]);

        assert_eq!(sql, format!("(VALUES (?, ?){})", ", (?, ?)".repeat(5)));
        assert_eq!(values.len(), 12);
        assert_eq!(values[8..10], values[10..12]);
    }

    #[test]
    fn few_statements_serve_all_and_none_is_much_too_large() {
        let sql_of = |size| with_one_of(Dialect::MySql, (1, size), ("session", "id"));
        let statements = Statements::new(Dialect::MySql, sql_of);
        let mut different = HashSet::new();
        for callers in 1..=MOST {
            let (sql, values) = statements.with_lists([vec![7_i64.into(); callers]]);

            assert_eq!(*sql, sql_of(values.len()));
            assert!(values.len() >= callers);
            assert!(2 * values.len() < 3 * callers, "{callers}");
            different.insert(sql);
        }
        assert_eq!(different.len(), 16);
        let (_, values) = statements.with_lists([vec![7_i64.into(); MOST + 1]]);
        assert_eq!(values.len(), MOST + 1);
    }

    #[test]
    fn arrays_hold_a_column_each_and_know_null() {
        let callers = [(1, Some("a")), (2, None), (3, Some("c"))];
        let (sql, values) = of(Dialect::Postgres, &callers);

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
            let sizes = move |size| {
                let [first, second] = [("a", "x"), ("b", "y")];
                let first = with_one_of(dialect, (1, size), first);
                format!("{first} | {}", with_one_of(dialect, (2, size), second))
            };
            let lists = [[1_i64, 2], [8, 9]].map(|list| list.map(Value::from).to_vec());
            Statements::new(dialect, sizes).with_lists(lists)
        };
        let one_by_one = [1_i64, 2, 8, 9].map(Value::from).to_vec();

        let (sql, values) = compare(Dialect::MySql);
        assert_eq!(&*sql, "a WHERE x IN (?, ?) | b WHERE y IN (?, ?)");
        assert_eq!(values, one_by_one);
        let (sql, values) = compare(Dialect::Sqlite);
        let (asked, found) = ("(VALUES (?), (?)) AS asked", "asked.column1");
        let first = format!("{asked} CROSS JOIN a WHERE x = {found}");
        assert_eq!(
            *sql,
            format!("{first} | {asked} CROSS JOIN b WHERE y = {found}")
        );
        assert_eq!(values, one_by_one);
        let (sql, values) = compare(Dialect::Postgres);
        assert_eq!(&*sql, "a WHERE x = ANY($1) | b WHERE y = ANY($2)");
        assert_eq!(values, [vec![1_i64, 2].into(), vec![8_i64, 9].into()]);
    }
}
