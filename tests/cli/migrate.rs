//! `remint migrate`

use sea_orm::{ConnectionTrait as _, Database};
use serde_json::Value;

use super::{foreign_database, place_with_users};
use crate::harness::process::Place;

/// How many migrations there are, and how many of them were made.
fn status(place: &Place) -> (usize, usize) {
    let output = place.run(&["migrate", "status", "--json"]);
    let Value::Array(rows) = output.json() else {
        panic!("{output:?}");
    };
    let applied = rows.iter().filter(|row| row["status"] == "applied").count();
    let pending = rows.iter().filter(|row| row["status"] == "pending").count();
    assert_eq!(applied + pending, rows.len(), "{output:?}");
    (rows.len(), applied)
}

#[test]
fn up_makes_all_and_down_takes_all_back_again_and_again() {
    let place = Place::bare();
    let (all, made) = status(&place);
    assert!(all > 1 && made == 0);

    for _ in 0..2 {
        assert_eq!(place.run(&["migrate", "up"]).code, Some(0));
        assert_eq!(status(&place), (all, all));
        assert_eq!(place.run(&["migrate", "up"]).code, Some(0));
        assert_eq!(status(&place), (all, all));

        assert_eq!(place.run(&["migrate", "down"]).code, Some(0));
        assert_eq!(status(&place), (all, 0));
    }
}

#[test]
fn down_takes_back_as_many_as_it_is_told() {
    let place = Place::bare();
    place.run(&["migrate", "up"]);
    let (all, _) = status(&place);

    assert_eq!(
        place.run(&["migrate", "down", "--steps", "1"]).code,
        Some(0)
    );

    assert_eq!(status(&place), (all, all - 1));
}

#[test]
fn down_removes_the_users_table_that_remint_made() {
    let place = place_with_users();

    let down = place.run(&["migrate", "down"]);
    let again = place.run(&["migrate", "down"]);
    place.run(&["migrate", "up"]);

    let said = &down.stderr;
    assert!(
        said.starts_with("taken back: ") && said.contains("create_users"),
        "{said}"
    );
    assert_eq!(again.stderr, "there was nothing to take back\n");
    let list = place.run(&["user", "list", "--json"]);
    assert_eq!((list.code, list.stdout.as_str()), (Some(0), "[]\n"));
}

#[tokio::test]
async fn down_leaves_a_users_table_that_remint_did_not_make() {
    let place = Place::bare();
    let table = "CREATE TABLE users (id TEXT PRIMARY KEY, is_active BOOLEAN)";
    let alice = "INSERT INTO users VALUES ('alice', TRUE)";
    let url = foreign_database(&place, &[table, alice]).await;
    let place = place.with("DATABASE_URL", &url);

    for action in ["up", "down"] {
        assert_eq!(place.run(&["migrate", action]).code, Some(0));
    }

    let connection = Database::connect(&url).await.unwrap();
    let rows = connection.execute_unprepared("UPDATE users SET is_active = FALSE");
    assert_eq!(rows.await.unwrap().rows_affected(), 1);
}

#[test]
fn the_status_is_a_table_for_people() {
    let place = Place::bare();

    let output = place.run(&["migrate", "status"]);

    assert_eq!(output.code, Some(0));
    assert!(output.stdout.starts_with("| Migration "), "{output:?}");
    assert!(output.stdout.contains("| pending |"), "{output:?}");
}
