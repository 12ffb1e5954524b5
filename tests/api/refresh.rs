//! `POST /api/auth/refresh`, the contract `expired_token`: what is exchanged, however it is sent.

use chrono::TimeDelta;
use poem::http::Method;
use serde_json::json;

use crate::harness::{Answer, START, TestApp, jwt, request, spawn, spawn_with};

#[tokio::test]
async fn an_expired_token_is_exchanged_for_a_fresh_one() {
    let app = spawn().await;

    let answer = app.refresh(&app.expired_token()).await;

    assert_eq!(answer.status, 200, "{answer:?}");
    let token = answer.access_token();
    let exact = json!({"access_token": token, "token_type": "bearer", "expires_in": 1800});
    assert_eq!(answer.body_json(), exact);
    let claims = jwt::payload(&token);
    assert_eq!(
        (claims["iat"].as_i64(), claims["exp"].as_i64()),
        (Some(START), Some(START + 1800))
    );
}

#[tokio::test]
async fn a_token_that_has_not_expired_yet_is_exchanged_as_well() {
    let app = spawn().await;

    let answer = app
        .refresh(&app.token_with(&json!({"exp": START + 60})))
        .await;

    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(jwt::payload(&answer.access_token())["exp"], START + 1800);
}

#[tokio::test]
async fn a_token_of_fastapi_with_nothing_but_sub_and_exp_is_exchanged() {
    let app = spawn().await;

    let answer = app.refresh(&app.token_with(&json!({"iat": null}))).await;

    assert_eq!(answer.status, 200, "{answer:?}");
    let claims = jwt::payload(&answer.access_token());
    assert_eq!(
        (&claims["sub"], &claims["iat"]),
        (&json!("alice"), &json!(START))
    );
}

#[tokio::test]
async fn a_fresh_token_is_good_at_once_and_until_it_expires() {
    let app = spawn().await;
    let fresh = app.refresh(&app.expired_token()).await.access_token();

    let at_once = app.verify(&fresh).await;
    app.advance(TimeDelta::seconds(1799));
    let at_the_end = app.verify(&fresh).await;
    app.advance(TimeDelta::seconds(1));
    let after = app.verify(&fresh).await;

    assert_eq!(at_once.status, 204);
    assert_eq!(at_once.header("x-auth-subject"), Some("alice"));
    assert_eq!((at_the_end.status, after.status), (204, 401));
}

#[tokio::test]
async fn the_lifetime_is_the_configured_one() {
    let app = spawn_with(&[("ACCESS_TOKEN_EXPIRE_MINUTES", "5")]).await;

    let answer = app.refresh(&app.expired_token()).await;

    assert_eq!(answer.body_json()["expires_in"], 300);
    assert_eq!(jwt::payload(&answer.access_token())["exp"], START + 300);
}

#[tokio::test]
async fn the_same_expired_token_may_be_exchanged_again() {
    let app = spawn().await;
    let token = app.expired_token();

    let first = app.refresh(&token).await;
    app.advance(TimeDelta::minutes(10));
    let second = app.refresh(&token).await;

    assert_eq!((first.status, second.status), (200, 200));
    assert_ne!(first.access_token(), second.access_token());
}

/// The answer to `token` in the header and that body.
async fn in_header(app: &TestApp, scheme: &str, token: &str, body: &'static str) -> Answer {
    let header = format!("{scheme}{token}");
    let request = request(Method::POST, "/api/auth/refresh").header("authorization", header);
    app.send(request.body(body)).await
}

#[tokio::test]
async fn a_token_in_the_header_is_exchanged_where_there_is_no_body() {
    let app = spawn().await;
    let token = app.expired_token();

    for scheme in ["Bearer ", "bearer ", "BEARER ", "Bearer   "] {
        for body in ["", "{}", " { } "] {
            let answer = in_header(&app, scheme, &token, body).await;
            assert_eq!(answer.status, 200, "{scheme:?} {body:?} {answer:?}");
        }
    }
}

#[tokio::test]
async fn the_token_in_the_body_goes_before_the_one_in_the_header() {
    let app = spawn().await;
    let header = request(Method::POST, "/api/auth/refresh").header("authorization", "Bearer x.y.z");
    let body = json!({"token": app.expired_token()}).to_string();

    let answer = app.send(header.body(body)).await;

    assert_eq!(answer.status, 200, "{answer:?}");
}

#[tokio::test]
async fn a_token_in_the_query_string_is_never_read() {
    let app = spawn().await;
    let path = format!("/api/auth/refresh?token={}", app.expired_token());

    let answer = app.send(request(Method::POST, &path).finish()).await;

    let nothing = json!({"success": false, "message": "No refresh token provided"});
    assert_eq!((answer.status, answer.body_json()), (401, nothing));
}

#[tokio::test]
async fn json_may_say_that_it_is_json_in_any_way_or_not_at_all() {
    let app = spawn().await;
    let body = json!({"token": app.expired_token()}).to_string();

    for media_type in [
        "application/json",
        "Application/JSON",
        "application/json; charset=utf-8",
        "application/json;charset=\"UTF-8\"; profile=x",
        "application/json ;",
    ] {
        let answer = app.post_as(media_type, body.clone()).await;
        assert_eq!(answer.status, 200, "{media_type} {answer:?}");
    }
    let unlabelled = request(Method::POST, "/api/auth/refresh").body(body);
    assert_eq!(app.send(unlabelled).await.status, 200);
}

#[tokio::test]
async fn unknown_members_white_space_and_escapes_in_the_body_change_nothing() {
    let app = spawn().await;
    let token = app.expired_token();
    let (first, rest) = token.split_at(1);
    assert_eq!(first, "e");

    for body in [
        format!(r#"{{"token":"{token}","remember":true,"Token":null,"nested":{{"token":1}}}}"#),
        format!("\r\n\t {{ \"token\" :\n \"{token}\" }} \n"),
        format!(r#"{{"\u0074oken":"\u0065{rest}"}}"#),
    ] {
        let answer = app.post(body.clone()).await;
        assert_eq!(answer.status, 200, "{body} {answer:?}");
    }
}

#[tokio::test]
async fn a_body_of_16_kib_is_read() {
    let app = spawn().await;
    let mut body = json!({"token": app.expired_token()}).to_string();
    body.push_str(&" ".repeat(16 * 1024 - body.len()));

    let answer = app.post(body).await;

    assert_eq!(answer.status, 200, "{answer:?}");
}

#[tokio::test]
async fn an_answer_with_a_token_is_kept_by_nobody_on_the_way() {
    let app = spawn().await;

    let answer = app.refresh(&app.expired_token()).await;

    let names = answer.headers.keys().map(ToString::to_string);
    let mut headers: Vec<_> = names
        .map(|name| format!("{name}: {}", answer.header(&name).unwrap()))
        .filter(|line| !line.starts_with("x-request-id: "))
        .collect();
    headers.sort();
    insta::assert_snapshot!(headers.join("\n"), @r"
    cache-control: no-store
    content-type: application/json; charset=utf-8
    pragma: no-cache
    x-content-type-options: nosniff
    ");
    let request_id = answer.header("x-request-id").unwrap();
    assert!(uuid::Uuid::parse_str(request_id).is_ok(), "{request_id}");
}

#[tokio::test]
async fn of_no_body_the_type_does_not_matter() {
    let app = spawn().await;
    let request = request(Method::POST, "/api/auth/refresh")
        .header("authorization", format!("Bearer {}", app.expired_token()))
        .content_type("application/x-www-form-urlencoded");

    let answer = app.send(request.finish()).await;

    assert_eq!(answer.status, 200, "{answer:?}");
}
