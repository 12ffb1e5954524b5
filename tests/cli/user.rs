//! `remint user`

use serde_json::json;

use super::{foreign_database, place_with_users};
use crate::harness::process::{Output, Place};

const NOT_OURS: &str = "the users table is not one that remint made, and remint alters no other; \
                        use the backend that owns it";

/// Fails unless that is all that the command said.
fn assert_error(output: &Output, message: &str) {
    let expected = (Some(1), "", format!("remint: {message}\n"));
    assert_eq!(
        (output.code, output.stdout.as_str(), output.stderr.clone()),
        expected
    );
}

#[test]
fn adding_a_user_prints_the_id_alone() {
    let place = Place::bare();

    let given = place.run(&["user", "add", "alice@example.com", "--id", "alice"]);
    let random = place.run(&["user", "add", "carol@example.com"]);

    assert_eq!(given.only_line(), "alice");
    let random = uuid::Uuid::parse_str(random.only_line()).unwrap();
    assert_eq!(random.get_version_num(), 4);
}

#[test]
fn a_user_who_could_never_refresh_is_not_added() {
    let place = Place::bare();
    let no_key = "an id that tokens can name has 1 to 255 bytes, no control characters, and no white \
                  space at its ends";
    let long = "x".repeat(256);

    for (email, id, message) in [
        ("a@example.com", "", no_key),
        ("a@example.com", " alice", no_key),
        ("a@example.com", "al\nice", no_key),
        ("a@example.com", &long, no_key),
        (" ", "alice", "the address is empty"),
    ] {
        let output = place.run(&["user", "add", email, "--id", id]);

        assert_error(&output, message);
    }
    assert_eq!(place.run(&["user", "list", "--json"]).stdout, "[]\n");
}

#[test]
fn a_user_who_is_there_is_not_added_again() {
    let place = place_with_users();

    for (email, id) in [
        ("alice@example.com", "other"),
        ("other@example.com", "alice"),
    ] {
        let output = place.run(&["user", "add", email, "--id", id]);
        assert_error(&output, "a user with that id or email exists already");
    }
}

#[test]
fn users_are_listed_for_people_and_for_programs() {
    let place = place_with_users();

    let (people, programs) = (
        place.run(&["user", "list"]),
        place.run(&["user", "list", "--json"]),
    );

    insta::assert_snapshot!(people.stdout, @r#"
    | Id    | Email             | Active |
    |-------|-------------------|--------|
    | alice | alice@example.com | true   |
    | bob   | bob@example.com   | false  |
    "#);
    let expected = json!([
        {"id": "alice", "email": "alice@example.com", "active": true},
        {"id": "bob", "email": "bob@example.com", "active": false},
    ]);
    assert_eq!(programs.json(), expected);
}

#[test]
fn a_user_is_deactivated_and_activated_by_id_or_address() {
    let place = place_with_users();
    let active = || {
        let list = place.run(&["user", "list", "--json"]).json();
        let users = list.as_array().unwrap().iter();
        users.map(|user| user["active"] == true).collect::<Vec<_>>()
    };

    for (action, user, then) in [
        ("deactivate", "alice", [false, false]),
        ("activate", "bob@example.com", [false, true]),
        ("activate", "bob", [false, true]),
        ("activate", "alice@example.com", [true, true]),
    ] {
        let output = place.run(&["user", action, user]);
        assert_eq!((output.code, output.stdout.as_str()), (Some(0), ""));
        assert_eq!(active(), then);
    }
}

#[test]
fn a_user_who_is_not_there_cannot_be_activated() {
    let place = place_with_users();

    for action in ["activate", "deactivate"] {
        let output = place.run(&["user", action, "carol"]);
        assert_error(&output, "no user has that id or email");
    }
}

#[tokio::test]
async fn a_table_that_remint_did_not_make_is_not_altered() {
    let place = Place::bare();
    let table = "CREATE TABLE users (id TEXT PRIMARY KEY, email TEXT, is_active BOOLEAN)";
    let url = foreign_database(&place, &[table]).await;
    let place = place.with("DATABASE_URL", &url);

    let output = place.run(&["user", "add", "alice@example.com"]);

    assert_error(&output, NOT_OURS);
}

#[test]
fn a_table_that_serve_does_not_read_is_not_altered_either() {
    let place = place_with_users().with("USERS_TABLE", "accounts");

    let output = place.run(&["user", "deactivate", "alice"]);

    assert_error(&output, NOT_OURS);
}
