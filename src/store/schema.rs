//! What the catalogue of a database says about one table.

use sea_orm::{ConnectionTrait, DbErr, QueryResult, Statement, Value};

use super::connections::Connections;
use super::dialect::Dialect;

/// One column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Column {
    /// Its name as the table has it.
    pub(super) name: String,
    /// Its type in lower case, as the database names it: `varchar`, `int8`, `tinyint(1)`, ….
    pub(super) type_name: String,
    /// The expression that makes a text, which stands for its placeholder, comparable to it; on
    /// PostgreSQL an array of texts. None where it is so already.
    pub(super) as_text: Option<String>,
}

/// How a column is found by its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Indexed {
    /// By reading the whole table.
    No,
    /// By an index in which a value may stand more than once.
    Plain,
    /// By a unique index of this column alone.
    Unique,
}

/// A table by name, and perhaps by schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TableName {
    pub(super) schema: Option<String>,
    pub(super) table: String,
}

impl TableName {
    /// Reads `table` or `schema.table`.
    pub(super) fn parse(name: &str) -> Self {
        match name.split_once('.') {
            Some((schema, table)) => Self {
                schema: Some(schema.to_owned()),
                table: table.to_owned(),
            },
            None => Self {
                schema: None,
                table: name.to_owned(),
            },
        }
    }

    /// As a PostgreSQL literal for `to_regclass`, which follows the search path.
    fn regclass(&self) -> String {
        let quote = |name: &str| format!("\"{}\"", name.replace('"', "\"\""));
        match &self.schema {
            Some(schema) => format!("{}.{}", quote(schema), quote(&self.table)),
            None => quote(&self.table),
        }
    }
}

const POSTGRES_COLUMNS: &str = "\
    SELECT a.attname::text AS name, t.typname::text AS type_name, \
        'CAST($1 AS ' || format_type(t.oid, -1) || '[])' AS as_text \
    FROM pg_attribute a JOIN pg_type d ON d.oid = a.atttypid \
        JOIN pg_type t ON t.oid = COALESCE(NULLIF(d.typbasetype, 0), d.oid) \
    WHERE a.attrelid = to_regclass($1) AND a.attnum > 0 AND NOT a.attisdropped \
    ORDER BY a.attnum";

/// MariaDB has no JSON but text with a check. MySQL, whose table of checks is another, takes what
/// stands in `/*M! */` for a comment.
///
/// A text that is sent is utf8mb4, and is compared by the collation of a table's column: to convert it all
/// the same is a tenth of what it costs the server to look 16 users up. But what a view computes is as
/// weak as a text that is sent, and the server would not know by whose collation to compare.
const MYSQL_COLUMNS: &str = "\
    SELECT CAST(c.column_name AS CHAR) AS name, CAST(CASE \
        WHEN c.character_set_name <> 'utf8mb4' OR NOT EXISTS (SELECT 1 FROM information_schema.tables t \
            WHERE t.table_schema = c.table_schema AND t.table_name = c.table_name \
            AND t.table_type = 'BASE TABLE') \
        THEN CONCAT('CONVERT(? USING ', c.character_set_name, ') COLLATE ', c.collation_name) \
        END AS CHAR) AS as_text, CAST(CASE \
        WHEN FALSE /*M! OR EXISTS (SELECT 1 FROM information_schema.check_constraints k \
            WHERE k.constraint_schema = c.table_schema AND k.table_name = c.table_name \
            AND k.check_clause = CONCAT('json_valid(`', c.column_name, '`)')) */ \
        THEN 'json' ELSE c.column_type END AS CHAR) AS type_name \
    FROM information_schema.columns c \
    WHERE c.table_schema = COALESCE(?, DATABASE()) AND c.table_name = ? \
    ORDER BY c.ordinal_position";

const SQLITE_COLUMNS: &str = "\
    SELECT name, type AS type_name, NULL AS as_text FROM pragma_table_info(?) ORDER BY cid";

