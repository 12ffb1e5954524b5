//! `token_pair`: seed 002.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::TimeDelta;
use remint::domain::Contract;
use serde_json::{Value, json};

use crate::harness::{Answer, SECRET, START, TestApp, jwt, spawn, spawn_on_each, spawn_with};

use super::frontend::{Frontend, assert_headers, post};

const PATH: &str = "/api/auth/refresh";

async fn log_in(app: &TestApp) -> Frontend {
    Frontend::log_in(app, Contract::TokenPair).await
}

/// The answer to those members.
async fn send(app: &TestApp, body: Value) -> Answer {
    post(app, PATH, body.to_string()).await
}

#[tokio::test]
async fn both_tokens_are_exchanged_and_nothing_else_is_said() {
    for app in spawn_on_each(&[]).await {
        let before = log_in(&app).await;
        let mut frontend = before.clone();
        app.advance(TimeDelta::days(8));

        let answer = frontend.refresh(&app).await;

        let exact = format!(
            r#"{{"Token":"{}","RefreshToken":"{}"}}"#,
            frontend.access_token, frontend.refresh_token
        );
        assert_eq!((answer.status, &answer.body), (200, &exact));
        let media_type = answer.header("content-type");
        assert_eq!(media_type, Some("application/json; charset=utf-8"));
        assert_ne!(frontend.refresh_token, before.refresh_token);
    }
}

#[tokio::test]
async fn the_tokens_look_like_those_of_the_legacy_backend() {
    let app = spawn().await;
    let mut frontend = log_in(&app).await;

    frontend.refresh(&app).await;

    assert_eq!(STANDARD.decode(&frontend.refresh_token).unwrap().len(), 64);
    let payload = jwt::payload_text(&frontend.access_token);
    let header = r#"{"alg":"HS512","typ":"JWT"}"#;
    assert_eq!(frontend.access_token, jwt::hs512(header, &payload, SECRET));
    let claims = jwt::payload(&frontend.access_token);
    assert_eq!(
        (&claims["nameid"], &claims["sub"]),
        (&json!("alice"), &Value::Null)
    );
    assert_eq!(
        (&claims["iat"], &claims["nbf"]),
        (&json!(START), &json!(START))
    );
    assert_eq!(claims["exp"], START + 7 * 86_400);
}

#[tokio::test]
async fn the_old_token_is_revoked_by_the_exchange() {
    for app in spawn_on_each(&[]).await {
        let before = log_in(&app).await;
        let mut frontend = before.clone();
        assert_eq!(app.verify(&before.access_token).await.status, 204);

        frontend.refresh(&app).await;

        let revoked = app.verify(&before.access_token).await;
        assert_eq!(
            (revoked.status, revoked.code().as_str()),
            (401, "session_revoked")
        );
        assert_eq!(app.verify(&frontend.access_token).await.status, 204);
    }
}

#[tokio::test]
async fn the_answer_is_written_as_the_refresh_token_was() {
    let app = spawn().await;
    let mut pair = log_in(&app).await;

    for (token, refresh_token) in [
        ("Token", "RefreshToken"),
        ("token", "refreshToken"),
        ("token", "RefreshToken"),
        ("Token", "refreshToken"),
    ] {
        let body = json!({token: pair.access_token, refresh_token: pair.refresh_token});
        let answer = send(&app, body).await.body_json();

        let names: Vec<_> = answer.as_object().unwrap().keys().cloned().collect();
        let is_camel = refresh_token == "refreshToken";
        let expected =
            [["Token", "RefreshToken"], ["token", "refreshToken"]][usize::from(is_camel)];
        assert_eq!(names, expected);
        let text = |name: &str| answer[name].as_str().unwrap().to_owned();
        (pair.access_token, pair.refresh_token) = (text(expected[0]), text(expected[1]));
    }
}

/// Asserts that the request is refused for its members, and nothing used up.
async fn assert_invalid(app: &TestApp, body: &Value, message: &str) {
    let answer = send(app, body.clone()).await;

    let expected = format!(
        r#"{{"errors":[{{"code":"validation_error","message":"{message}","type":"Validation"}}]}}"#
    );
    assert_eq!((answer.status, &answer.body), (400, &expected), "{body}");
    assert_headers(&answer);
}

#[tokio::test]
async fn members_that_are_missing_or_no_strings_are_named_as_the_caller_writes_them() {
    let app = spawn().await;

    for (body, message) in [
        (json!({"RefreshToken": "x"}), "Token is required"),
        (json!({"refreshToken": "x"}), "token is required"),
        (
            json!({"Token": null, "RefreshToken": "x"}),
            "Token must be a string",
        ),
        (
            json!({"token": 5, "RefreshToken": "x"}),
            "token must be a string",
        ),
        (
            json!({"Token": "x", "RefreshToken": null}),
            "RefreshToken must be a string",
        ),
        (
            json!({"token": "x", "refreshToken": {}}),
            "refreshToken must be a string",
        ),
    ] {
        assert_invalid(&app, &body, message).await;
    }
}

