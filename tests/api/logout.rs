//! `POST /api/auth/logout`: what ends, and by whose token.

use chrono::TimeDelta;
use poem::http::Method;
use serde_json::{Value, json};

use crate::harness::{TestApp, logs, request, spawn, spawn_with};

async fn everywhere(app: &TestApp, token: &str) -> u16 {
    let body = json!({"token": token, "everywhere": true}).to_string();
    let request = request(Method::POST, "/api/auth/logout");
    app.send(request.content_type("application/json").body(body))
        .await
        .status
}

#[tokio::test]
async fn who_sends_no_token_learns_where_one_may_stand() {
    let app = spawn().await;

    for body in ["", "{}", r#"{"everywhere":true}"#] {
        let request = request(Method::POST, "/api/auth/logout").body(body);
        let answer = app.send(request).await;

        let detail = "a token is required, in the body, a cookie or the header";
        assert_eq!(answer.status, 422, "{body}");
        assert_eq!(answer.body_json()["detail"], detail, "{body}");
    }
}

#[tokio::test]
async fn a_token_of_another_issuer_or_kind_ends_nothing() {
    let app = spawn_with(&[("JWT_ISSUER", "us")]).await;
    let ours = app.token_with(&json!({"iss": "us"}));

    for other in [
        json!({"iss": "them"}),
        json!({"iss": "us", "token_use": "email_confirm"}),
        json!({"iss": "us", "exp": null}),
        json!({"iss": "us", "sub": "a".repeat(300)}),
    ] {
        assert_eq!(everywhere(&app, &app.token_with(&other)).await, 204);
    }

    assert_eq!(app.refresh(&ours).await.status, 200);
}

#[tokio::test]
async fn a_token_that_is_not_exchanged_any_more_ends_its_own_session_only() {
    let app = spawn().await;
    let now = app.now().timestamp();
    let old = json!({"iat": now - 999_999, "exp": now - 900_000});
    let (old, other) = (app.token_with(&old), app.expired_token());
    assert_eq!(app.refresh(&old).await.code(), "refresh_window_over");

    assert_eq!(everywhere(&app, &old).await, 204);
    assert_eq!(app.refresh(&other).await.status, 200);

    assert_eq!(everywhere(&app, &other).await, 204);
    app.advance(TimeDelta::seconds(1));
    let later = app.token_with(&json!({"iat": app.now().timestamp()}));
    assert_eq!(everywhere(&app, &other).await, 204);
    assert_eq!(app.refresh(&later).await.status, 200);
}

#[tokio::test]
async fn a_fraction_of_a_second_saves_no_token_from_a_cut_off() {
    let app = spawn().await;
    let now = app.now().timestamp();
    let token = |iat: Value| app.token_with(&json!({"iat": iat, "n": iat}));
    let fraction: Value = serde_json::from_str(&format!("{now}.25")).unwrap();
    let (fractional, whole) = (token(fraction), token(json!(now)));
    app.advance(TimeDelta::milliseconds(500));

    assert_eq!(everywhere(&app, &whole).await, 204);

    assert_eq!(app.refresh(&fractional).await.code(), "session_revoked");
}

#[tokio::test]
async fn a_token_that_cannot_be_dated_is_refused_until_the_setting_fits() {
    let (short, long) = (
        spawn().await,
        spawn_with(&[("JWT_LEGACY_LIFETIME_MINUTES", "180")]).await,
    );
    let undated =
        |app: &TestApp| app.token_with(&json!({"iat": null, "exp": app.now().timestamp() + 7_200}));

    assert_eq!(
        short.refresh(&undated(&short)).await.code(),
        "unsupported_token"
    );
    assert_eq!(long.refresh(&undated(&long)).await.status, 200);
}

#[tokio::test]
async fn the_log_says_whether_anything_ended() {
    let app = spawn().await;

    for (token, outcome) in [
        (app.expired_token(), "logged_out"),
        ("x".to_owned(), "ignored"),
        (app.token_with(&json!({"typ": "Refresh"})), "ignored"),
    ] {
        let body = json!({"token": token}).to_string();
        let answer = app
            .send(request(Method::POST, "/api/auth/logout").body(body))
            .await;

        let id = answer.header("x-request-id").unwrap();
        let lines = logs::lines_with(id);
        assert!(lines[0].contains(&format!(r#""outcome":"{outcome}""#)));
    }
}
