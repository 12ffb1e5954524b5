//! The audit log: one event per answer, with what is known and nothing that is secret.

use chrono::TimeDelta;
use futures_util::future::join_all;
use poem::http::Method;
use remint::domain::Contract;
use serde_json::{Value, json};

use crate::harness::{Answer, START, jwt, logs, request, spawn, spawn_with};

/// The one event about that answer.
fn event(answer: &Answer) -> Value {
    let lines = logs::lines_with(answer.header("x-request-id").unwrap());
    let events = lines.iter().map(|line| serde_json::from_str(line).unwrap());
    let mut events: Vec<Value> = events
        .filter(|event: &Value| event["target"] == "remint::audit")
        .collect();
    assert_eq!(events.len(), 1, "{lines:?}");
    events.remove(0)
}

/// Some of its fields; null where there is none.
fn fields<const N: usize>(event: &Value, names: [&str; N]) -> Value {
    names
        .iter()
        .map(|name| event["fields"][name].clone())
        .collect()
}

const FIELDS: [&str; 6] = ["contract", "outcome", "status", "reason", "subject", "key"];

#[tokio::test]
async fn a_refresh_says_whom_it_was_for_and_which_key_verified_it() {
    let app = spawn().await;

    let answer = app.refresh(&app.expired_token()).await;

    let event = event(&answer);
    let expected = json!(["expired_token", "refreshed", 200, null, "alice", "current"]);
    assert_eq!(fields(&event, FIELDS), expected);
    assert_eq!(event["level"], "INFO");
    let session = jwt::payload(&answer.access_token());
    assert_eq!(event["fields"]["session"], session["remint"]["sid"]);
}

#[tokio::test]
async fn a_reuse_is_a_warning_that_names_the_session() {
    let app = spawn_with(&[
        ("REFRESH_MODE", "single_use"),
        ("REFRESH_GRACE_SECONDS", "0"),
    ])
    .await;
    let token = app.expired_token();
    let successor = app.refresh(&token).await.access_token();
    app.advance(TimeDelta::seconds(1));

    let event = event(&app.refresh(&token).await);

    assert_eq!(event["fields"]["outcome"], "token_reused");
    assert_eq!(event["level"], "WARN");
    let session = jwt::payload(&successor);
    assert_eq!(event["fields"]["session"], session["remint"]["sid"]);
}

#[tokio::test]
async fn the_exact_reason_stands_there_even_where_the_caller_is_not_told() {
    let app = spawn().await;

    for (token, reason) in [
        ("x", "not a JWT in compact form"),
        (
            "eyJhbGciOiJIUzI1NiJ9.e30.AAAA",
            "the signature does not fit any key",
        ),
        (
            "eyJhbGciOiJub25lIn0.e30.AAAA",
            "the algorithm is not the configured one",
        ),
    ] {
        let event = event(&app.refresh(token).await);

        let expected = json!(["expired_token", "invalid_token", 401, reason, null, null]);
        assert_eq!(fields(&event, FIELDS), expected);
        assert_eq!(event["level"], "WARN");
    }
}

#[tokio::test]
async fn a_refusal_of_a_genuine_token_says_whose_it_was() {
    let app = spawn().await;

    let answer = app.refresh(&app.token_with(&json!({"sub": "bob"}))).await;

    let event = event(&answer);
    let reason = "the user is not active";
    let expected = json!([
        "expired_token",
        "user_inactive",
        401,
        reason,
        "bob",
        "current"
    ]);
    assert_eq!(fields(&event, FIELDS), expected);
    assert_eq!(event["level"], "INFO");
}

#[tokio::test]
async fn a_subject_that_nobody_signed_is_not_named() {
    let app = spawn().await;
    let genuine = app.expired_token();
    let forged = jwt::sign(genuine.rsplit_once('.').unwrap().0, "another key");

    let answer = app.refresh(&forged).await;

    let id = answer.header("x-request-id").unwrap();
    let lines = logs::lines_with(id);
    assert!(!lines.is_empty());
    assert!(lines.iter().all(|line| !line.contains("alice")));
}

#[tokio::test]
async fn a_subject_that_would_write_lines_of_its_own_is_not_named() {
    let app = spawn().await;
    for subject in [
        "alice\n2027-01-15 INFO remint::audit: answered",
        "\u{1b}[2J",
    ] {
        let token = app.token_with(&json!({"sub": subject}));

        let answer = app.refresh(&token).await;

        let expected = json!(["unsupported_token", null]);
        assert_eq!(fields(&event(&answer), ["outcome", "subject"]), expected);
    }
}

#[tokio::test]
async fn verify_has_an_event_of_its_own() {
    let app = spawn().await;
    let live = app.token_with(&json!({"iat": START, "exp": START + 1800}));

    let good = event(&app.verify(&live).await);
    let expired = event(&app.verify(&app.expired_token()).await);
    let missing = app
        .send(request(Method::GET, "/api/auth/verify").finish())
        .await;

    let names = ["contract", "outcome", "status", "subject"];
    assert_eq!(
        fields(&good, names),
        json!(["verify", "verified", 204, "alice"])
    );
    assert_eq!(
        fields(&expired, names),
        json!(["verify", "token_expired", 401, "alice"])
    );
    let expected = json!(["verify", "missing_token", 401, null]);
    assert_eq!(fields(&event(&missing), names), expected);
}

