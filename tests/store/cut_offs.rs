//! The instant before which nothing that was issued counts any more.

use remint::domain::Subject;
use remint::store::{DirectorySettings, SqlUserDirectory};

use crate::harness::START;
use crate::harness::servers::Engine::{self, MariaDb, Postgres, Sqlite};

use super::table::{tables, verdict_on};

/// `START`, with an instant before and after it, as columns of that type have them.
const TYPES: [(Engine, &str, [&str; 3]); 14] = [
    (Postgres, "timestamp", AS_TEXT),
    (Postgres, "timestamptz", AS_TEXT),
    (Postgres, "timestamptz(0)", ZONED),
    (Postgres, "bigint", AS_NUMBER),
    (Postgres, "integer", AS_NUMBER),
    (MariaDb, "timestamp", AS_TEXT),
    (MariaDb, "datetime", AS_TEXT),
    (MariaDb, "datetime(6)", AS_TEXT),
    (MariaDb, "bigint unsigned", AS_NUMBER),
    (Sqlite, "datetime", AS_TEXT),
    (Sqlite, "text", ZONED),
    (Sqlite, "timestamp", RFC_3339),
    (Sqlite, "datetime", AS_NUMBER),
    (Sqlite, "integer", AS_NUMBER),
];
const AS_TEXT: [&str; 3] = [
    "'2027-01-15 07:59:59'",
    "'2027-01-15 08:00:00'",
    "'2027-01-15 08:00:01'",
];
const ZONED: [&str; 3] = [
    "'2027-01-15 09:59:59+02:00'",
    "'2027-01-15 10:00:00+02:00'",
    "'2027-01-15 10:00:01+02:00'",
];
const RFC_3339: [&str; 3] = [
    "'2027-01-15T07:59:59.000Z'",
    "'2027-01-15T08:00:00.000Z'",
    "'2027-01-15T08:00:01.000Z'",
];
const AS_NUMBER: [&str; 3] = ["1799999999", "1800000000", "1800000001"];

/// What the directory says about a token issued at `issued_at`, for each of these cut-offs.
async fn verdicts(
    (engine, type_name): (Engine, &str),
    cut_offs: &[&str],
    issued_at: i64,
) -> Option<Vec<&'static str>> {
    let null = if engine == MariaDb { "NULL" } else { "" };
    let table = format!("CREATE TABLE users (id integer PRIMARY KEY, cut_off {type_name} {null})");
    let tables = tables(engine, &[&table]).await?;
    for (id, cut_off) in cut_offs.iter().enumerate() {
        let row = format!("INSERT INTO users VALUES ({id}, {cut_off})");
        tables.sql(&row).await;
    }
    let directory = tables.directory(&with_cut_off()).await;

    let mut seen = Vec::new();
    for id in 0..cut_offs.len() {
        seen.push(about(&directory, id, issued_at).await);
    }
    Some(seen)
}

async fn about(directory: &SqlUserDirectory, id: usize, issued_at: i64) -> &'static str {
    verdict_on(directory, &Subject::Text(id.to_string()), issued_at).await
}

fn with_cut_off() -> DirectorySettings {
    DirectorySettings {
        active_column: None,
        valid_after_column: Some("cut_off".to_owned()),
        ..DirectorySettings::default()
    }
}

#[tokio::test]
async fn what_was_issued_at_the_cut_off_or_before_is_revoked() {
    for (engine, type_name, [before, at, after]) in TYPES {
        let cut_offs = [before, at, after, "NULL"];

        let Some(seen) = verdicts((engine, type_name), &cut_offs, START).await else {
            continue;
        };

        let expected = ["active", "revoked", "revoked", "active"];
        assert_eq!(seen, expected, "{engine:?} {type_name} {before}");
    }
}

#[tokio::test]
async fn a_date_is_its_first_second_in_utc() {
    for engine in [Sqlite, Postgres, MariaDb] {
        let column = (engine, "date");
        let cut_offs = ["'2027-01-15'", "'2027-01-16'"];

        let Some(at_eight) = verdicts(column, &cut_offs, START).await else {
            continue;
        };
        let at_midnight = verdicts(column, &cut_offs, START - 8 * 3600).await.unwrap();

        assert_eq!(at_eight, ["active", "revoked"], "{engine:?}");
        assert_eq!(at_midnight, ["revoked", "revoked"], "{engine:?}");
    }
}

#[tokio::test]
async fn a_fraction_of_a_second_counts() {
    let types = [
        (Sqlite, "text"),
        (Postgres, "timestamptz"),
        (MariaDb, "datetime(6)"),
    ];
    for column in types {
        let cut_offs = ["'2027-01-15 07:59:59.999'", "'2027-01-15 08:00:00.001'"];

        let Some(seen) = verdicts(column, &cut_offs, START).await else {
            continue;
        };

        assert_eq!(seen, ["active", "revoked"], "{column:?}");
    }
}

#[tokio::test]
async fn a_cut_off_that_cannot_be_read_makes_the_user_inactive() {
    let unreadable: [(Engine, &str, &[&str]); 5] = [
        (Sqlite, "text", &["'yesterday'", "''", "'15.01.2027'"]),
        (Sqlite, "datetime", &["1800000000000"]),
        (
            Sqlite,
            "integer",
            &["'2027-01-15'", "'NaN'", "'inf'", "9e99"],
        ),
        (Postgres, "timestamptz", &["'infinity'", "'-infinity'"]),
        (MariaDb, "datetime", &["'0000-00-00 00:00:00'"]),
    ];
    for (engine, type_name, cut_offs) in unreadable {
        let Some(seen) = verdicts((engine, type_name), cut_offs, START).await else {
            continue;
        };

        let expected = vec!["inactive"; cut_offs.len()];
        assert_eq!(seen, expected, "{engine:?} {type_name} {cut_offs:?}");
    }
}

#[tokio::test]
async fn milliseconds_where_seconds_belong_revoke_everything() {
    for column in [
        (Sqlite, "integer"),
        (Postgres, "bigint"),
        (MariaDb, "bigint"),
    ] {
        let Some(seen) = verdicts(column, &["1700000000000"], START).await else {
            continue;
        };

        assert_eq!(seen, ["revoked"], "{column:?}");
    }
}
