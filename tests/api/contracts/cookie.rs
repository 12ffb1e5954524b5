//! `cookie`: seed 001.

use chrono::TimeDelta;
use poem::http::Method;
use poem::{Request, RequestBuilder};
use remint::domain::Contract;
use serde_json::json;

use crate::harness::servers::Engine;
use crate::harness::{Answer, SECRET, TestApp, jwt, request, spawn, spawn_on, spawn_with};

const PATH: &str = "/api/auth/refresh";

/// As the seed's `curl` sends it.
fn with_cookie(path: &str, token: &str) -> RequestBuilder {
    request(Method::POST, path)
        .content_type("application/json")
        .header("cookie", format!("theme=dark; refresh_token={token}"))
}

async fn refresh(app: &TestApp, token: &str) -> Answer {
    app.send(with_cookie(PATH, token).finish()).await
}

/// The refresh cookie of a session of alice.
async fn log_in(app: &TestApp) -> String {
    let grant = app.start(Contract::Cookie, "alice").await;
    grant.refresh_token.unwrap()
}

/// The token of an access cookie.
fn access_token(answer: &Answer) -> String {
    let cookie = answer.header("set-cookie").unwrap();
    let value = cookie.strip_prefix("access_token=").unwrap();
    value.split(';').next().unwrap().to_owned()
}

fn said(answer: &Answer) -> (u16, &str) {
    (answer.status, answer.body.as_str())
}

const INVALID: &str = r#"{"success":false,"message":"Invalid or expired refresh token"}"#;

#[tokio::test]
async fn a_refresh_cookie_is_answered_with_an_access_cookie() {
    for engine in [Engine::Sqlite, Engine::Postgres, Engine::MariaDb] {
        let Some(app) = spawn_on(engine, &[]).await else {
            continue;
        };
        let token = log_in(&app).await;

        let answer = refresh(&app, &token).await;

        let success = r#"{"success":true,"message":"Token refreshed successfully"}"#;
        assert_eq!(said(&answer), (200, success));
        let cookie = answer.header("set-cookie").unwrap();
        let (_, attributes) = cookie.split_once("; ").unwrap();
        assert_eq!(
            attributes,
            "HttpOnly; SameSite=Lax; Secure; Path=/; Max-Age=1800"
        );
        assert_eq!(answer.headers.get_all("set-cookie").iter().count(), 1);
        assert_eq!(app.verify(&access_token(&answer)).await.status, 204);
    }
}

#[tokio::test]
async fn the_refresh_cookie_stays_good_and_keeps_its_end() {
    let app = spawn().await;
    let token = log_in(&app).await;

    for _ in 0..13 {
        app.advance(TimeDelta::days(1));
        assert_eq!(refresh(&app, &token).await.status, 200);
    }
    app.advance(TimeDelta::days(1));

    assert_eq!(said(&refresh(&app, &token).await), (401, INVALID));
}

#[tokio::test]
async fn the_last_access_cookie_ends_with_the_session() {
    let app = spawn().await;
    let token = log_in(&app).await;
    app.advance(TimeDelta::days(14) - TimeDelta::minutes(5));

    let answer = refresh(&app, &token).await;

    assert!(
        answer
            .header("set-cookie")
            .unwrap()
            .ends_with("Max-Age=300")
    );
    let claims = jwt::payload(&access_token(&answer));
    assert_eq!(claims["exp"], json!(app.now().timestamp() + 300));
}

#[tokio::test]
async fn no_cookie_is_told_apart_from_a_bad_one() {
    let app = spawn().await;
    let missing = r#"{"success":false,"message":"No refresh token provided"}"#;

    let without = app.send(request(Method::POST, PATH).finish()).await;
    assert_eq!(said(&without), (401, missing));
    assert_eq!(said(&refresh(&app, "").await), (401, missing));

    let token = log_in(&app).await;
    let pair = app.start(Contract::TokenPair, "alice").await;
    let cut = token.get(..75).unwrap();
    let of_another_contract = pair.refresh_token.unwrap();
    for bad in ["x", cut, &of_another_contract, &app.expired_token()] {
        let answer = refresh(&app, bad).await;
        assert_eq!(said(&answer), (401, INVALID), "{bad}");
        assert!(answer.header("set-cookie").is_none());
    }
}

