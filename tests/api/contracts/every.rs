//! What holds for every contract whose tokens travel in bodies.

use chrono::TimeDelta;
use poem::http::Method;
use remint::domain::Contract;
use serde_json::{Value, json};

use crate::harness::{Answer, TestApp, jwt, request, spawn, spawn_on_each, spawn_with};

use super::frontend::{
    CONTRACTS, Frontend, assert_headers, assert_refused, assert_unavailable,
    log_in_by_every_contract, post, timestamp,
};

#[tokio::test]
async fn a_login_is_refreshed_again_and_again_on_every_database() {
    for app in spawn_on_each(&[]).await {
        for contract in CONTRACTS {
            let mut frontend = Frontend::log_in(&app, contract).await;
            for _ in 0..4 {
                assert_eq!(app.verify(&frontend.access_token).await.status, 204);
                app.advance(TimeDelta::hours(20));

                let answer = frontend.refresh(&app).await;

                assert_eq!(answer.status, 200);
                assert_headers(&answer);
            }
        }
    }
}

#[tokio::test]
async fn a_user_who_may_not_is_refused_and_loses_nothing() {
    for app in spawn_on_each(&[]).await {
        for contract in CONTRACTS {
            let mut frontend = Frontend::log_in(&app, contract).await;

            app.sql("UPDATE users SET is_active = FALSE WHERE id = 'alice'")
                .await;
            frontend.assert_refused(&app, "inactive").await;
            app.sql("UPDATE users SET is_active = TRUE WHERE id = 'alice'")
                .await;

            app.advance(TimeDelta::minutes(5));
            assert_eq!(frontend.refresh(&app).await.status, 200);
        }
    }
}

#[tokio::test]
async fn a_user_who_is_gone_is_refused() {
    for app in spawn_on_each(&[]).await {
        let frontends = log_in_by_every_contract(&app).await;
        app.sql("DELETE FROM users WHERE id = 'alice'").await;

        for frontend in frontends {
            let answer = frontend.send(&app).await;

            if frontend.contract == Contract::TokenPair {
                let body = r#"{"errors":[{"code":"user_not_found","message":"User not found","type":"NotFound"}]}"#;
                assert_eq!((answer.status, answer.body.as_str()), (404, body));
            } else {
                assert_refused(&app, frontend.contract, &answer, "gone");
            }
        }
    }
}

/// What is no refresh token of `good`'s contract, and never was.
async fn strangers(app: &TestApp, good: &Frontend) -> Vec<String> {
    let token = &good.refresh_token;
    let mut strangers = vec!["x".to_owned(), "é\u{0}".to_owned()];
    strangers.extend(["A".repeat(8_193), "9".repeat(36), "A".repeat(76)]);
    strangers.extend([format!(" {token}"), format!("{token}="), token.repeat(2)]);
    if good.contract != Contract::OAuth2 {
        strangers.push(app.expired_token());
    }
    for contract in [Contract::Cookie].into_iter().chain(CONTRACTS) {
        if contract != good.contract {
            let grant = app.start(contract, "alice").await;
            strangers.extend(grant.refresh_token);
        }
    }
    strangers
}

#[tokio::test]
async fn what_is_no_token_of_the_contract_is_refused_with_one_answer() {
    let app = spawn().await;

    for contract in CONTRACTS {
        let good = Frontend::log_in(&app, contract).await;
        for refresh_token in strangers(&app, &good).await {
            let what = refresh_token.clone();
            let bad = Frontend {
                refresh_token,
                ..good.clone()
            };
            bad.assert_refused(&app, &what).await;
        }
        assert_eq!(good.send(&app).await.status, 200);
    }
}

/// The token with another character in the place of each of its own, one at a time.
fn changed(token: &str) -> impl Iterator<Item = String> {
    let other = |c: char| if c == '8' { '9' } else { '8' };
    let places = token
        .char_indices()
        .filter(|(_, c)| c.is_ascii_alphanumeric());
    places.map(move |(at, c)| {
        let mut changed = token.to_owned();
        changed.replace_range(at..=at, &other(c).to_string());
        changed
    })
}

#[tokio::test]
async fn a_token_with_one_character_changed_is_none() {
    let app = spawn().await;

    for contract in CONTRACTS {
        let good = Frontend::log_in(&app, contract).await;
        for refresh_token in changed(&good.refresh_token) {
            let what = refresh_token.clone();
            let bad = Frontend {
                refresh_token,
                ..good.clone()
            };
            bad.assert_refused(&app, &what).await;
        }
        assert_eq!(good.send(&app).await.status, 200);
    }
}

#[tokio::test]
async fn garbage_is_refused_without_asking_a_database() {
    let app = spawn().await;
    let frontends = log_in_by_every_contract(&app).await;
    app.database.clone().close().await.unwrap();

    for good in frontends {
        for refresh_token in changed(&good.refresh_token) {
            let bad = Frontend {
                refresh_token,
                ..good.clone()
            };
            bad.assert_refused(&app, "garbage").await;
        }
        assert_unavailable(&app, good.contract, &good.send(&app).await);
    }
}

#[tokio::test]
async fn an_outage_uses_nothing_up() {
    for app in spawn_on_each(&[]).await {
        let mut frontends = log_in_by_every_contract(&app).await;

        for table in ["users", "remint_session"] {
            app.sql(&format!("ALTER TABLE {table} RENAME TO away_{table}"))
                .await;
            for frontend in &frontends {
                let answer = frontend.send(&app).await;
                assert_unavailable(&app, frontend.contract, &answer);
            }
            app.sql(&format!("ALTER TABLE away_{table} RENAME TO {table}"))
                .await;
        }

        app.advance(TimeDelta::minutes(5));
        for frontend in &mut frontends {
            assert_eq!(frontend.refresh(&app).await.status, 200);
        }
    }
}

