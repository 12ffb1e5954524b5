//! `POST /api/auth/refresh`: which keys, algorithms, issuers and audiences are ours.

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::harness::{Answer, SECRET, START, TestApp, jwt, spawn, spawn_with};

/// Long enough for every hash.
const OLD: &str = "the-secret-before-this-one-that-is-long-enough-for-every-hash-of-rfc-7518";

/// The payload of a token of alice that is exchanged.
fn payload() -> String {
    json!({"sub": "alice", "iat": START - 5400, "exp": START - 3600}).to_string()
}

/// A header with that `kid`.
fn with_kid(kid: &str) -> String {
    json!({"alg": "HS256", "kid": kid}).to_string()
}

fn header_of(token: &str) -> Value {
    use base64::Engine as _;

    let header = token.split('.').next().unwrap();
    let text = base64::engine::general_purpose::URL_SAFE_NO_PAD
        .decode(header)
        .unwrap();
    serde_json::from_slice(&text).unwrap()
}

/// Status, body and every header but the request's id.
fn without_id(answer: &Answer) -> (u16, String, http::HeaderMap) {
    let mut headers = answer.headers.clone();
    headers.remove("x-request-id");
    (answer.status, answer.body.clone(), headers)
}

#[tokio::test]
async fn a_token_of_a_previous_key_is_exchanged_for_one_of_the_current_key() {
    let app = spawn_with(&[("JWT_PREVIOUS_SECRET_KEYS", OLD)]).await;

    let answer = app.refresh(&jwt::hs256(jwt::HS256, payload(), OLD)).await;

    let fresh = answer.access_token();
    let (signing_input, _) = fresh.rsplit_once('.').unwrap();
    assert_eq!(fresh, jwt::sign(signing_input, SECRET));
    assert_eq!(header_of(&fresh), json!({"alg": "HS256", "typ": "JWT"}));
}

#[tokio::test]
async fn a_previous_key_counts_until_its_end_and_then_as_no_key_at_all() {
    let until = "2027-01-15T08:01:00Z";
    let keys = json!([{"secret": OLD, "until": until}]).to_string();
    let app = spawn_with(&[("JWT_PREVIOUS_SECRET_KEYS", &keys)]).await;
    let token = jwt::hs256(jwt::HS256, payload(), OLD);
    let stranger = jwt::hs256(jwt::HS256, payload(), "another key");

    app.advance(TimeDelta::milliseconds(59_999));
    let before = app.refresh(&token).await;
    app.advance(TimeDelta::milliseconds(1));
    let after = app.refresh(&token).await;

    assert_eq!(before.status, 200, "{before:?}");
    assert_eq!(
        without_id(&after),
        without_id(&app.refresh(&stranger).await)
    );
    assert_eq!(
        (after.status, after.code()),
        (401, "invalid_token".to_owned())
    );
}

/// A service whose two keys have names.
async fn spawn_with_named_keys() -> TestApp {
    let previous = json!([{"secret": OLD, "kid": "old"}]).to_string();
    spawn_with(&[
        ("JWT_KEY_ID", "new"),
        ("JWT_PREVIOUS_SECRET_KEYS", &previous),
    ])
    .await
}

#[tokio::test]
async fn a_kid_chooses_among_named_keys_and_a_token_without_one_may_be_of_any() {
    let app = spawn_with_named_keys().await;

    for (header, secret, status) in [
        (with_kid("new"), SECRET, 200),
        (with_kid("old"), OLD, 200),
        (with_kid("old"), SECRET, 401),
        (with_kid("new"), OLD, 401),
        (with_kid("third"), SECRET, 401),
        (with_kid(""), SECRET, 401),
        (with_kid("NEW"), SECRET, 401),
        (jwt::HS256.to_owned(), SECRET, 200),
        (jwt::HS256.to_owned(), OLD, 200),
    ] {
        let answer = app.refresh(&jwt::hs256(&header, payload(), secret)).await;
        assert_eq!(answer.status, status, "{header} {answer:?}");
    }
}

#[tokio::test]
async fn a_kid_that_no_key_has_is_answered_like_a_forgery() {
    let app = spawn_with_named_keys().await;

    let unknown = app
        .refresh(&jwt::hs256(&with_kid("third"), payload(), SECRET))
        .await;
    let forged = app
        .refresh(&jwt::hs256(&with_kid("new"), payload(), "another key"))
        .await;

    assert_eq!(without_id(&unknown), without_id(&forged));
    assert_eq!(unknown.code(), "invalid_token");
}

