//! Nothing that a request says gets into the figures.

use std::collections::BTreeSet;

use poem::http::Method;
use serde_json::json;

use super::{Figures, labels, spawn_watched};
use crate::harness::{ADMIN_KEY, SECRET, TestApp, jwt, logs, request};

/// Requests of all kinds, with `mark` wherever a caller can put something.
async fn pester(app: &TestApp, mark: &str) {
    let get = |path: &str| request(Method::GET, path).finish();
    for path in [
        &format!("/{mark}"),
        &format!("/problems/{mark}"),
        "/docs",
        "/readyz",
    ] {
        app.send(get(path)).await;
        app.send_admin(get(path)).await;
    }
    let method = Method::from_bytes(mark.as_bytes()).unwrap();
    app.send(request(method, "/api/auth/refresh").finish())
        .await;
    let header = json!({"alg": "HS256", "kid": mark}).to_string();
    let exp = app.now().timestamp() - 60;
    let hostile = format!("{mark}\"}} 1\nremint_answers_total{{contract=\"{mark}");
    for subject in [mark, &hostile, "alice"] {
        let payload = json!({"sub": subject, "exp": exp, mark: mark}).to_string();
        for secret in [SECRET, mark] {
            app.refresh(&jwt::hs256(&header, &payload, secret)).await;
            app.verify(&jwt::hs256(jwt::HS256, &payload, secret)).await;
        }
    }
    for body in [
        json!({"refresh_token": mark}),
        json!({"Token": mark, "RefreshToken": mark}),
        json!({mark: mark}),
    ] {
        let request = request(Method::POST, "/api/auth/refresh").header("x-forwarded-for", mark);
        app.send(request.header("host", mark).body(body.to_string()))
            .await;
    }
    let start = json!({"user": mark, "contract": mark}).to_string();
    app.admin(Method::POST, "/admin/sessions", &start).await;
    app.admin(Method::GET, &format!("/admin/sessions?user={mark}"), "")
        .await;
    let form = format!("grant_type={mark}&refresh_token={mark}&client_id={mark}");
    let form_type = "application/x-www-form-urlencoded";
    let oauth = request(Method::POST, "/oauth/token").content_type(form_type);
    app.send(oauth.body(form)).await;
}

#[tokio::test]
async fn other_garbage_makes_no_other_series() {
    let app = spawn_watched(&[]).await;
    let series = async || {
        Figures::of(&app)
            .await
            .0
            .into_keys()
            .collect::<BTreeSet<_>>()
    };
    series().await;
    pester(&app, "FIRSTGARBAGE").await;
    let before = series().await;

    pester(&app, "OTHERGARBAGE").await;

    let after = series().await;
    let new: Vec<_> = after.difference(&before).collect();
    assert!(new.is_empty(), "{new:?}");
    for value in after.iter().flat_map(|series| labels(series).into_values()) {
        assert!(!value.contains("GARBAGE") && value != "other", "{value}");
    }
    assert!(after.len() < 600, "{}", after.len());
}

#[tokio::test]
async fn no_secret_and_nobody_can_be_read_there() {
    let app = spawn_watched(&[]).await;
    pester(&app, "SOMEMARK").await;
    for token in [app.expired_token(), app.token_with(&json!({"sub": "bob"}))] {
        app.refresh(&token).await;
    }

    let answer = app.admin(Method::GET, "/metrics", "").await;

    logs::assert_clean(&answer.body);
    for word in [
        "SOMEMARK",
        "alice",
        "bob",
        "eyJ",
        "127.0.0.1",
        ADMIN_KEY,
        SECRET,
    ] {
        assert!(!answer.body.contains(word), "{word}");
    }
}
