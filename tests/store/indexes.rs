//! Whether a look-up reads one row or the whole table.

use sea_orm::{ConnectionTrait as _, Statement, TryGetable as _, Value};

use crate::harness::servers::Engine::{self, MariaDb, Postgres, Sqlite};

use super::table::{Tables, everywhere, keys_only, tables};

const NO_INDEX: &str = "users has no index on id: every refresh reads the whole table; \
                        CREATE UNIQUE INDEX on it, or on what it shows if it is a view";
const NOT_UNIQUE: &str = "the index on id of users is not unique: users that share a key count \
                          as inactive";

/// What is said about a table with that index.
async fn problems(index: &str) -> Vec<(Engine, Option<String>)> {
    let table = "CREATE TABLE users (id varchar(40) NOT NULL, tenant integer, x integer)";
    let mut problems = Vec::new();
    for tables in everywhere(&[table, index]).await {
        let directory = tables.directory(&keys_only()).await;
        problems.push((tables.engine, directory.index_problem()));
    }
    problems
}

async fn assert_problem(index: &str, expected: Option<&str>) {
    let problems = problems(index).await;

    assert!(!problems.is_empty());
    for (engine, problem) in problems {
        assert_eq!(problem.as_deref(), expected, "{engine:?}: {index}");
    }
}

#[tokio::test]
async fn a_table_without_an_index_on_the_key_is_reported() {
    assert_problem(
        "CREATE UNIQUE INDEX other ON users (tenant)",
        Some(NO_INDEX),
    )
    .await;
}

#[tokio::test]
async fn an_index_in_which_the_key_comes_second_does_not_count() {
    assert_problem(
        "CREATE UNIQUE INDEX both_of ON users (tenant, id)",
        Some(NO_INDEX),
    )
    .await;
}

#[tokio::test]
async fn an_index_that_allows_duplicates_is_reported() {
    assert_problem("CREATE INDEX plain ON users (id)", Some(NOT_UNIQUE)).await;
    assert_problem(
        "CREATE UNIQUE INDEX both_of ON users (id, tenant)",
        Some(NOT_UNIQUE),
    )
    .await;
}

#[tokio::test]
async fn a_unique_index_is_all_that_is_wanted() {
    assert_problem("CREATE UNIQUE INDEX own ON users (id)", None).await;
}

#[tokio::test]
async fn an_index_of_some_rows_does_not_count() {
    let table = "CREATE TABLE users (id varchar(40) NOT NULL, x integer)";
    let index = "CREATE UNIQUE INDEX part_of ON users (id) WHERE x = 1";
    for engine in [Sqlite, Postgres] {
        let Some(tables) = tables(engine, &[table, index]).await else {
            continue;
        };

        let problem = tables.directory(&keys_only()).await.index_problem();

        assert_eq!(problem.as_deref(), Some(NO_INDEX), "{engine:?}");
    }
}

#[tokio::test]
async fn columns_that_an_index_only_carries_along_do_not_make_it_composite() {
    let table = "CREATE TABLE users (id varchar(40), x integer)";
    let index = "CREATE UNIQUE INDEX covering ON users (id) INCLUDE (x)";
    let Some(tables) = tables(Postgres, &[table, index]).await else {
        return;
    };

    let problem = tables.directory(&keys_only()).await.index_problem();

    assert_eq!(problem, None);
}