const POSTGRES_INDEX: &str = "\
    SELECT CAST(COALESCE(MAX(CASE WHEN i.indisunique AND i.indnkeyatts = 1 THEN 2 ELSE 1 END), 0) AS bigint) AS found \
    FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0] \
    WHERE i.indrelid = to_regclass($1) AND a.attname = $2 AND i.indpred IS NULL AND i.indisvalid";

const MYSQL_INDEX: &str = "\
    SELECT CAST(COALESCE(MAX(CASE WHEN s.non_unique = 0 AND NOT EXISTS (\
        SELECT 1 FROM information_schema.statistics o WHERE o.table_schema = s.table_schema \
        AND o.table_name = s.table_name AND o.index_name = s.index_name AND o.seq_in_index = 2) \
        THEN 2 ELSE 1 END), 0) AS SIGNED) AS found \
    FROM information_schema.statistics s \
    WHERE s.table_schema = COALESCE(?, DATABASE()) AND s.table_name = ? \
        AND s.seq_in_index = 1 AND s.column_name = ?";

const SQLITE_INDEX: &str = "\
    SELECT MAX(found) AS found FROM (\
        SELECT 0 AS found \
        UNION ALL SELECT 2 FROM pragma_table_info(?1) WHERE name = ?2 COLLATE NOCASE AND pk = 1 \
            AND (SELECT COUNT(*) FROM pragma_table_info(?1) WHERE pk > 0) = 1 \
        UNION ALL SELECT CASE WHEN l.\"unique\" AND NOT EXISTS \
            (SELECT 1 FROM pragma_index_info(l.name) WHERE seqno = 1) THEN 2 ELSE 1 END \
            FROM pragma_index_list(?1) l JOIN pragma_index_info(l.name) i \
            WHERE i.seqno = 0 AND i.name = ?2 COLLATE NOCASE AND NOT l.partial)";

/// The columns of `table` in its order; none where there is no such table.
pub(super) async fn columns(
    connection: &Connections,
    table: &TableName,
) -> Result<Vec<Column>, DbErr> {
    let rows = query(
        connection,
        [POSTGRES_COLUMNS, MYSQL_COLUMNS, SQLITE_COLUMNS],
        table,
        None,
    );
    let column = |row: QueryResult| {
        let type_name: String = row.try_get("", "type_name")?;
        Ok(Column {
            name: row.try_get("", "name")?,
            type_name: type_name.to_lowercase(),
            as_text: row.try_get("", "as_text")?,
        })
    };
    rows.await?.into_iter().map(column).collect()
}

/// How `column` of `table` is found.
pub(super) async fn indexed(
    connection: &Connections,
    table: &TableName,
    column: &str,
) -> Result<Indexed, DbErr> {
    let sql = [POSTGRES_INDEX, MYSQL_INDEX, SQLITE_INDEX];
    let rows = query(connection, sql, table, Some(column)).await?;
    let found: i64 = rows.first().map_or(Ok(0), |row| row.try_get("", "found"))?;
    Ok(match found {
        0 => Indexed::No,
        1 => Indexed::Plain,
        _ => Indexed::Unique,
    })
}

async fn query(
    connection: &Connections,
    [postgres, mysql, sqlite]: [&str; 3],
    table: &TableName,
    column: Option<&str>,
) -> Result<Vec<QueryResult>, DbErr> {
    let dialect = Dialect::of(connection);
    let (sql, mut values): (_, Vec<Value>) = match dialect {
        Dialect::Postgres => (postgres, vec![table.regclass().into()]),
        Dialect::MySql => (
            mysql,
            vec![table.schema.clone().into(), table.table.clone().into()],
        ),
        Dialect::Sqlite => (sqlite, vec![table.table.clone().into()]),
    };
    values.extend(column.map(Value::from));
    connection
        .query_all_raw(Statement::from_sql_and_values(
            dialect.backend(),
            sql,
            values,
        ))
        .await
}
