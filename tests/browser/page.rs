//! The page for people at `/`.

use remint::domain::{Clock as _, SystemClock};
use serde_json::{Value, json};

use crate::harness::process::Place;
use crate::harness::{SECRET, jwt};

use super::run;

/// The contracts whose sessions begin with a refresh token.
const STARTED: [&str; 5] = [
    "cookie",
    "token_pair",
    "envelope",
    "refresh_token",
    "oauth2",
];

const DAY: i64 = 86_400;

/// A service with alice, who is active, and bob, who is not.
fn place() -> Place {
    let place = Place::new();
    let alice = ["user", "add", "alice@example.com", "--id=alice"];
    let bob = ["user", "add", "bob@example.com", "--id=bob", "--inactive"];
    for arguments in [&alice[..], &bob] {
        assert_eq!(place.run(arguments).code, Some(0));
    }
    place
}

/// This second, as the service has it.
fn now() -> i64 {
    SystemClock.now().timestamp()
}

/// A token with those members beside the times of one that expired an hour ago.
fn token(members: &str) -> String {
    let times = format!(r#""iat":{},"exp":{}"#, now() - 5_400, now() - 3_600);
    jwt::hs256(jwt::HS256, format!("{{{times}{members}}}"), SECRET)
}

/// One with exactly those claims.
fn bare(claims: &Value) -> String {
    jwt::hs256(jwt::HS256, claims.to_string(), SECRET)
}

/// Tokens whose times matter.
fn timed() -> Vec<(&'static str, String)> {
    let now = now();
    let (ago, soon) = (now - 3_600, now + 3_600);
    let old = json!({"sub": "alice", "iat": now - 9 * DAY, "exp": now - 8 * DAY});
    let logged_in = format!(r#","sub":"alice","auth_time":{}"#, now - 40 * DAY);
    let later = json!({"sub": "alice", "iat": soon, "exp": soon + 9});
    vec![
        ("expired", token(r#","sub":"alice""#)),
        (
            "live",
            bare(&json!({"sub": "alice", "iat": now, "exp": soon})),
        ),
        ("too old", bare(&old)),
        ("old session", token(&logged_in)),
        ("no expiry", bare(&json!({"sub": "alice", "iat": ago}))),
        (
            "expiry as text",
            bare(&json!({"sub": "alice", "exp": ago.to_string()})),
        ),
        (
            "not yet valid",
            token(&format!(r#","sub":"alice","nbf":{soon}"#)),
        ),
        ("issued later", bare(&later)),
        ("undated", bare(&json!({"sub": "alice", "exp": now + DAY}))),
    ]
}

/// Tokens that break another rule each, and some that break none that a browser knows of.
fn odd() -> Vec<(&'static str, String)> {
    let good = token(r#","sub":"alice""#);
    let payload = jwt::payload_text(&good);
    let with_header = |header| jwt::hs256(header, &payload, SECRET);
    let forged = jwt::hs256(jwt::HS256, &payload, "another secret");
    let odd_session = token(r#","sub":"alice","remint":{"gen":-1}"#);
    vec![
        ("inactive user", token(r#","sub":"bob""#)),
        ("unknown user", token(r#","sub":"nobody""#)),
        ("forged", forged),
        (
            "another audience",
            token(r#","sub":"alice","aud":"others""#),
        ),
        (
            "another kind",
            token(r#","sub":"alice","token_use":"refresh""#),
        ),
        ("bound", token(r#","sub":"alice","cnf":{}"#)),
        ("no subject", token("")),
        ("blank subject", token(r#","sub":" alice""#)),
        ("a claim twice", token(r#","sub":"alice","sub":"bob""#)),
        ("odd session claim", odd_session),
        ("no algorithm", with_header(r#"{"alg":"none"}"#)),
        (
            "an extension",
            with_header(r#"{"alg":"HS256","crit":["exp"]}"#),
        ),
        ("padded", format!("{good}=")),
        ("not a token", "hello".to_owned()),
    ]
}

/// What `remint explain` says about each of them.
fn explained(place: &Place) -> Value {
    let rows = |token: &str| {
        place
            .run_with_input(&["explain", "-", "--json"], token)
            .json()
    };
    let cases = timed().into_iter().chain(odd());
    let cases =
        cases.map(|(name, token)| json!({"name": name, "rows": rows(&token), "token": token}));
    cases.collect()
}

/// The tokens of a session of each contract, by its name.
fn sessions(place: &Place) -> Value {
    let start = |contract| {
        let arguments = [
            "session",
            "start",
            "alice",
            "--contract",
            contract,
            "--json",
        ];
        (contract.to_owned(), place.run(&arguments).json())
    };
    Value::Object(STARTED.into_iter().map(start).collect())
}

#[tokio::test]
async fn the_page_judges_tokens_as_the_service_does() {
    let place = place();
    let service = place.serve();
    let cases = explained(&place).to_string();

    let origin = format!("http://{}", service.address());
    run("page_judging.js", &[("ORIGIN", &origin), ("CASES", &cases)]).await;
}

#[tokio::test]
async fn the_page_refreshes_and_shows_the_walk() {
    let place = place();
    let service = place.serve();
    let sessions = sessions(&place).to_string();

    let origin = format!("http://{}", service.address());
    let expired = token(r#","sub":"alice""#);
    let variables = [
        ("ORIGIN", origin.as_str()),
        ("SESSIONS", &sessions),
        ("EXPIRED", &expired),
    ];
    run("page.js", &variables).await;
}
