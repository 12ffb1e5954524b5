//! `remint session`

use serde_json::Value;

use super::place_with_users;
use crate::harness::process::{Output, Place, Service};
use crate::harness::wire::Wire;

const SINGLE_USE: (&str, &str) = ("REFRESH_MODE", "single_use");

fn single_use() -> Place {
    place_with_users().with(SINGLE_USE.0, SINGLE_USE.1)
}

/// An expired token of alice, from a login of its own.
fn token_of(place: &Place, login: &str) -> String {
    let claim = format!("login={login}");
    let arguments = [
        "token",
        "--sub",
        "alice",
        "--expired-for",
        "1h",
        "--claim",
        &claim,
    ];
    place.run(&arguments).only_line().to_owned()
}

fn token(place: &Place) -> String {
    token_of(place, "first")
}

/// The status of a refresh.
fn refresh(service: &Service, token: &str) -> u16 {
    let body = format!(r#"{{"token": "{token}"}}"#);
    let head = "POST /api/auth/refresh HTTP/1.1\r\nhost: x\r\ncontent-type: application/json";
    let request = format!("{head}\r\ncontent-length: {}\r\n\r\n{body}", body.len());
    Wire::to(service).send(&request).answer().status()
}

fn sessions(output: &Output) -> Vec<Value> {
    assert_eq!(output.code, Some(0), "{output:?}");
    output.json().as_array().unwrap().clone()
}

#[test]
fn a_session_is_listed_shown_and_revoked() {
    let place = single_use();
    let service = place.serve();
    let token = token(&place);
    assert_eq!(refresh(&service, &token), 200);

    let listed = sessions(&place.run(&["session", "list", "alice", "--json"]));
    let id = listed[0]["session"].as_str().unwrap().to_owned();
    let shown = sessions(&place.run(&["session", "show", &id, "--json"]));
    let revoked = place.run(&["session", "revoke", &id]);

    assert_eq!((listed.len(), &listed[0]["state"]), (1, &"live".into()));
    assert_eq!((&listed[0]["generation"], &shown), (&"1".into(), &listed));
    assert_eq!(revoked.code, Some(0), "{revoked:?}");
    assert_eq!(refresh(&service, &token), 401);
    assert_eq!(place.run(&["session", "revoke", &id]).code, Some(1));
}

#[test]
fn a_session_that_is_written_down_nowhere_can_be_revoked_by_the_id_of_the_log() {
    let place = place_with_users().with("LOG_FORMAT", "json");
    let mut service = place.serve();
    let token = token(&place);
    assert_eq!(refresh(&service, &token), 200);
    let line: Value = serde_json::from_str(&service.line_with("refreshed")).unwrap();
    let id = line["session"].as_str().unwrap();
    assert_eq!(place.run(&["session", "show", id]).code, Some(1));

    assert_eq!(place.run(&["session", "revoke", id]).code, Some(0));

    assert_eq!(refresh(&service, &token), 401);
    assert_eq!(
        sessions(&place.run(&["session", "show", id, "--json"])).len(),
        1
    );
}

#[test]
fn everything_of_one_user_can_be_revoked() {
    let place = single_use();
    let service = place.serve();
    let (used, unused) = (token(&place), token_of(&place, "second"));
    assert_eq!(refresh(&service, &used), 200);

    let output = place.run(&["session", "revoke", "--user", "alice"]);

    assert_eq!((output.code, output.stdout.as_str()), (Some(0), ""));
    for token in [used, unused] {
        assert_eq!(refresh(&service, &token), 401);
    }
    let listed = sessions(&place.run(&["session", "list", "alice", "--json"]));
    assert!(listed[0]["state"].as_str().unwrap().starts_with("logout"));
    assert!(sessions(&place.run(&["session", "list", "bob", "--json"])).is_empty());
}