#[tokio::test]
async fn two_different_cookies_of_that_name_are_refused_and_two_equal_ones_are_not() {
    let app = spawn().await;
    let (token, other) = (log_in(&app).await, log_in(&app).await);

    let different = with_cookie(PATH, &token).header("cookie", format!("refresh_token={other}"));
    let equal = with_cookie(PATH, &token).header("cookie", format!("refresh_token={token}"));

    assert_eq!(said(&app.send(different.finish()).await), (401, INVALID));
    assert_eq!(app.send(equal.finish()).await.status, 200);
}

#[tokio::test]
async fn a_user_who_is_gone_or_inactive_is_refused() {
    for (change, status, message) in [
        ("DELETE FROM users", 404, "User not found"),
        (
            "UPDATE users SET is_active = FALSE",
            401,
            "Invalid or expired refresh token",
        ),
    ] {
        let app = spawn().await;
        let token = log_in(&app).await;
        app.sql(change).await;

        let answer = refresh(&app, &token).await;

        let body = json!({"success": false, "message": message});
        assert_eq!((answer.status, answer.body_json()), (status, body));
    }
}

#[tokio::test]
async fn a_database_that_is_away_is_503_and_touches_no_cookie() {
    let app = spawn().await;
    let token = log_in(&app).await;
    app.sql("ALTER TABLE remint_session RENAME TO gone").await;

    let answer = refresh(&app, &token).await;

    let failed = r#"{"success":false,"message":"An error occurred while refreshing token"}"#;
    assert_eq!(said(&answer), (503, failed));
    assert_eq!(answer.header("retry-after"), Some("2"));
    assert!(answer.header("set-cookie").is_none());
    // Garbage is told apart without a look at it.
    assert_eq!(refresh(&app, "garbage").await.status, 401);
}

#[tokio::test]
async fn pages_of_other_origins_may_not_use_the_cookie() {
    let listed = "https://app.example.com";
    let app = spawn_with(&[("CORS_ALLOWED_ORIGINS", listed)]).await;
    let token = log_in(&app).await;
    let cases = [
        ("origin", "https://evil.example.com", 403),
        ("origin", "null", 403),
        ("sec-fetch-site", "cross-site", 403),
        ("origin", listed, 200),
        ("origin", "http://remint.example.com", 200),
        ("sec-fetch-site", "same-origin", 200),
    ];

    for (name, value, status) in cases {
        let request = with_cookie(PATH, &token).header("host", "remint.example.com");
        let answer = app.send(request.header(name, value).finish()).await;

        assert_eq!(answer.status, status, "{name}: {value}");
        if status == 403 {
            let refused = r#"{"success":false,"message":"Cross-site request refused"}"#;
            assert_eq!(said(&answer), (403, refused));
        }
    }
}

#[tokio::test]
async fn a_logout_ends_the_session_and_deletes_both_cookies() {
    let app = spawn().await;
    let token = log_in(&app).await;
    let access = access_token(&refresh(&app, &token).await);

    let answer = app
        .send(with_cookie("/api/auth/logout", &token).finish())
        .await;

    assert_eq!(said(&answer), (204, ""));
    let cookies = answer.headers.get_all("set-cookie").iter();
    let cookies: Vec<_> = cookies.map(|cookie| cookie.to_str().unwrap()).collect();
    assert_eq!(cookies.len(), 2);
    assert!(cookies.iter().all(|cookie| cookie.contains("Max-Age=0")));
    assert_eq!(said(&refresh(&app, &token).await), (401, INVALID));
    assert_eq!(app.verify(&access).await.code(), "session_revoked");
}

