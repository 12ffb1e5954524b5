//! `remint explain`

use std::fs;

use serde_json::Value;

use super::{foreign_database, place_with_users};
use crate::harness::jwt;
use crate::harness::process::Place;

fn token(place: &Place, arguments: &[&str]) -> String {
    let output = place.run(&[&["token"], arguments].concat());
    output.only_line().to_owned()
}

#[test]
fn a_good_token_passes_every_check() {
    let place = place_with_users();
    let token = token(&place, &["--sub", "alice", "--expired-for", "1h"]);

    let output = place.run(&["explain", &token]);

    assert_eq!(output.code, Some(0), "{output:?}");
    assert!(output.stdout.contains("alice is active"), "{output:?}");
    assert!(output.stdout.ends_with("This token would be exchanged.\n"));
    assert!(!output.stdout.contains("| NO"), "{output:?}");
}

/// Tokens that are refused, each with its reason.
fn refused(place: &Place) -> [(String, &'static str); 6] {
    let good = token(place, &["--sub", "alice"]);
    let (signed, _) = good.rsplit_once('.').unwrap();
    [
        ("x".to_owned(), "not a JWT in compact form"),
        (
            jwt::sign(signed, "another key"),
            "the signature does not fit any key",
        ),
        (
            token(place, &["--sub", "alice", "--expired-for", "8days"]),
            "expired too long ago",
        ),
        (
            token(place, &["--sub", "alice", "--claim", "aud=app"]),
            "for another audience",
        ),
        (token(place, &["--sub", "bob"]), "the user is not active"),
        (token(place, &["--sub", "carol"]), "the user does not exist"),
    ]
}

#[test]
fn a_token_that_would_be_refused_fails_with_the_reason() {
    let place = place_with_users();

    for (token, reason) in refused(&place) {
        let output = place.run(&["explain", &token]);

        assert_eq!(output.code, Some(1), "{output:?}");
        let last = output.stdout.lines().last().unwrap();
        assert!(last.starts_with("This token would be refused: "), "{last}");
        assert!(last.contains(reason), "{last}");
    }
}

#[test]
fn what_explain_says_is_what_the_service_does() {
    let place = place_with_users();
    let service = place.serve();

    for subject in ["alice", "bob", "carol"] {
        let token = token(&place, &["--sub", subject, "--expired-for", "1h"]);
        let explained = place.run(&["explain", &token]).code == Some(0);

        let body = serde_json::json!({ "token": token }).to_string();
        let answer = crate::server::post_refresh(&service, &body);
        assert_eq!(answer.status() == 200, explained, "{answer:?}");
    }
}

#[test]
fn the_token_can_come_on_the_standard_input() {
    let place = place_with_users();
    let token = token(&place, &["--sub", "alice"]);

    for input in [token.clone(), format!("{token}\n"), format!("{token}\r\n")] {
        let output = place.run_with_input(&["explain", "-"], &input);
        assert_eq!(output.code, Some(0), "{output:?}");
    }
}

#[test]
fn programs_get_every_check_as_json() {
    let place = place_with_users();
    let token = token(&place, &["--sub", "bob"]);

    let output = place.run(&["explain", &token, "--json"]);

    assert_eq!(output.code, Some(1));
    let rows = output.json();
    let (last, checks) = rows.as_array().unwrap().split_last().unwrap();
    assert!(checks.len() > 10 && checks.iter().all(|row| row["verdict"] == "ok"));
    let expected = ["user", "NO", "the user is not active"].map(Value::from);
    assert_eq!(
        ["check", "verdict", "seen"].map(|name| last[name].clone()),
        expected
    );
}

#[test]
fn explaining_makes_no_database() {
    let place = Place::new();
    let token = token(&place, &["--sub", "alice"]);

    let output = place.run(&["explain", &token]);

    assert_eq!(output.code, Some(1));
    assert!(
        output.stderr.contains("there is no SQLite file ") && output.stderr.contains(".db, or it"),
        "{output:?}"
    );
    assert_eq!(place.files(), Vec::<String>::new());
}

#[tokio::test]
async fn explaining_changes_nothing_of_the_users_database() {
    let place = Place::new();
    let table = "CREATE TABLE users (id TEXT PRIMARY KEY, is_active BOOLEAN)";
    let alice = "INSERT INTO users VALUES ('alice', TRUE)";
    let url = foreign_database(&place, &[table, alice]).await;
    let place = place.with("USERS_DATABASE_URL", &url);
    let file = place.path().join("theirs.db");
    let before = fs::read(&file).unwrap();

    let output = place.run(&["explain", &token(&place, &["--sub", "alice"])]);

    assert_eq!(output.code, Some(0), "{output:?}");
    assert_eq!(place.files(), ["theirs.db"]);
    assert!(
        fs::read(&file).unwrap() == before,
        "the file was written to"
    );
}
