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
    assert_eq!((&listed[0]["generation"], &shown), (&1.into(), &listed));
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
fn revoking_takes_an_id_or_a_user() {
    let id = "00000000-0000-4000-8000-000000000000";
    for arguments in [&[][..], &[id, "--user", "alice"]] {
        let output = single_use().run(&[&["session", "revoke"], arguments].concat());

        assert_eq!(output.code, Some(2), "{output:?}");
        let usage = "Usage: remint session revoke <ID|--user <KEY>>";
        assert!(output.stderr.contains(usage), "{output:?}");
    }
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
    let [alice, bob] = ["alice", "bob"].map(|user| place.run(&["session", "list", user, "--json"]));
    let listed = sessions(&alice);
    assert!(listed[0]["state"].as_str().unwrap().starts_with("logout"));
    let note = alice.stderr;
    assert!(
        note.starts_with("nothing that alice got up to 20"),
        "{note}"
    );
    assert!(sessions(&bob).is_empty());
    assert_eq!(bob.stderr, "");
}

#[test]
fn ending_what_a_user_has_whom_nobody_knows_says_so() {
    let place = place_with_users();

    let [nobody, alice] =
        ["nobody", "alice"].map(|user| place.run(&["session", "revoke", "--user", user]));

    let unknown = "the users table has no user of the key nobody: keys are those of \
                   USERS_KEY_COLUMN (id)";
    assert!(nobody.stderr.contains(unknown), "{nobody:?}");
    assert!(!alice.stderr.contains("users table"), "{alice:?}");
    assert_eq!((nobody.code, alice.code), (Some(0), Some(0)));
}

#[test]
fn without_the_users_table_everything_of_a_user_ends_all_the_same() {
    let place = place_with_users().with("USERS_TABLE", "people");

    let output = place.run(&["session", "revoke", "--user", "alice"]);

    assert_eq!(output.code, Some(0), "{output:?}");
    assert_eq!(output.stderr.lines().count(), 1, "{output:?}");
}

#[test]
fn what_is_no_id_of_a_session_is_told_where_one_stands() {
    for action in ["show", "revoke"] {
        let output = place_with_users().run(&["session", action, "nope"]);

        assert_eq!(output.code, Some(2), "{output:?}");
        let expected = "expected an id as the log names it";
        assert!(output.stderr.contains(expected), "{output:?}");
    }
}

/// What starting a session of alice's printed.
fn started(place: &Place, contract: &str) -> Value {
    let arguments = [
        "session",
        "start",
        "alice",
        "--contract",
        contract,
        "--json",
    ];
    let output = place.run(&arguments);
    assert_eq!(output.code, Some(0), "{output:?}");
    output.json()
}

#[test]
fn a_session_can_be_started_by_every_contract() {
    let place = place_with_users();
    for contract in [
        "cookie",
        "envelope",
        "expired_token",
        "oauth2",
        "refresh_token",
        "token_pair",
    ] {
        let session = started(&place, contract);

        let id = session["session_id"].as_str().unwrap();
        let shown = sessions(&place.run(&["session", "show", id, "--json"]));
        let seen = (&shown[0]["contract"], &shown[0]["user"], &shown[0]["state"]);
        assert_eq!(seen, (&contract.into(), &"alice".into(), &"live".into()));
        let names: Vec<_> = session.as_object().unwrap().keys().collect();
        let has_refresh_token = names.len() == 6;
        assert_eq!(has_refresh_token, contract != "expired_token", "{names:?}");
    }
}

#[test]
fn people_see_each_token_on_a_line_of_its_own() {
    let place = place_with_users();
    let arguments = [
        "session",
        "start",
        "alice",
        "--contract",
        "envelope",
        "--claim",
        "role=x",
    ];

    let output = place.run(&arguments);

    let lines: Vec<_> = output.stdout.lines().collect();
    let line = |index: usize, label: &str| lines[index].strip_prefix(label).unwrap().trim_start();
    assert_eq!(line(0, "Session ").len(), 36);
    let claims = crate::harness::jwt::payload(line(1, "Access token "));
    assert_eq!(
        (&claims["sub"], &claims["role"]),
        (&"alice".into(), &"x".into())
    );
    assert_eq!(line(2, "Good for "), "86400 seconds");
    assert_eq!(line(3, "Refresh token ").len(), 36);
    assert_eq!((line(4, "Good for "), lines.len()), ("2592000 seconds", 5));
}

#[test]
fn nobody_inactive_or_unknown_gets_a_session() {
    let place = place_with_users();
    for (arguments, complaint) in [
        (
            &["bob", "--contract", "cookie"][..],
            "remint: the user is not active\n",
        ),
        (
            &["carol", "--contract", "cookie"],
            "remint: the user does not exist\n",
        ),
        (
            &["", "--contract", "cookie"],
            "remint: the subject cannot be a user's key\n",
        ),
        (
            &["alice", "--contract", "cookie", "--claim", "exp=1"],
            "remint: the claim exp is not for the caller to set\n",
        ),
        (
            &["alice", "--contract", "cookie", "--integer"],
            "remint: alice is not an integer\n",
        ),
        (
            &["42", "--contract", "cookie", "--integer"],
            "remint: the subject cannot be a user's key\n",
        ),
    ] {
        let output = place.run(&[&["session", "start"], arguments].concat());

        assert_eq!((output.code, output.stdout.as_str()), (Some(1), ""));
        assert!(output.stderr.ends_with(complaint), "{output:?}");
    }
    let output = place.run(&["session", "start", "alice", "--contract", "saml"]);
    assert_eq!(output.code, Some(2));
}

#[test]
fn the_life_of_a_session_is_told_to_people() {
    let place = single_use();
    let service = place.serve();
    let id = started(&place, "token_pair")["session_id"].clone();
    let id = id.as_str().unwrap();
    place.run(&["session", "revoke", id]);
    refresh(&service, &token(&place));
    let listed = sessions(&place.run(&["session", "list", "alice", "--json"]));
    let other = listed.iter().find(|one| one["session"] != id).unwrap();

    let revoked = place.run(&["session", "show", id]).stdout;
    let live = place
        .run(&["session", "show", other["session"].as_str().unwrap()])
        .stdout;

    for line in [
        "User       alice",
        "Contract   token_pair",
        "Refreshed  never",
        "if it had not been",
    ] {
        assert!(revoked.contains(line), "{revoked}");
    }
    assert!(
        revoked.ends_with(", by whoever runs the service\n"),
        "{revoked}"
    );
    assert!(live.contains("Refreshed  1 time, last at "), "{live}");
    assert!(!live.contains("Revoked"), "{live}");
}

#[test]
fn a_uuid_is_the_same_user_in_both_cases() {
    let place = place_with_users();
    let uuid = "0A0B0C0D-0000-4000-8000-00000000000F";
    place.run(&["user", "add", "u@example.com", "--id", &uuid.to_lowercase()]);
    let start = [
        "session",
        "start",
        &uuid.to_lowercase(),
        "--contract",
        "cookie",
    ];
    assert_eq!(place.run(&start).code, Some(0));

    assert_eq!(
        sessions(&place.run(&["session", "list", uuid, "--json"])).len(),
        1
    );
    assert_eq!(
        place.run(&["session", "revoke", "--user", uuid]).code,
        Some(0)
    );

    let listed = sessions(&place.run(&["session", "list", uuid, "--json"]));
    assert!(listed[0]["state"].as_str().unwrap().starts_with("logout"));
}
