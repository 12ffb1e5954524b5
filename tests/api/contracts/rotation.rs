//! Refresh tokens that are good once: lost answers, parallel tabs, thieves, idle ends.

use chrono::TimeDelta;
use futures_util::future::join_all;
use remint::domain::Contract;
use serde_json::Value;

use crate::api::limits::PATIENT;
use crate::harness::{Answer, TestApp, jwt, logs, spawn, spawn_on_each, spawn_with};

use super::frontend::{CONTRACTS, Frontend, ROTATED, assert_refused};

/// The answer without what it says about the time.
fn tokens(answer: &Answer) -> Value {
    let mut body = answer.body_json();
    body.as_object_mut().unwrap().remove("timestamp");
    body
}

/// `outcome` and `reason` of the event about that answer.
fn logged(answer: &Answer) -> (String, String) {
    let lines = logs::lines_with(answer.header("x-request-id").unwrap());
    let event = lines.iter().find(|line| line.contains("remint::audit"));
    let event: Value = serde_json::from_str(event.unwrap()).unwrap();
    let text = |name| {
        event["fields"][name]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    };
    (text("outcome"), text("reason"))
}

#[tokio::test]
async fn a_lost_answer_is_given_again_for_as_long_as_the_grace_lasts() {
    for app in spawn_on_each(&[]).await {
        for contract in ROTATED {
            let mut frontend = Frontend::log_in(&app, contract).await;
            let before = frontend.clone();
            let first = frontend.refresh(&app).await;

            app.advance(TimeDelta::seconds(30));
            let again = before.send(&app).await;

            assert_eq!(tokens(&again), tokens(&first));
            let reason = "the answer was given before".to_owned();
            assert_eq!(logged(&first), ("refreshed".to_owned(), String::new()));
            assert_eq!(logged(&again), ("replayed".to_owned(), reason));
            assert_eq!(frontend.refresh(&app).await.status, 200);
        }
    }
}

#[tokio::test]
async fn after_the_grace_a_spent_token_ends_the_session_for_both_who_have_it() {
    for app in spawn_on_each(&[]).await {
        for contract in ROTATED {
            let mut frontend = Frontend::log_in(&app, contract).await;
            let thief = frontend.clone();
            frontend.refresh(&app).await;
            app.advance(TimeDelta::seconds(31));

            let answer = thief.send(&app).await;

            assert_refused(&app, contract, &answer, "spent");
            assert_eq!(logged(&answer).0, "token_reused");
            frontend.assert_refused(&app, "revoked").await;
            assert_eq!(
                app.verify(&frontend.access_token).await.code(),
                "session_revoked"
            );
        }
    }
}

#[tokio::test]
async fn a_token_of_two_refreshes_ago_ends_the_session_at_once() {
    let app = spawn().await;

    for contract in ROTATED {
        let mut frontend = Frontend::log_in(&app, contract).await;
        let thief = frontend.clone();
        frontend.refresh(&app).await;
        frontend.refresh(&app).await;

        thief.assert_refused(&app, "spent").await;
        frontend.assert_refused(&app, "revoked").await;
    }
}

/// Tabs that refresh at once, all within the grace.
async fn race(app: &TestApp, frontend: &Frontend) -> Vec<Answer> {
    join_all((0..20).map(|_| frontend.send(app))).await
}

#[tokio::test]
async fn tabs_that_race_all_get_the_same_tokens() {
    for app in spawn_on_each(&PATIENT).await {
        for contract in ROTATED {
            let mut frontend = Frontend::log_in(&app, contract).await;
            for _ in 0..5 {
                let answers = race(&app, &frontend).await;
                frontend.refresh(&app).await;

                let first = tokens(&answers[0]);
                assert!(answers.iter().all(|answer| tokens(answer) == first));
                let words: Vec<_> = answers.iter().map(logged).collect();
                let new = words.iter().filter(|(outcome, _)| outcome == "refreshed");
                assert_eq!(new.count(), 1, "{words:?}");
                assert!(words.iter().all(|(outcome, reason)| {
                    let replayed = reason == "another request with the same token was faster"
                        || reason == "the answer was given before";
                    outcome == "refreshed" || (outcome == "replayed" && replayed)
                }));
            }
        }
    }
}

#[tokio::test]
async fn a_refresh_that_races_a_logout_leaves_nothing_that_works() {
    for app in spawn_on_each(&[]).await {
        for contract in CONTRACTS {
            for _ in 0..10 {
                let mut frontend = Frontend::log_in(&app, contract).await;
                let before = frontend.clone();
                let body = serde_json::json!({"token": before.refresh_token}).to_string();

                let (out, answer) = tokio::join!(
                    super::frontend::post(&app, "/api/auth/logout", body),
                    before.send(&app)
                );

                assert_eq!(out.status, 204);
                if !answer.body.contains("INVALID_TOKEN") && answer.status == 200 {
                    frontend.keep(&answer);
                }
                frontend.assert_refused(&app, "logged out").await;
                assert_eq!(
                    app.verify(&frontend.access_token).await.code(),
                    "session_revoked"
                );
            }
        }
    }
}

const HOUR: [(&str, &str); 3] = [
    ("ENVELOPE_REFRESH_EXPIRE_MINUTES", "60"),
    ("REFRESH_TOKEN_EXPIRE_MINUTES", "60"),
    ("TOKEN_PAIR_REFRESH_EXPIRE_MINUTES", "60"),
];

#[tokio::test]
async fn each_refresh_moves_the_idle_end_where_there_is_a_new_refresh_token() {
    for app in spawn_on_each(&HOUR).await {
        for contract in ROTATED {
            let mut frontend = Frontend::log_in(&app, contract).await;
            for _ in 0..5 {
                app.advance(TimeDelta::seconds(3_599));
                frontend.refresh(&app).await;
            }
            app.advance(TimeDelta::hours(1));

            let answer = frontend.send(&app).await;

            assert_refused(&app, contract, &answer, "idle");
            assert_eq!(logged(&answer).0, "session_expired");
        }
    }
}

#[tokio::test]
async fn a_refresh_token_that_is_kept_keeps_its_end() {
    let app = spawn_with(&HOUR).await;
    let mut frontend = Frontend::log_in(&app, Contract::RefreshToken).await;
    app.advance(TimeDelta::minutes(50));

    frontend.refresh(&app).await;
    let ends = jwt::payload(&frontend.access_token)["exp"].as_i64();
    app.advance(TimeDelta::minutes(10));

    assert_eq!(ends, Some(app.now().timestamp()));
    frontend.assert_refused(&app, "over").await;
}