#[tokio::test]
async fn answers_that_no_contract_gave_have_one_too() {
    let app = spawn().await;
    let get = async |path| app.send(request(Method::GET, path).finish()).await;

    let (page, unknown, method, body) = (
        event(&get("/docs").await),
        event(&get("/nothing").await),
        event(&get("/api/auth/refresh").await),
        event(&app.post("{").await),
    );

    let names = ["contract", "outcome", "status"];
    assert_eq!(fields(&page, names), json!(["none", "served", 200]));
    assert_eq!(page["level"], "DEBUG");
    assert_eq!(fields(&unknown, names), json!(["none", "not_found", 404]));
    assert_eq!(
        fields(&method, names),
        json!(["none", "method_not_allowed", 405])
    );
    assert_eq!(
        fields(&body, names),
        json!(["expired_token", "malformed_request", 422])
    );
}

#[tokio::test]
async fn an_outage_is_an_error_with_its_cause() {
    let app = spawn().await;
    let token = app.expired_token();

    app.database.clone().close().await.unwrap();
    let event = event(&app.refresh(&token).await);

    let reason = "the sessions could not be read or written";
    let expected = json!([
        "expired_token",
        "unavailable",
        503,
        reason,
        "alice",
        "current"
    ]);
    assert_eq!(fields(&event, FIELDS), expected);
    assert_eq!(event["level"], "ERROR");
}

#[tokio::test]
async fn where_a_setting_stands_in_the_way_the_operator_is_told_which() {
    let app = spawn_with(&[("JWT_ISSUER", "us")]).await;

    for (changes, setting) in [
        (json!({"iss": "them"}), "JWT_ISSUER"),
        (json!({"iss": "us", "aud": "app"}), "JWT_AUDIENCE"),
        (json!({"iss": "us", "typ": "refresh"}), "JWT_TOKEN_KINDS"),
        (json!({"iss": "us", "sub": null}), "JWT_SUBJECT_CLAIM"),
        (json!({"iss": "us", "sub": 7}), "USERS_KEY_COLUMN"),
    ] {
        let answer = app.refresh(&app.token_with(&changes)).await;

        assert_eq!(answer.code(), "unsupported_token", "{changes}");
        let event = event(&answer);
        let hint = event["fields"]["hint"].as_str().unwrap();
        assert!(hint.starts_with(setting), "{hint}");
        assert!(!answer.body.contains(setting), "the caller is told too");
    }
}

#[tokio::test]
async fn an_answer_that_is_given_again_is_told_from_a_new_one() {
    let app = spawn_with(&[("REFRESH_MODE", "single_use")]).await;
    let token = app.expired_token();

    let first = event(&app.refresh(&token).await);
    let again = event(&app.refresh(&token).await);

    let expected = json!(["expired_token", "refreshed", 200, null, "alice", "current"]);
    assert_eq!(fields(&first, FIELDS), expected);
    let reason = "the answer was given before";
    let expected = json!(["expired_token", "replayed", 200, reason, "alice", "current"]);
    assert_eq!(fields(&again, FIELDS), expected);
}

#[tokio::test]
async fn of_tabs_that_race_one_is_said_to_have_refreshed() {
    let app = spawn_with(&[("REFRESH_MODE", "single_use")]).await;
    let token = app.expired_token();

    let answers = join_all((0..20).map(|_| app.refresh(&token))).await;

    let events: Vec<_> = answers.iter().map(event).collect();
    let count = |outcome| {
        let of_that = |event: &&Value| event["fields"]["outcome"] == outcome;
        events.iter().filter(of_that).count()
    };
    assert_eq!((count("refreshed"), count("replayed")), (1, 19));
}

#[tokio::test]
async fn forgeries_stand_out_whichever_contract_they_speak() {
    let app = spawn().await;

    for (path, body, contract, status) in [
        ("/api/refresh", r#"{"refreshToken":"x"}"#, "envelope", 200),
        (
            "/auth/refresh",
            r#"{"refresh_token":"x"}"#,
            "refresh_token",
            400,
        ),
        (
            "/api/auth/refresh",
            r#"{"Token":"x","RefreshToken":"x"}"#,
            "token_pair",
            404,
        ),
    ] {
        let event = event(&app.send(request(Method::POST, path).body(body)).await);

        let reason = "not a refresh token of this service";
        let expected = json!([contract, "invalid_token", status, reason, null, null]);
        assert_eq!(fields(&event, FIELDS), expected);
        assert_eq!(event["level"], "WARN");
    }
}

#[tokio::test]
async fn a_refresh_token_says_whom_it_was_for_and_what_stood_in_the_way() {
    let app = spawn().await;
    let grant = app.start(Contract::RefreshToken, "alice").await;
    let body = json!({"refresh_token": grant.refresh_token}).to_string();
    let send = || app.send(request(Method::POST, "/auth/refresh").body(body.clone()));

    let good = event(&send().await);
    app.sql("UPDATE users SET is_active = FALSE").await;
    let refused = event(&send().await);

    let words = fields(&good, FIELDS);
    assert_eq!(
        words,
        json!(["refresh_token", "refreshed", 200, null, "alice", "current"])
    );
    let words = fields(&refused, ["outcome", "reason", "subject"]);
    assert_eq!(
        words,
        json!(["user_inactive", "the user is not active", "alice"])
    );
    assert_eq!(good["fields"]["session"], refused["fields"]["session"]);
}

#[tokio::test]
async fn a_contract_that_is_off_says_why() {
    let app = spawn_with(&[(
        "JWT_SECRET_KEY",
        "a secret that is long enough for HS256 alone",
    )])
    .await;
    let body = r#"{"refreshToken":"x"}"#;

    let answer = app
        .send(request(Method::POST, "/api/refresh").body(body))
        .await;

    let event = event(&answer);
    let reason = "the contract is off: the secret is too short for its algorithm";
    assert_eq!(event["fields"]["reason"], reason);
    let hint = event["fields"]["hint"].as_str().unwrap();
    assert!(hint.contains("ENVELOPE_ALGORITHM"), "{hint}");
}