/// What a contract says where the service itself is at fault.
fn internal(app: &TestApp, contract: Contract) -> String {
    match contract {
        Contract::Envelope => format!(
            r#"{{"success":false,"errors":[{{"field":"service","message":"The service failed","code":"INTERNAL_ERROR"}}],"timestamp":"{}"}}"#,
            timestamp(app)
        ),
        Contract::OAuth2 => r#"{"error":"server_error"}"#.to_owned(),
        Contract::TokenPair => {
            r#"{"errors":[{"code":"internal","message":"The service failed","type":"Server"}]}"#.to_owned()
        }
        Contract::RefreshToken | Contract::Cookie | Contract::ExpiredToken => {
            r#"{"type":"/problems/internal","title":"Internal error","status":500,"detail":"the service failed","code":"internal","action":"retry"}"#.to_owned()
        }
    }
}

#[tokio::test]
async fn a_token_that_cannot_be_signed_is_a_fault_of_the_service_and_uses_nothing_up() {
    let app = spawn_with(&[("USERS_CLAIM_COLUMNS", "email")]).await;
    let email = async |email: &str| {
        app.sql(&format!("UPDATE users SET email = '{email}'"))
            .await;
    };
    app.sql("DELETE FROM users WHERE id <> 'alice'").await;

    for contract in CONTRACTS {
        let mut frontend = Frontend::log_in(&app, contract).await;
        email(&"x".repeat(8_000)).await;
        let answer = frontend.send(&app).await;
        let expected = (500, internal(&app, contract));
        email("short").await;
        app.advance(TimeDelta::minutes(5));

        assert_eq!((answer.status, answer.body), expected);
        frontend.refresh(&app).await;
        assert_eq!(jwt::payload(&frontend.access_token)["email"], "short");
    }
}

#[tokio::test]
async fn an_access_token_is_not_exchanged_without_its_refresh_token() {
    let app = spawn_with(&[("JWT_ALGORITHM", "HS512"), ("JWT_SUBJECT_CLAIM", "nameid")]).await;

    for contract in CONTRACTS {
        let frontend = Frontend::log_in(&app, contract).await;
        let answer = app.refresh(&frontend.access_token).await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (401, "unsupported_token")
        );
    }
}

#[tokio::test]
async fn other_methods_are_told_that_post_is_the_one() {
    let app = spawn().await;

    for path in [
        "/api/refresh",
        "/auth/refresh",
        "/api/auth/refresh",
        "/oauth/token",
    ] {
        for method in ["GET", "HEAD", "PUT", "DELETE", "OPTIONS"] {
            let method = Method::from_bytes(method.as_bytes()).unwrap();
            let answer = app.send(request(method, path).finish()).await;
            assert_eq!(
                (answer.status, answer.header("allow")),
                (405, Some("POST")),
                "{path}"
            );
        }
    }
}

#[tokio::test]
async fn the_configured_issuer_and_audience_stand_in_every_access_token() {
    let app = spawn_with(&[("JWT_ISSUER", "us"), ("JWT_AUDIENCE", "web,mobile")]).await;

    for contract in CONTRACTS {
        let mut frontend = Frontend::log_in(&app, contract).await;
        frontend.refresh(&app).await;
        frontend.refresh(&app).await;

        let claims = jwt::payload(&frontend.access_token);
        assert_eq!(
            (&claims["iss"], &claims["aud"]),
            (&json!("us"), &json!("web"))
        );
        assert_eq!(app.verify(&frontend.access_token).await.status, 204);
    }
}

/// What the document shows for that answer, without the time.
fn example(document: &Value, path: &str, answer: &Answer) -> Value {
    let responses = &document["paths"][path]["post"]["responses"];
    let content = &responses[answer.status.to_string()]["content"];
    let content = content.as_object().unwrap().values().next().unwrap();
    let name = content["schema"]["$ref"].as_str().unwrap_or_default();
    let name = name.rsplit('/').next().unwrap();
    let shown = &document["components"]["schemas"][name]["example"];
    without_time(content["schema"].get("example").unwrap_or(shown).clone())
}

fn without_time(mut body: Value) -> Value {
    body.as_object_mut().unwrap().remove("timestamp");
    body
}

#[tokio::test]
async fn the_document_shows_the_refusals_as_they_are_sent() {
    let app = spawn().await;
    let document = app
        .send(request(Method::GET, "/openapi.json").finish())
        .await;
    let document = document.body_json();
    let large = " ".repeat(16 * 1024 + 1);

    for (operation, body) in [
        ("/api/refresh", "{}"),
        ("/api/refresh", &large),
        ("/auth/refresh", r#"{"refresh_token":"x"}"#),
        ("/auth/refresh", "{"),
        ("/auth/refresh", &large),
        (
            "/api/auth/refresh#refresh_token",
            r#"{"refresh_token":"x"}"#,
        ),
        (
            "/api/auth/refresh#token_pair",
            r#"{"Token":"x","RefreshToken":"x"}"#,
        ),
        ("/api/auth/refresh#token_pair", r#"{"RefreshToken":"x"}"#),
        ("/api/auth/refresh#token_pair", "{"),
        ("/api/auth/refresh#token_pair", &large),
    ] {
        let path = operation.split('#').next().unwrap();
        let answer = post(&app, path, body).await;
        let shown = example(&document, operation, &answer);
        assert_eq!(shown, without_time(answer.body_json()), "{operation}");
    }
}