#[tokio::test]
async fn new_tokens_name_the_key_that_signed_them() {
    let app = spawn_with_named_keys().await;

    let answer = app
        .refresh(&jwt::hs256(&with_kid("old"), payload(), OLD))
        .await;

    let header = json!({"alg": "HS256", "typ": "JWT", "kid": "new"});
    assert_eq!(header_of(&answer.access_token()), header);
}

#[tokio::test]
async fn the_configured_algorithm_is_the_only_one() {
    let tokens = [
        ("HS256", jwt::hs256(r#"{"alg":"HS256"}"#, payload(), SECRET)),
        (
            "HS384",
            jwt::hs384(r#"{"alg":"HS384"}"#, &payload(), SECRET),
        ),
        (
            "HS512",
            jwt::hs512(r#"{"alg":"HS512"}"#, &payload(), SECRET),
        ),
    ];

    for configured in ["HS256", "HS384", "HS512"] {
        let app = spawn_with(&[("JWT_ALGORITHM", configured)]).await;
        for (algorithm, token) in &tokens {
            let status = app.refresh(token).await.status;
            assert_eq!(
                status == 200,
                *algorithm == configured,
                "{algorithm} as {configured}"
            );
        }
    }
}

#[tokio::test]
async fn new_tokens_have_the_configured_algorithm() {
    let app = spawn_with(&[("JWT_ALGORITHM", "HS512")]).await;
    let old = jwt::hs512(r#"{"alg":"HS512"}"#, &payload(), SECRET);

    let fresh = app.refresh(&old).await.access_token();

    let header = r#"{"alg":"HS512","typ":"JWT"}"#;
    assert_eq!(
        fresh,
        jwt::hs512(header, &jwt::payload_text(&fresh), SECRET)
    );
    assert_eq!(app.refresh(&fresh).await.status, 200);
}

/// The statuses of a token with each of these values of `claim`.
async fn statuses<const N: usize>(app: &TestApp, claim: &str, values: [Value; N]) -> [u16; N] {
    let mut statuses = [0; N];
    for (status, value) in statuses.iter_mut().zip(values) {
        let answer = app.refresh(&app.token_with(&json!({claim: value}))).await;
        if answer.status == 401 {
            assert_eq!(answer.code(), "unsupported_token");
        }
        *status = answer.status;
    }
    statuses
}

#[tokio::test]
async fn a_configured_audience_must_be_in_the_token() {
    let app = spawn_with(&[("JWT_AUDIENCE", "web, mobile")]).await;

    let ours = [json!("web"), json!(["mobile"]), json!(["x", "web"])];
    let others = [
        json!(null),
        json!("x"),
        json!("WEB"),
        json!("web, mobile"),
        json!([]),
        json!(["x"]),
    ];
    let broken = [
        json!(5),
        json!({"aud": "web"}),
        json!(["web", 5]),
        json!([["web"]]),
    ];

    assert_eq!(statuses(&app, "aud", ours).await, [200; 3]);
    assert_eq!(statuses(&app, "aud", others).await, [401; 6]);
    assert_eq!(statuses(&app, "aud", broken).await, [401; 4]);
}

#[tokio::test]
async fn without_a_configured_audience_a_token_must_have_none() {
    let app = spawn().await;

    let values = [json!("web"), json!(["web"]), json!([]), json!("")];

    assert_eq!(statuses(&app, "aud", values).await, [401; 4]);
    let null = app.sign(&payload().replace('}', r#","aud":null}"#));
    assert_eq!(app.refresh(&null).await.status, 200);
}

#[tokio::test]
async fn a_configured_issuer_must_be_in_the_token() {
    let ours = "https://id.example.com";
    let app = spawn_with(&[("JWT_ISSUER", ours)]).await;

    let others =
        ["https://id.example.com/", "HTTPS://id.example.com", ""].map(|other| json!(other));

    assert_eq!(statuses(&app, "iss", [json!(ours)]).await, [200]);
    assert_eq!(statuses(&app, "iss", others).await, [401; 3]);
    assert_eq!(
        statuses(&app, "iss", [json!(null), json!(5), json!([ours])]).await,
        [401; 3]
    );
}

#[tokio::test]
async fn without_a_configured_issuer_any_string_is_one() {
    let app = spawn().await;

    let values = [json!(null), json!("anybody"), json!(5), json!(["anybody"])];

    assert_eq!(statuses(&app, "iss", values).await, [200, 200, 401, 401]);
}
