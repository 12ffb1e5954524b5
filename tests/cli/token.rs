//! `remint token`

use serde_json::{Value, json};

use crate::harness::jwt;
use crate::harness::process::Place;

fn claims(place: &Place, arguments: &[&str]) -> Value {
    let output = place.run(&[&["token", "--sub", "alice"], arguments].concat());
    jwt::payload(output.only_line())
}

#[test]
fn a_token_is_printed_alone_and_lives_as_long_as_a_fresh_one() {
    let place = Place::new().with("ACCESS_TOKEN_EXPIRE_MINUTES", "5");

    let claims = claims(&place, &[]);

    assert_eq!(claims["sub"], "alice");
    let lifetime = claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap();
    assert_eq!(lifetime, 300);
    assert_eq!(claims.as_object().unwrap().len(), 3);
}

#[test]
fn a_token_can_have_expired() {
    let place = Place::new();
    let now = claims(&place, &[])["iat"].as_i64().unwrap();

    for (text, seconds) in [("1h", 3600), ("7days", 604_800), ("90s", 90)] {
        let expired = claims(&place, &["--expired-for", text]);

        let ago = now - expired["exp"].as_i64().unwrap();
        assert!((seconds - 60..=seconds).contains(&ago), "{text}: {ago}");
    }
}

#[test]
fn a_time_that_cannot_be_counted_is_refused() {
    for text in [
        "yesterday",
        "-1h",
        "101years",
        "300000years",
        "9999999999999years",
    ] {
        let output = Place::new().run(&["token", "--sub", "alice", "--expired-for", text]);

        assert_eq!(
            (output.code, output.stdout.as_str()),
            (Some(2), ""),
            "{output:?}"
        );
        assert!(!output.stderr.contains("panic"), "{output:?}");
    }
}

#[test]
fn what_is_no_duration_is_answered_with_some() {
    let output = Place::new().run(&["token", "--sub", "alice", "--expired-for", "banana"]);

    let expected = "expected a duration such as 90s, 1h or 2d";
    assert!(output.stderr.contains(expected), "{output:?}");
}

#[test]
fn claims_are_json_or_else_text_and_replace_those_that_are_there() {
    let given = [
        r#"roles=["admin"]"#,
        "level=7",
        "name=Alice Adams",
        r#"quoted="7""#,
        "equation=a=b",
        "sub=carol",
        "exp=1e3",
    ];
    let arguments: Vec<_> = given.iter().flat_map(|claim| ["--claim", claim]).collect();

    let claims = claims(&Place::new(), &arguments);

    let names = ["roles", "level", "name", "quoted", "equation", "sub", "exp"];
    let values: Vec<_> = names.iter().map(|name| claims[name].clone()).collect();
    let expected = json!([["admin"], 7, "Alice Adams", "7", "a=b", "carol", 1000.0]);
    assert_eq!(Value::from(values), expected);
}

#[test]
fn a_token_has_what_the_settings_demand() {
    let place = Place::new()
        .with("JWT_SUBJECT_CLAIM", "user_id")
        .with("JWT_ISSUER", "backend")
        .with("JWT_AUDIENCE", "app, other")
        .with("JWT_KEY_ID", "2026");

    let output = place.run(&["token", "--sub", "alice"]);

    let claims = jwt::payload(output.only_line());
    let found = json!([
        claims["user_id"],
        claims["iss"],
        claims["aud"],
        claims["sub"]
    ]);
    assert_eq!(found, json!(["alice", "backend", "app", null]));
    place.run(&["user", "add", "alice@example.com", "--id", "alice"]);
    let explained = place.run(&["explain", output.only_line()]);
    assert_eq!(explained.code, Some(0), "{explained:?}");
}
