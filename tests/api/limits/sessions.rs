//! How often a session is refreshed.

use chrono::TimeDelta;
use futures_util::future::join_all;
use poem::http::Method;
use remint::domain::Contract;
use serde_json::{Value, json};

use super::{PATIENT, TEN, TWO, assert_throttled};
use crate::api::contracts::frontend::{Frontend, ROTATED};
use crate::harness::{Answer, TestApp, jwt, logs, request, spawn_on_each, spawn_with};

async fn refresh_by_cookie(app: &TestApp, token: &str) -> Answer {
    let request = request(Method::POST, "/api/auth/refresh");
    let cookie = format!("refresh_token={token}");
    app.send(request.header("cookie", cookie).finish()).await
}

#[tokio::test]
async fn the_eleventh_exchange_of_a_token_within_a_minute_has_to_wait() {
    let app = spawn_with(&[TEN]).await;
    let token = app.expired_token();
    for _ in 0..10 {
        assert_eq!(app.refresh(&token).await.status, 200);
    }

    let eleventh = app.refresh(&token).await;
    app.advance(TimeDelta::seconds(5));
    let early = app.refresh(&token).await;
    app.advance(TimeDelta::seconds(1));
    let in_time = app.refresh(&token).await;

    assert_throttled(&app, Contract::ExpiredToken, &eleventh, ["10", "6"]);
    assert_throttled(&app, Contract::ExpiredToken, &early, ["10", "1"]);
    assert_eq!(in_time.status, 200);
    assert_eq!(in_time.header("ratelimit-limit"), None);
    assert_eq!(app.refresh(&token).await.status, 429);
}

#[tokio::test]
async fn the_tokens_of_a_session_are_counted_together_and_other_sessions_apart() {
    let app = spawn_with(&[TEN]).await;
    let mut token = app.expired_token();
    for _ in 0..10 {
        token = app.refresh(&token).await.access_token();
    }

    assert_eq!(app.refresh(&token).await.status, 429);
    let other = app.token_with(&json!({"jti": "another login"}));
    assert_eq!(app.refresh(&other).await.status, 200);
}

#[tokio::test]
async fn a_refresh_token_that_is_kept_is_counted_each_time() {
    for app in spawn_on_each(&[TEN]).await {
        let mut frontend = Frontend::log_in(&app, Contract::RefreshToken).await;
        let cookie = app.start(Contract::Cookie, "alice").await.refresh_token;
        let cookie = cookie.unwrap();
        for _ in 0..10 {
            assert_eq!(frontend.refresh(&app).await.status, 200);
            assert_eq!(refresh_by_cookie(&app, &cookie).await.status, 200);
        }

        let too_many = frontend.send(&app).await;
        assert_throttled(&app, Contract::RefreshToken, &too_many, ["10", "6"]);
        let too_many = refresh_by_cookie(&app, &cookie).await;
        assert_throttled(&app, Contract::Cookie, &too_many, ["10", "6"]);
    }
}

#[tokio::test]
async fn whoever_has_to_wait_loses_nothing() {
    for app in spawn_on_each(&[TEN]).await {
        for contract in ROTATED {
            let mut frontend = Frontend::log_in(&app, contract).await;
            for _ in 0..10 {
                assert_eq!(frontend.refresh(&app).await.status, 200);
            }

            let eleventh = frontend.send(&app).await;

            assert_throttled(&app, contract, &eleventh, ["10", "6"]);
            app.advance(TimeDelta::seconds(6));
            assert_eq!(frontend.refresh(&app).await.status, 200);
            assert_eq!(app.verify(&frontend.access_token).await.status, 204);
        }
    }
}

#[tokio::test]
async fn an_answer_that_is_given_again_is_not_counted() {
    let app = spawn_with(&[TEN]).await;
    for contract in ROTATED {
        let mut frontend = Frontend::log_in(&app, contract).await;
        let before = frontend.clone();
        frontend.refresh(&app).await;

        for _ in 0..50 {
            assert_eq!(before.send(&app).await.status, 200);
        }

        for _ in 1..10 {
            assert_eq!(frontend.refresh(&app).await.status, 200);
        }
        assert_eq!(frontend.send(&app).await.status, 429);
    }
}