#[tokio::test]
async fn a_member_in_both_spellings_is_refused_and_uses_nothing_up() {
    let app = spawn().await;
    let pair = log_in(&app).await;
    let (token, refresh) = (&pair.access_token, &pair.refresh_token);

    let body = json!({"Token": token, "RefreshToken": refresh, "refreshToken": refresh});
    assert_invalid(&app, &body, "RefreshToken and refreshToken are both there").await;
    let body = json!({"Token": token, "token": token, "RefreshToken": refresh});
    assert_invalid(&app, &body, "Token and token are both there").await;

    assert_eq!(pair.send(&app).await.status, 200);
}

#[tokio::test]
async fn what_is_no_object_is_answered_as_everywhere_on_the_path() {
    let app = spawn().await;

    for (body, detail) in [
        (
            r#"{"Token":"x","RefreshToken":"x""#,
            "the body is not valid JSON",
        ),
        (
            r#"[{"Token":"x","RefreshToken":"x"}]"#,
            "the body must be a JSON object",
        ),
        (
            r#"{"Token":"x","RefreshToken":"x","Token":"x"}"#,
            "a member of the body stands twice",
        ),
    ] {
        let answer = post(&app, PATH, body).await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (422, "malformed_request")
        );
        assert_eq!(answer.body_json()["detail"], detail);
    }
}

/// A service with another active user, carol.
async fn spawn_with_carol() -> TestApp {
    let app = spawn().await;
    app.sql("INSERT INTO users (id, email, is_active) VALUES ('carol', 'carol@example.com', TRUE)")
        .await;
    app
}

/// What is no access token of the pair's session, and what it is instead.
async fn strangers(app: &TestApp, pair: &Frontend) -> [(String, &'static str); 9] {
    let claims = json!({"nameid": "alice", "iat": START, "exp": START + 60}).to_string();
    let header = r#"{"alg":"HS512","typ":"JWT"}"#;
    let (signed, _) = pair.access_token.rsplit_once('.').unwrap();
    let start = async |contract, user| app.start(contract, user).await.access_token;
    [
        (start(Contract::TokenPair, "carol").await, "of another user"),
        (
            start(Contract::TokenPair, "alice").await,
            "of another session",
        ),
        (
            start(Contract::Envelope, "alice").await,
            "of another contract",
        ),
        (jwt::hs512(header, &claims, SECRET), "of the legacy backend"),
        (app.expired_token(), "of the main job"),
        (jwt::sign(signed, SECRET), "signed by HS256"),
        (pair.refresh_token.clone(), "the refresh token"),
        (String::new(), "empty"),
        ("x".repeat(8_193), "too long"),
    ]
}

#[tokio::test]
async fn a_token_that_does_not_belong_to_the_refresh_token_is_refused_and_uses_nothing_up() {
    let app = spawn_with_carol().await;
    let mut pair = log_in(&app).await;

    for (access_token, what) in strangers(&app, &pair).await {
        let wrong = Frontend {
            access_token,
            ..pair.clone()
        };
        wrong.assert_refused(&app, what).await;
    }

    app.advance(TimeDelta::minutes(5));
    assert_eq!(pair.refresh(&app).await.status, 200);
}

#[tokio::test]
async fn a_good_token_helps_no_refresh_token_of_somebody_else() {
    let app = spawn_with_carol().await;
    let pair = log_in(&app).await;
    let refresh_token = app
        .start(Contract::TokenPair, "carol")
        .await
        .refresh_token
        .unwrap();

    let wrong = Frontend {
        refresh_token,
        ..pair.clone()
    };

    wrong.assert_refused(&app, "carol's").await;
    assert_eq!(pair.send(&app).await.status, 200);
}

#[tokio::test]
async fn a_token_that_expired_long_ago_is_as_good_as_its_refresh_token() {
    let settings = [
        ("REFRESH_WINDOW_MINUTES", "1"),
        ("TOKEN_PAIR_ACCESS_EXPIRE_MINUTES", "1"),
    ];
    let app = spawn_with(&settings).await;
    let mut pair = log_in(&app).await;
    app.advance(TimeDelta::days(29));

    assert_eq!(app.verify(&pair.access_token).await.code(), "token_expired");
    assert_eq!(pair.refresh(&app).await.status, 200);
}

#[tokio::test]
async fn a_frontend_that_wrote_only_one_of_two_new_tokens_down_goes_on() {
    let app = spawn().await;
    let mut pair = log_in(&app).await;
    let before = pair.clone();
    pair.refresh(&app).await;
    let access_token = before.access_token;
    let mixed = Frontend {
        access_token,
        ..pair
    };

    assert_eq!(mixed.send(&app).await.status, 200);
}

#[tokio::test]
async fn the_claim_that_names_the_user_is_a_setting() {
    let app = spawn_with(&[("TOKEN_PAIR_SUBJECT_CLAIM", "uid")]).await;
    let mut pair = log_in(&app).await;

    pair.refresh(&app).await;

    let claims = jwt::payload(&pair.access_token);
    assert_eq!(
        (&claims["uid"], &claims["nameid"]),
        (&json!("alice"), &Value::Null)
    );
}
