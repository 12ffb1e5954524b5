//! Answers, refusals, times.

use chrono::TimeDelta;
use poem::Request;
use poem::http::Method;
use remint::domain::Contract;
use serde_json::json;

use super::super::contracts::frontend::{CONTRACTS, Frontend, ROTATED};
use super::super::limits::from;
use super::{Figures, spawn_watched};
use crate::harness::{TestApp, request};

const HERE: &str = "203.0.113.9";

fn refresh(token: &str) -> Request {
    request(Method::POST, "/api/auth/refresh").body(json!({"token": token}).to_string())
}

/// Refreshes once by each contract.
async fn refresh_by_every_contract(app: &TestApp) {
    for contract in CONTRACTS {
        Frontend::log_in(app, contract).await.refresh(app).await;
    }
    let cookie = app.start(Contract::Cookie, "alice").await;
    let cookie = format!("refresh_token={}", cookie.refresh_token.unwrap());
    let request = request(Method::POST, "/api/auth/refresh").header("cookie", cookie);
    assert_eq!(app.send(request.finish()).await.status, 200);
    assert_eq!(app.refresh(&app.expired_token()).await.status, 200);
}

#[tokio::test]
async fn refreshes_are_counted_and_timed_by_contract() {
    let app = spawn_watched(&[]).await;
    let before = Figures::of(&app).await;

    refresh_by_every_contract(&app).await;

    let after = Figures::of(&app).await;
    for word in Contract::ALL.map(Contract::word) {
        let answers = format!(r#"remint_answers_total{{contract="{word}",outcome="refreshed"}}"#);
        assert!(before.shown(&answers).abs() < f64::EPSILON, "{word}");
        let duration = "remint_request_duration_seconds";
        let count = format!(r#"{duration}_count{{contract="{word}"}}"#);
        after.assert_moved(&before, &[(&answers, 1.0), (&count, 1.0)]);
        let seconds = after.shown(&format!(r#"{duration}_sum{{contract="{word}"}}"#));
        assert!(seconds > 0.0 && seconds < 60.0, "{word}: {seconds}");
    }
}

#[tokio::test]
async fn an_answer_that_is_given_again_is_a_replay_and_one_too_many_an_alarm() {
    for contract in ROTATED {
        let app = spawn_watched(&[]).await;
        let frontend = Frontend::log_in(&app, contract).await;
        let before = Figures::of(&app).await;

        frontend.send(&app).await;
        frontend.send(&app).await;
        app.advance(TimeDelta::seconds(31));
        frontend.send(&app).await;

        let word = contract.word();
        let answers =
            |outcome| format!(r#"remint_answers_total{{contract="{word}",outcome="{outcome}"}}"#);
        let alarm = format!(r#"remint_refusals_total{{contract="{word}",reason="token_reused"}}"#);
        let expected = ["refreshed", "replayed", "token_reused"].map(answers);
        let expected = expected.iter().chain([&alarm]);
        let expected: Vec<_> = expected.map(|series| (series.as_str(), 1.0)).collect();
        Figures::of(&app).await.assert_moved(&before, &expected);
    }
}

#[tokio::test]
async fn an_alarm_counts_also_where_the_thief_is_only_told_to_wait() {
    let settings = [
        ("REFRESH_MODE", "single_use"),
        ("RATE_LIMIT_PER_MINUTE", "2"),
    ];
    let app = spawn_watched(&settings).await;
    let token = app.expired_token();
    app.refresh(&token).await;
    app.advance(TimeDelta::seconds(31));
    for _ in 0..2 {
        app.send(from(HERE, refresh("x"))).await;
    }
    let before = Figures::of(&app).await;

    let answer = app.send(from(HERE, refresh(&token))).await;

    assert_eq!(answer.status, 429);
    let alarm = r#"remint_refusals_total{contract="expired_token",reason="token_reused"}"#;
    let told = r#"remint_answers_total{contract="expired_token",outcome="rate_limited"}"#;
    Figures::of(&app)
        .await
        .assert_moved(&before, &[(alarm, 1.0), (told, 1.0)]);
}

#[tokio::test]
async fn refusals_are_counted_by_the_reason_that_callers_are_not_told() {
    let app = spawn_watched(&[]).await;
    let foreign = app.token_with(&json!({"aud": "elsewhere"}));
    let before = Figures::of(&app).await;

    app.refresh("x").await;
    app.refresh(&format!("{}x", app.expired_token())).await;
    app.refresh(&app.token_with(&json!({"sub": "bob"}))).await;
    app.refresh(&foreign).await;
    app.verify(&app.expired_token()).await;

    let reason = |contract, reason| {
        format!(r#"remint_refusals_total{{contract="{contract}",reason="{reason}"}}"#)
    };
    let after = Figures::of(&app).await;
    for word in ["format", "signature", "user_inactive", "audience"] {
        after.assert_moved(&before, &[(&reason("expired_token", word), 1.0)]);
    }
    after.assert_moved(&before, &[(&reason("verify", "expired"), 1.0)]);
}

#[tokio::test]
async fn what_is_no_refresh_is_counted_under_a_name_of_its_own() {
    let app = spawn_watched(&[]).await;
    let token = app.refresh(&app.expired_token()).await.access_token();
    let before = Figures::of(&app).await;

    app.verify(&token).await;
    let body = json!({"user": "alice", "contract": "envelope"}).to_string();
    app.admin(Method::POST, "/admin/sessions", &body).await;
    app.send(request(Method::GET, "/nothing").finish()).await;
    let logout = request(Method::POST, "/api/auth/logout");
    app.send(logout.body(json!({"token": token}).to_string()))
        .await;

    let after = Figures::of(&app).await;
    for (contract, outcome) in [
        ("verify", "verified"),
        ("envelope", "session_started"),
        ("none", "not_found"),
        ("logout", "logged_out"),
        ("admin", "served"),
    ] {
        let labels = format!(r#"{{contract="{contract}",outcome="{outcome}"}}"#);
        after.assert_moved(&before, &[(&format!("remint_answers_total{labels}"), 1.0)]);
    }
}

#[tokio::test]
async fn the_binary_and_the_process_are_described() {
    let app = spawn_watched(&[]).await;

    let figures = Figures::of(&app).await;

    let cognito = cfg!(feature = "cognito");
    let version = env!("CARGO_PKG_VERSION");
    let build = format!(r#"remint_build_info{{cognito="{cognito}",version="{version}"}}"#);
    assert!((figures.shown(&build) - 1.0).abs() < f64::EPSILON);
    for (name, least) in [
        ("process_resident_memory_bytes", 1e6),
        ("process_virtual_memory_bytes", 1e6),
        ("process_open_fds", 3.0),
        ("process_max_fds", 3.0),
        ("process_threads", 1.0),
        ("process_cpu_seconds_total", 0.0),
        ("process_start_time_seconds", 1.8e9),
    ] {
        assert!(figures.shown(name) >= least, "{name}");
    }
}
