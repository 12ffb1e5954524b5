//! `POST /admin/explanations`

use chrono::TimeDelta;
use poem::http::Method;
use serde_json::{Value, json};

use super::{CONTRACTS, cut_off, event, on_each, sessions_of, spawn_admin, started};
use crate::harness::{
    ADMIN, ADMIN_KEY, Answer, SECRET, TestApp, jwt, logs, request, spawn_beside, spawn_with,
};

const SINGLE_USE: (&str, &str) = ("REFRESH_MODE", "single_use");

async fn explain(app: &TestApp, token: &str) -> Answer {
    let body = json!({"token": token}).to_string();
    app.admin(Method::POST, "/admin/explanations", &body).await
}

/// What the answer says but for the checks.
async fn verdict(app: &TestApp, token: &str) -> Value {
    let answer = explain(app, token).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let mut verdict = answer.body_json();
    verdict.as_object_mut().unwrap().shift_remove("checks");
    verdict
}

/// What one check says.
async fn seen(app: &TestApp, token: &str, name: &str) -> Value {
    let body = explain(app, token).await.body_json();
    let checks = body["checks"].as_array().unwrap();
    let check = checks.iter().find(|check| check["check"] == name);
    check
        .unwrap_or_else(|| panic!("no {name} in {body}"))
        .clone()
}

#[tokio::test]
async fn a_token_that_would_be_exchanged_passes_every_check() {
    let app = spawn_admin().await;

    let answer = explain(&app, &app.expired_token()).await;

    assert_eq!(answer.status, 200);
    let body = answer.body_json();
    assert!(
        body["checks"]
            .as_array()
            .unwrap()
            .iter()
            .all(|check| check["verdict"] == "ok")
    );
    let last = &body["checks"].as_array().unwrap().last().unwrap();
    assert_eq!(
        **last,
        json!({"check": "user", "verdict": "ok", "seen": "alice is active"})
    );
    let rest = json!({"kind": "access_token", "contract": "expired_token", "verdict": "exchanged"});
    assert_eq!(verdict(&app, &app.expired_token()).await, rest);
}

