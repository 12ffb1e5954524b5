//! Logins that ask for nothing that could be started.

use poem::http::Method;
use serde_json::{Map, Value, json};

use super::{sessions_of, spawn_admin, start};
use crate::harness::{ADMIN_KEY, TestApp, request};

/// What is said of a body that is refused.
async fn complaint(app: &TestApp, body: &str) -> String {
    let answer = app.admin(Method::POST, "/admin/sessions", body).await;
    let seen = (answer.status, answer.code());
    assert_eq!(seen, (422, "malformed_request".to_owned()), "{body}");
    answer.body_json()["detail"].as_str().unwrap().to_owned()
}

fn with_claims(claims: &Value) -> Value {
    json!({"user": "alice", "contract": "cookie", "claims": claims})
}

#[tokio::test]
async fn a_body_is_an_object_with_these_members_and_no_others() {
    let app = spawn_admin().await;
    let words = "expired_token, cookie, token_pair, envelope, refresh_token, oauth2";
    let contract = format!("contract must be one of {words}");

    for (body, detail) in [
        ("", "the body is not valid JSON"),
        ("{", "the body is not valid JSON"),
        ("[]", "the body must be a JSON object"),
        (
            r#"{"user":1,"user":2}"#,
            "a member of the body stands twice",
        ),
        ("{}", "the member user is required"),
        (r#"{"user":"alice"}"#, &contract),
        (r#"{"user":"alice","contract":"saml"}"#, &contract),
        (r#"{"user":"alice","contract":["cookie"]}"#, &contract),
        (
            r#"{"admin":1}"#,
            "the only members are user, contract, claims",
        ),
    ] {
        assert_eq!(complaint(&app, body).await, detail, "{body}");
    }
}

#[tokio::test]
async fn a_user_is_a_key() {
    let app = spawn_admin().await;

    let no_key = "the subject cannot be a user's key";
    let types = "user must be a string or an integer";
    for (user, detail) in [
        (json!(null), types),
        (json!(1.5), types),
        (json!(["alice"]), types),
        (json!(9_223_372_036_854_775_808_u64), types),
        (json!(""), no_key),
        (json!(" alice"), no_key),
        (json!("alice\u{0}"), no_key),
        (json!("é".repeat(128)), no_key),
    ] {
        let body = json!({"user": user, "contract": "cookie"}).to_string();
        assert_eq!(complaint(&app, &body).await, detail, "{body}");
    }
}

/// So many claims, one of them so long that all of them are that long together.
fn claims(number: usize, bytes: usize) -> Value {
    let mut claims: Map<_, _> = (1..number).map(|n| (format!("c{n}"), json!(n))).collect();
    claims.insert("bulk".to_owned(), json!(""));
    let missing = bytes.saturating_sub(json!(claims).to_string().len());
    claims.insert("bulk".to_owned(), json!("x".repeat(missing)));
    claims.into()
}

#[tokio::test]
async fn claims_are_an_object_within_bounds() {
    let app = spawn_admin().await;

    let bounds = "claims may be 32, and 4 KiB together";
    for (claims, detail) in [
        (json!(["role"]), "claims must be an object"),
        (json!(null), "claims must be an object"),
        (claims(33, 0), bounds),
        (claims(1, 4_097), bounds),
    ] {
        let body = with_claims(&claims).to_string();
        assert_eq!(complaint(&app, &body).await, detail, "{body}");
    }
    assert!(sessions_of(&app, "alice").await.is_empty());
    let largest = start(&app, &with_claims(&claims(32, 4_096))).await;
    assert_eq!(largest.status, 201, "{largest:?}");
}

#[tokio::test]
async fn what_tokens_are_judged_by_is_not_for_the_login_to_say() {
    let app = spawn_admin().await;

    for name in [
        "sub",
        "exp",
        "iat",
        "jti",
        "nbf",
        "remint",
        "aud",
        "iss",
        "auth_time",
        "cnf",
    ] {
        let body = with_claims(&json!({name: 1})).to_string();
        let expected = format!("the claim {name} is not for the caller to set");
        assert_eq!(complaint(&app, &body).await, expected);
    }
}

#[tokio::test]
async fn a_body_that_is_too_large_or_no_json_is_not_read() {
    let app = spawn_admin().await;
    let send = async |media_type: &str, body: String| {
        let request = request(Method::POST, "/admin/sessions");
        let request = request.header("authorization", format!("Bearer {ADMIN_KEY}"));
        let request = request.content_type(media_type).body(body);
        app.send_admin(request).await
    };

    let large = send("application/json", " ".repeat(16 * 1024 + 1)).await;
    let form = send("application/x-www-form-urlencoded", "user=alice".to_owned()).await;

    assert_eq!((large.status, large.code()), (413, "too_large".to_owned()));
    let expected = (415, "unsupported_media_type".to_owned());
    assert_eq!((form.status, form.code()), expected);
}