#[tokio::test]
async fn a_page_of_another_origin_cannot_log_anybody_out() {
    let app = spawn().await;
    let token = log_in(&app).await;
    let request = with_cookie("/api/auth/logout", &token);

    let answer = app
        .send(
            request
                .header("origin", "https://evil.example.com")
                .finish(),
        )
        .await;

    assert_eq!((answer.status, answer.code().as_str()), (403, "cross_site"));
    assert_eq!(refresh(&app, &token).await.status, 200);
}

#[tokio::test]
async fn a_logout_everywhere_ends_the_other_sessions_too() {
    let app = spawn().await;
    let (token, other) = (log_in(&app).await, log_in(&app).await);
    let request = with_cookie("/api/auth/logout", &token);

    let answer = app.send(request.body(r#"{"everywhere":true}"#)).await;

    assert_eq!(answer.status, 204);
    assert_eq!(refresh(&app, &other).await.status, 401);
    // Even within the same second a new login is alive.
    let fresh = log_in(&app).await;
    assert_eq!(refresh(&app, &fresh).await.status, 200);
}

#[tokio::test]
async fn an_access_cookie_is_good_for_the_verify_endpoint() {
    let app = spawn().await;
    let access = access_token(&refresh(&app, &log_in(&app).await).await);
    let verify = |cookie: String| -> Request {
        request(Method::GET, "/api/auth/verify")
            .header("cookie", cookie)
            .finish()
    };

    let good = app.send(verify(format!("access_token={access}"))).await;
    let bad = app.send(verify("access_token=x".to_owned())).await;
    let none = app.send(verify("theme=dark".to_owned())).await;

    assert_eq!(good.status, 204);
    assert_eq!(good.header("x-auth-subject"), Some("alice"));
    assert_eq!(bad.code(), "invalid_token");
    assert_eq!(none.code(), "missing_token");
}

#[tokio::test]
async fn an_access_token_is_not_exchanged_without_its_cookie() {
    for mode in ["stateless", "single_use"] {
        let app = spawn_with(&[("REFRESH_MODE", mode)]).await;
        let access = access_token(&refresh(&app, &log_in(&app).await).await);

        assert_eq!(app.refresh(&access).await.code(), "unsupported_token");
    }
}

#[tokio::test]
async fn the_names_and_attributes_of_the_cookies_are_settings() {
    let app = spawn_with(&[
        ("REFRESH_COOKIE_NAME", "rt"),
        ("ACCESS_COOKIE_NAME", "at"),
        ("COOKIE_DOMAIN", "example.com"),
        ("COOKIE_SAME_SITE", "strict"),
        ("COOKIE_SECURE", "false"),
    ])
    .await;
    let cookie = format!("rt={}", log_in(&app).await);

    let answer = app
        .send(
            request(Method::POST, PATH)
                .header("cookie", cookie)
                .finish(),
        )
        .await;

    let set = answer.header("set-cookie").unwrap();
    assert!(set.starts_with("at="));
    let (_, attributes) = set.split_once("; ").unwrap();
    assert_eq!(
        attributes,
        "HttpOnly; SameSite=Strict; Path=/; Domain=example.com; Max-Age=1800"
    );
}

#[tokio::test]
async fn a_previous_key_keeps_its_cookies_alive() {
    let app = spawn().await;
    let token = log_in(&app).await;
    let url = app.database_url();
    let next = "the-next-secret-that-is-long-enough-for-every-hash-of-rfc-7518-too";
    let keys = [
        ("JWT_SECRET_KEY", next),
        ("JWT_PREVIOUS_SECRET_KEYS", SECRET),
    ];

    let rotated = crate::harness::spawn_beside(url, &keys).await;
    let forgotten = crate::harness::spawn_beside(url, &keys[..1]).await;

    assert_eq!(refresh(&rotated, &token).await.status, 200);
    assert_eq!(refresh(&forgotten, &token).await.status, 401);
}
