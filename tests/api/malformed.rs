//! `POST /api/auth/refresh`: requests in which there is no token to judge.

use poem::http::Method;
use serde_json::json;

use crate::harness::{Answer, TestApp, jwt, request, spawn};

/// Asserts that the caller, not a credential, is at fault, and told why.
fn assert_malformed(answer: &Answer, detail: &str, what: &str) {
    let body = answer.body_json();
    assert_eq!(
        (answer.status, answer.code().as_str()),
        (422, "malformed_request"),
        "{what}"
    );
    assert_eq!(body["detail"], detail, "{what}");
    assert_eq!(answer.header("www-authenticate"), None, "{what}");
}

#[tokio::test]
async fn a_malformed_request_is_answered_as_problem_details() {
    let app = spawn().await;

    let answer = app.post(r#"{"jwt":""}"#).await;

    assert_eq!(
        answer.header("content-type"),
        Some("application/problem+json")
    );
    insta::assert_json_snapshot!(answer.body_json(), @r#"
    {
      "type": "/problems/malformed_request",
      "title": "Malformed request",
      "status": 422,
      "detail": "the member token is required",
      "code": "malformed_request",
      "action": "retry"
    }
    "#);
}

/// What goes wrong with JSON on its way: each makes of a good body one that is no JSON.
fn broken(good: &str) -> [(&'static str, Vec<u8>); 10] {
    let utf16 = good.encode_utf16().flat_map(u16::to_le_bytes);
    [
        ("truncated", good.as_bytes()[..good.len() - 1].to_vec()),
        ("two values", format!("{good}{good}").into()),
        ("a byte order mark", format!("\u{feff}{good}").into()),
        ("UTF-16", utf16.collect()),
        (
            "Latin-1",
            good.replacen('{', "{\"\u{e9}\":1,", 1)
                .chars()
                .map(|c| c as u8)
                .collect(),
        ),
        ("a trailing comma", good.replace('}', ",}").into()),
        ("single quotes", good.replace('"', "'").into()),
        ("a comment", format!("{good} // token").into()),
        ("no quotes", good.replace("\"token\"", "token").into()),
        ("a NUL", format!("{good}\0").into()),
    ]
}

#[tokio::test]
async fn what_is_not_json_is_malformed() {
    let app = spawn().await;
    let good = json!({"token": app.expired_token()}).to_string();

    for (what, body) in broken(&good) {
        assert_malformed(&app.post(body).await, "the body is not valid JSON", what);
    }
    for body in [
        "token=x",
        " ",
        "{",
        r#"{"token":"}"#,
        r#"{"token":NaN}"#,
        r#"{"token":"\ud800"}"#,
        "{\"token\":\"a\nb\"}",
        &app.expired_token(),
    ] {
        assert_malformed(&app.post(body).await, "the body is not valid JSON", body);
    }
}

#[tokio::test]
async fn a_body_nested_3000_deep_is_malformed() {
    let app = spawn().await;
    let (open, close) = ("[".repeat(3000), "]".repeat(3000));

    for body in [
        format!("{open}{close}"),
        format!("{{\"a\":{open}{close}}}"),
        open,
    ] {
        let answer = app.post(body).await;
        assert_malformed(&answer, "the body is not valid JSON", "deep");
    }
}

#[tokio::test]
async fn json_that_is_no_object_is_malformed() {
    let app = spawn().await;
    let token = app.expired_token();

    for body in [
        "[]".to_owned(),
        json!([{"token": token}]).to_string(),
        json!(token).to_string(),
        "null".to_owned(),
        "5".to_owned(),
        "true".to_owned(),
    ] {
        let answer = app.post(body.clone()).await;
        assert_malformed(&answer, "the body must be a JSON object", &body);
    }
}

#[tokio::test]
async fn a_token_that_is_no_string_is_malformed() {
    let app = spawn().await;
    let token = app.expired_token();

    for value in [
        json!(null),
        json!(5),
        json!(1e2),
        json!(true),
        json!([token]),
        json!({"token": token}),
    ] {
        let answer = app.post(json!({"token": value}).to_string()).await;
        assert_malformed(&answer, "token must be a string", &value.to_string());
    }
}

#[tokio::test]
async fn a_body_without_the_token_is_malformed_whatever_the_header_says() {
    let app = spawn().await;
    let header = format!("Bearer {}", app.expired_token());

    for body in [
        r#"{"Token":"x"}"#,
        r#"{"token ":"x"}"#,
        r#"{"access_token":"x"}"#,
    ] {
        let request = request(Method::POST, "/api/auth/refresh").header("authorization", &header);
        let answer = app.send(request.body(body)).await;
        assert_malformed(&answer, "the member token is required", body);
    }
}

#[tokio::test]
async fn a_member_that_stands_twice_is_malformed_at_every_depth() {
    let app = spawn().await;
    let token = app.expired_token();

    for body in [
        format!(r#"{{"token":"{token}","token":"{token}"}}"#),
        format!(r#"{{"token":"{token}","\u0074oken":"x"}}"#),
        format!(r#"{{"a":1,"token":"{token}","a":1}}"#),
        format!(r#"{{"token":"{token}","a":[{{"b":{{"c":1,"c":2}}}}]}}"#),
    ] {
        let answer = app.post(body.clone()).await;
        assert_malformed(&answer, "a member of the body stands twice", &body);
    }
}

#[tokio::test]
async fn another_media_type_is_refused() {
    let app = spawn().await;
    let body = json!({"token": app.expired_token()}).to_string();

    for media_type in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/jsonp",
        "application/problem+json",
        "application/json, text/plain",
        "application/jwt",
        "*/*",
        "",
    ] {
        let answer = app.post_as(media_type, body.clone()).await;
        let got = (answer.status, answer.code());
        assert_eq!(
            got,
            (415, "unsupported_media_type".to_owned()),
            "{media_type}"
        );
    }
    insta::assert_snapshot!(app.post_as("text/plain", body).await.body, @r#"{"type":"/problems/unsupported_media_type","title":"Unsupported media type","status":415,"detail":"the body must be application/json","code":"unsupported_media_type","action":"retry"}"#);
}

#[tokio::test]
async fn a_body_of_more_than_16_kib_is_too_large() {
    let app = spawn().await;
    let good = json!({"token": app.expired_token()}).to_string();
    let padded = format!("{good}{}", " ".repeat(16 * 1024 + 1 - good.len()));
    let megabyte = json!({"token": jwt::hs256(jwt::HS256, vec![b' '; 1 << 20], "key")}).to_string();

    for body in [padded, megabyte] {
        let answer = app.post(body).await;

        assert_eq!(answer.status, 413);
        insta::allow_duplicates!(
            insta::assert_snapshot!(answer.body, @r#"{"type":"/problems/too_large","title":"Request too large","status":413,"detail":"the body is larger than 16 KiB","code":"too_large","action":"retry"}"#)
        );
    }
}

/// The answer to that method, with a token that POST would exchange.
async fn by_method(app: &TestApp, method: Method) -> Answer {
    let body = json!({"token": app.expired_token()}).to_string();
    app.send(request(method, "/api/auth/refresh").body(body))
        .await
}

#[tokio::test]
async fn every_other_method_is_told_that_post_is_the_one() {
    let app = spawn().await;

    for method in [
        "GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "QUERY",
    ] {
        let answer = by_method(&app, Method::from_bytes(method.as_bytes()).unwrap()).await;

        assert_eq!(
            (answer.status, answer.header("allow")),
            (405, Some("POST")),
            "{method}"
        );
        assert_eq!(answer.code(), "method_not_allowed", "{method}");
        assert_eq!(answer.header("cache-control"), Some("no-store"), "{method}");
    }
}