/// The ways in which keys are stored: the column, and the expression that makes the n-th key.
const KEYS: [(Engine, &str, &str); 15] = [
    (Sqlite, "integer", "n"),
    (Sqlite, "text", "'user ' || n"),
    (Sqlite, "varchar(36)", "'user ' || n"),
    (Postgres, "integer", "n"),
    (Postgres, "text", "'user ' || n"),
    (Postgres, "varchar(255)", "'user ' || n"),
    (Postgres, "char(36)", "'user ' || n"),
    (Postgres, "citext", "'user ' || n"),
    (
        Postgres,
        "uuid",
        "('00000000-0000-4000-8000-' || lpad(n::text, 12, '0'))::uuid",
    ),
    (MariaDb, "bigint unsigned", "n"),
    (MariaDb, "varchar(255)", "CONCAT('user ', n)"),
    (
        MariaDb,
        "varchar(255) COLLATE utf8mb4_bin",
        "CONCAT('user ', n)",
    ),
    (
        MariaDb,
        "varchar(255) CHARACTER SET latin1",
        "CONCAT('user ', n)",
    ),
    (
        MariaDb,
        "varchar(255) CHARACTER SET utf8mb3",
        "CONCAT('user ', n)",
    ),
    (
        MariaDb,
        "uuid",
        "CONCAT('00000000-0000-4000-8000-', LPAD(n, 12, '0'))",
    ),
];

#[tokio::test]
async fn a_look_up_among_many_goes_through_the_index() {
    for (engine, type_name, key) in KEYS {
        let Some(tables) = filled(engine, type_name, key).await else {
            continue;
        };
        let directory = tables.directory(&keys_only()).await;

        let lone = directory.statement();
        let (select, key) = lone.rsplit_once(" = ").unwrap();
        let together = format!("{select} IN ({key}, {key})");
        let statements: &[_] = match engine {
            Postgres => &[(lone, 1)],
            Sqlite | MariaDb => &[(lone, 1), (&together, 2)],
        };
        for (statement, keys) in statements {
            let plan = plan(&tables, statement, type_name, *keys).await;

            let through_index = match engine {
                Sqlite => plan.starts_with("SEARCH users"),
                Postgres => plan.starts_with("Index "),
                MariaDb => plan == if *keys == 1 { "const" } else { "range" },
            };
            assert!(through_index, "{engine:?} {type_name} {keys}: {plan}");
        }
        assert_eq!(directory.index_problem(), None, "{engine:?} {type_name}");
    }
}

/// A table with 20,000 users.
async fn filled(engine: Engine, type_name: &str, key: &str) -> Option<Tables> {
    let tables = tables(engine, &[]).await?;
    if type_name == "citext" {
        tables.sql("CREATE EXTENSION citext").await;
    }
    tables
        .sql(&format!("CREATE TABLE users (id {type_name} PRIMARY KEY)"))
        .await;
    let numbers = match engine {
        Sqlite => {
            "(WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 20000) \
                   SELECT n FROM c) AS numbers"
        }
        Postgres => "generate_series(1, 20000) AS n",
        MariaDb => "(SELECT seq AS n FROM seq_1_to_20000) AS numbers",
    };
    tables
        .sql(&format!("INSERT INTO users SELECT {key} FROM {numbers}"))
        .await;
    tables
        .sql(if engine == MariaDb {
            "ANALYZE TABLE users"
        } else {
            "ANALYZE"
        })
        .await;
    Some(tables)
}

/// The first line of what the database means to do for a look-up of so many keys.
async fn plan(tables: &Tables, statement: &str, type_name: &str, keys: usize) -> String {
    let (explain, column) = match tables.engine {
        Sqlite => ("EXPLAIN QUERY PLAN", "detail"),
        Postgres => ("EXPLAIN", "QUERY PLAN"),
        MariaDb => ("EXPLAIN", "type"),
    };
    let key = |number: i64| -> Value {
        let uuid = format!("00000000-0000-4000-8000-{number:012}");
        let user = format!("user {number}");
        match (tables.engine, type_name) {
            (Postgres, "uuid") => vec![uuid.parse::<uuid::Uuid>().unwrap()].into(),
            (Postgres, "integer") => vec![number].into(),
            (Postgres, _) => vec![user].into(),
            (_, "uuid") => uuid.into(),
            (_, "integer" | "bigint unsigned") => number.into(),
            _ => user.into(),
        }
    };
    let statement = Statement::from_sql_and_values(
        tables.connection.get_database_backend(),
        format!("{explain} {statement}"),
        (777..).take(keys).map(key),
    );
    let row = tables.connection.query_one_raw(statement).await;
    String::try_get_by(&row.unwrap().unwrap(), column).unwrap()
}