#[tokio::test]
async fn one_that_would_be_refused_says_which_check_says_no_and_what_to_set() {
    let app = spawn_admin().await;

    let answer = explain(&app, &app.token_with(&json!({"aud": "app"}))).await;

    let mut body = answer.body_json();
    let checks = body["checks"].as_array_mut().unwrap();
    checks.retain(|check| check["verdict"] == "refused");
    insta::assert_json_snapshot!(body, @r#"
    {
      "kind": "access_token",
      "contract": "expired_token",
      "verdict": "refused",
      "code": "unsupported_token",
      "reason": "the token is for another audience",
      "hint": "JWT_AUDIENCE must list the token's aud",
      "checks": [
        {
          "check": "audience",
          "verdict": "refused",
          "code": "unsupported_token",
          "seen": "the token is for another audience"
        }
      ]
    }
    "#);
}

/// Tokens that are refused, each with the code and the reason.
fn refused(app: &TestApp) -> Vec<(String, &'static str, &'static str)> {
    let forged = jwt::hs256(jwt::HS256, r#"{"sub":"alice"}"#, "another key");
    let exp = app.now().timestamp() - 8 * 86_400;
    let with = |claims: Value| app.token_with(&claims);
    vec![
        ("x".to_owned(), "invalid_token", "not a JWT in compact form"),
        ("x".repeat(9_000), "invalid_token", "the token is too long"),
        (
            forged,
            "invalid_token",
            "the signature does not fit any key",
        ),
        (
            with(json!({"exp": exp, "iat": exp - 1})),
            "refresh_window_over",
            "the token expired too long ago",
        ),
        (
            with(json!({"exp": null})),
            "unsupported_token",
            "the token has no expiry",
        ),
        (
            with(json!({"sub": "bob"})),
            "user_inactive",
            "the user is not active",
        ),
        (
            with(json!({"sub": "carol"})),
            "user_not_found",
            "the user does not exist",
        ),
    ]
}

#[tokio::test]
async fn every_refusal_has_the_code_that_a_refresh_answers_with() {
    let app = spawn_admin().await;

    for (token, code, reason) in refused(&app) {
        let verdict = verdict(&app, &token).await;

        let seen = [&verdict["verdict"], &verdict["code"], &verdict["reason"]];
        assert_eq!(seen, ["refused", code, reason]);
        assert_eq!(app.refresh(&token).await.code(), code);
    }
}

#[tokio::test]
async fn explaining_uses_nothing_up_on_every_database() {
    for app in on_each().await {
        for contract in CONTRACTS {
            let session = started(&app, contract).await;
            let before = sessions_of(&app, "alice").await;
            let token = session["refresh_token"].as_str();
            let token = token.unwrap_or_else(|| session["access_token"].as_str().unwrap());

            for _ in 0..3 {
                let answer = verdict(&app, token).await;
                assert_eq!(answer["contract"], contract);
                assert_eq!(answer["verdict"], "exchanged", "{answer}");
            }

            assert_eq!(sessions_of(&app, "alice").await, before);
        }
    }
}

#[tokio::test]
async fn a_token_that_is_good_once_is_good_once_after_it_was_explained() {
    let app = spawn_with(&[ADMIN, SINGLE_USE]).await;
    let token = app.expired_token();
    let session = async || seen(&app, &token, "session").await["seen"].clone();

    assert_eq!(session().await, "not exchanged yet");
    assert!(sessions_of(&app, "alice").await.is_empty());
    assert_eq!(app.refresh(&token).await.status, 200);
    assert_eq!(
        session().await,
        "exchanged just now: the same answer is given again"
    );
    app.advance(TimeDelta::minutes(1));
    assert_eq!(session().await, "the token was exchanged before");

    // To say that it was stolen is not to act on it.
    assert_eq!(sessions_of(&app, "alice").await[0]["state"], "live");
    assert_eq!(app.refresh(&token).await.code(), "token_reused");
}

#[tokio::test]
async fn what_was_ended_is_said_to_be() {
    let app = spawn_admin().await;
    let session = started(&app, "token_pair").await;
    let refresh_token = session["refresh_token"].as_str().unwrap();
    let legacy = app.expired_token();

    cut_off(&app, &json!({"user": "alice"})).await;

    for (token, reason) in [
        (refresh_token, "the session was revoked"),
        (
            &legacy,
            "the session was revoked: it is not younger than the user's cut-off",
        ),
    ] {
        let verdict = verdict(&app, token).await;
        assert_eq!(verdict["code"], "session_revoked", "{verdict}");
        assert_eq!(verdict["reason"], reason);
    }
}

#[tokio::test]
async fn what_was_ended_is_said_to_be_though_the_users_do_not_answer() {
    let app = spawn_admin().await;
    let token = app.expired_token();
    cut_off(&app, &json!({"user": "alice"})).await;
    app.sql("DROP TABLE users").await;

    assert_eq!(verdict(&app, &token).await["code"], "session_revoked");
    assert_eq!(app.refresh(&token).await.code(), "session_revoked");
}

#[tokio::test]
async fn an_access_token_of_another_contract_says_what_renews_it() {
    let app = spawn_admin().await;
    let session = started(&app, "envelope").await;

    let verdict = verdict(&app, session["access_token"].as_str().unwrap()).await;

    assert_eq!(verdict["contract"], "envelope");
    assert_eq!(verdict["code"], "unsupported_token");
    // JWT_TOKEN_KINDS would not help.
    assert_eq!(verdict.get("hint"), None);
}

#[tokio::test]
async fn a_contract_that_is_off_explains_nothing_of_its_tokens() {
    let app = spawn_admin().await;
    let session = started(&app, "envelope").await;
    let short = (
        "JWT_SECRET_KEY",
        "a secret that is long enough for HS256 only",
    );
    let previous = ("JWT_PREVIOUS_SECRET_KEYS", SECRET);
    let after = spawn_beside(app.database_url(), &[ADMIN, short, previous]).await;

    let answer = explain(&after, session["refresh_token"].as_str().unwrap()).await;

    assert_eq!(
        (answer.status, answer.code()),
        (409, "contract_not_offered".to_owned())
    );
}

#[tokio::test]
async fn neither_the_answer_nor_the_log_has_the_token_or_a_key() {
    let app = spawn_admin().await;
    let token = app.expired_token();

    let answer = explain(&app, &token).await;

    let (_, signature) = token.rsplit_once('.').unwrap();
    for secret in [&token, signature, SECRET, ADMIN_KEY] {
        assert!(!answer.body.contains(secret));
    }
    let event = event(&answer);
    let fields =
        ["contract", "outcome", "subject", "key"].map(|name| event["fields"][name].clone());
    let expected = ["admin", "token_explained", "alice"].map(Value::from);
    assert_eq!(fields[..3], expected);
    assert_eq!(fields[3], Value::Null);
    assert_eq!(event["level"], "INFO");
}

#[tokio::test]
async fn a_refusal_that_is_only_explained_raises_no_alarm() {
    let app = spawn_admin().await;

    for _ in 0..20 {
        assert_eq!(explain(&app, "x").await.status, 200);
    }

    let figures = app.admin(Method::GET, "/metrics", "").await.body;
    let counted = |figure: &str| figures.lines().any(|line| line == figure);
    assert!(counted(
        r#"remint_answers_total{contract="admin",outcome="token_explained"} 20"#
    ));
    assert!(!figures.contains(r#"remint_refusals_total{contract="admin""#));
}

#[tokio::test]
async fn the_key_that_reads_figures_explains_nothing() {
    let metrics_key = "the-key-of-the-scraper-of-the-tests-0123";
    let app = spawn_with(&[ADMIN, ("METRICS_API_KEY", metrics_key)]).await;
    logs::never(metrics_key);

    for key in [metrics_key, "another-key-that-nobody-knows"] {
        let body = json!({"token": app.expired_token()}).to_string();
        let request = request(Method::POST, "/admin/explanations")
            .header("authorization", format!("Bearer {key}"))
            .content_type("application/json");
        let answer = app.send_admin(request.body(body)).await;

        assert_eq!(
            (answer.status, answer.code()),
            (401, "admin_refused".to_owned())
        );
    }
}

#[tokio::test]
async fn a_body_is_an_object_with_a_token_and_nothing_else() {
    let app = spawn_admin().await;

    for (body, detail) in [
        ("", "the body is not valid JSON"),
        ("[]", "the body must be a JSON object"),
        ("{}", "the member token is required"),
        (r#"{"token":1}"#, "token must be a string"),
        (
            r#"{"token":"x","token":"y"}"#,
            "a member of the body stands twice",
        ),
        (
            r#"{"token":"x","contract":"cookie"}"#,
            "the only members are token",
        ),
    ] {
        let answer = app.admin(Method::POST, "/admin/explanations", body).await;

        assert_eq!(
            (answer.status, answer.code().as_str()),
            (422, "malformed_request")
        );
        assert_eq!(answer.body_json()["detail"], detail, "{body}");
    }
    let large = json!({"token": "x".repeat(16 * 1024)}).to_string();
    let large = app.admin(Method::POST, "/admin/explanations", &large).await;
    assert_eq!(large.status, 413);
}

#[tokio::test]
async fn without_its_database_only_what_needs_none_is_explained() {
    let app = spawn_admin().await;
    let token = app.expired_token();

    app.database.clone().close().await.unwrap();

    let good = explain(&app, &token).await;
    assert_eq!((good.status, good.code()), (503, "unavailable".to_owned()));
    assert_eq!(good.header("retry-after"), Some("2"));
    assert_eq!(verdict(&app, "x").await["code"], "invalid_token");
}