#[tokio::test]
async fn tabs_that_race_are_counted_as_one() {
    for app in spawn_on_each(&[&PATIENT[..], &[TWO]].concat()).await {
        for contract in ROTATED {
            let mut frontend = Frontend::log_in(&app, contract).await;
            for _ in 0..2 {
                let answers = join_all((0..50).map(|_| frontend.send(&app))).await;
                assert!(answers.iter().all(|answer| answer.status == 200));
                frontend.keep(&answers[0]);
            }

            let answers = join_all((0..50).map(|_| frontend.send(&app))).await;

            assert!(answers.iter().all(|answer| answer.status == 429));
        }
    }
}

#[tokio::test]
async fn where_a_token_is_good_once_only_new_ones_are_counted() {
    let settings = [&PATIENT[..], &[TWO, ("REFRESH_MODE", "single_use")]].concat();
    for app in spawn_on_each(&settings).await {
        let mut token = app.expired_token();
        for _ in 0..2 {
            let answers = join_all((0..50).map(|_| app.refresh(&token))).await;
            token = answers[0].access_token();
            assert!(answers.iter().all(|answer| answer.access_token() == token));
        }

        let too_many = app.refresh(&token).await;
        app.advance(TimeDelta::seconds(30));

        assert_throttled(&app, Contract::ExpiredToken, &too_many, ["2", "30"]);
        assert_eq!(app.refresh(&token).await.status, 200);
    }
}

#[tokio::test]
async fn a_login_that_comes_back_is_found_out_though_its_session_has_to_wait() {
    let settings = [
        ("RATE_LIMIT_PER_MINUTE", "2"),
        ("REFRESH_MODE", "single_use"),
    ];
    for app in spawn_on_each(&settings).await {
        let login = app.expired_token();
        let second = app.refresh(&login).await.access_token();
        let third = app.refresh(&second).await.access_token();
        assert_eq!(app.refresh(&third).await.status, 429);

        let again = app.refresh(&login).await;

        assert_eq!(again.code(), "token_reused");
        assert_eq!(app.refresh(&third).await.code(), "session_revoked");
    }
}

#[tokio::test]
async fn a_session_that_has_to_wait_asks_no_database() {
    let app = spawn_with(&[TEN]).await;
    let mut frontend = Frontend::log_in(&app, Contract::RefreshToken).await;
    let token = app.expired_token();
    for _ in 0..10 {
        frontend.refresh(&app).await;
        app.refresh(&token).await;
    }

    app.database.clone().close().await.unwrap();

    assert_eq!(frontend.send(&app).await.status, 429);
    assert_eq!(app.refresh(&token).await.status, 429);
}

#[tokio::test]
async fn the_log_says_which_session_it_was() {
    let app = spawn_with(&[("RATE_LIMIT_PER_MINUTE", "1")]).await;
    let mut frontend = Frontend::log_in(&app, Contract::RefreshToken).await;
    frontend.refresh(&app).await;

    let answer = frontend.send(&app).await;

    let lines = logs::lines_with(answer.header("x-request-id").unwrap());
    let event: Value = serde_json::from_str(&lines[0]).unwrap();
    assert_eq!(event["level"], "INFO");
    let fields = ["outcome", "reason", "key"].map(|name| event["fields"][name].clone());
    let reason = "the session is refreshed too often: more than 1 a minute";
    assert_eq!(fields, ["rate_limited", reason, "current"]);
    let session = jwt::payload(&frontend.access_token);
    assert_eq!(event["fields"]["session"], session["remint"]["sid"]);
}

#[tokio::test]
async fn without_limits_nobody_waits() {
    let app = spawn_with(&[("RATE_LIMIT_PER_MINUTE", "0")]).await;
    let token = app.expired_token();

    for _ in 0..100 {
        assert_eq!(app.refresh(&token).await.status, 200);
    }
}
