//! Single use, replays, reuse, logout: on every database.

use chrono::TimeDelta;
use futures_util::future::join_all;
use poem::http::Method;
use serde_json::json;

use super::limits::PATIENT;
use crate::harness::servers::Engine;
use crate::harness::{Answer, TestApp, jwt, request, spawn_on, spawn_on_each};

const SINGLE_USE: &[(&str, &str)] = &[("REFRESH_MODE", "single_use")];

async fn log_out(app: &TestApp, body: &str) -> Answer {
    let request = request(Method::POST, "/api/auth/logout").content_type("application/json");
    app.send(request.body(body.to_owned())).await
}

#[tokio::test]
async fn a_lost_answer_is_given_again_byte_for_byte() {
    for app in spawn_on_each(SINGLE_USE).await {
        let token = app.expired_token();
        let first = app.refresh(&token).await;
        app.advance(TimeDelta::seconds(30));

        let again = app.refresh(&token).await;

        assert_eq!((first.status, again.status), (200, 200));
        assert_eq!(first.body, again.body);
    }
}

#[tokio::test]
async fn after_the_grace_a_second_use_ends_the_session_for_both() {
    for app in spawn_on_each(SINGLE_USE).await {
        let token = app.expired_token();
        let successor = app.refresh(&token).await.access_token();
        app.advance(TimeDelta::seconds(31));

        assert_eq!(app.refresh(&token).await.code(), "token_reused");
        assert_eq!(app.refresh(&successor).await.code(), "session_revoked");
        assert_eq!(app.verify(&successor).await.code(), "session_revoked");
    }
}

#[tokio::test]
async fn two_generations_back_is_reuse_even_within_the_grace() {
    for app in spawn_on_each(SINGLE_USE).await {
        let token = app.expired_token();
        let second = app.refresh(&token).await.access_token();
        let third = app.refresh(&second).await.access_token();

        assert_eq!(app.refresh(&token).await.code(), "token_reused");
        assert_eq!(app.refresh(&third).await.code(), "session_revoked");
    }
}

#[tokio::test]
async fn a_session_goes_on_for_as_long_as_it_may() {
    for app in spawn_on_each(SINGLE_USE).await {
        let mut token = app.expired_token();
        let session =
            jwt::payload(&app.refresh(&token).await.access_token())["remint"]["sid"].clone();

        for generation in 1..=5 {
            token = app.refresh(&token).await.access_token();
            let lineage = jwt::payload(&token)["remint"].clone();
            assert_eq!(lineage["sid"], session);
            assert_eq!(lineage["gen"], json!(generation));
            app.advance(TimeDelta::hours(1));
        }
    }
}

/// Tabs that refresh at once, each a second later by its own clock, all within the grace.
async fn race(app: &TestApp, token: &str) -> Vec<Answer> {
    let tabs = (0..25).map(async |_| {
        app.advance(TimeDelta::seconds(1));
        app.refresh(token).await
    });
    join_all(tabs).await
}

#[tokio::test]
async fn tabs_that_race_all_get_the_same_successor() {
    for app in spawn_on_each(&[SINGLE_USE, &PATIENT].concat()).await {
        let mut token = app.expired_token();
        for generation in 1..=8 {
            let answers = race(&app, &token).await;

            token = answers[0].access_token();
            let other = answers.iter().find(|it| it.body != answers[0].body);
            assert!(other.is_none(), "{other:?}");
            assert_eq!(jwt::payload(&token)["remint"]["gen"], json!(generation));
        }
    }
}

#[tokio::test]
async fn nothing_outlives_a_logout_that_has_answered() {
    for settings in [SINGLE_USE, &[]] {
        for app in spawn_on_each(settings).await {
            let token = app.expired_token();
            let successor = app.refresh(&token).await.access_token();
            let live = app.verify(&successor).await.status;

            let answer = log_out(&app, &json!({"token": successor}).to_string()).await;

            assert_eq!((live, answer.status, answer.body.as_str()), (204, 204, ""));
            for dead in [&token, &successor] {
                assert_eq!(app.refresh(dead).await.code(), "session_revoked");
            }
            assert_eq!(app.verify(&successor).await.code(), "session_revoked");
        }
    }
}

#[tokio::test]
async fn a_refresh_that_races_a_logout_leaves_nothing_that_works() {
    for settings in [SINGLE_USE, &[]] {
        for app in spawn_on_each(settings).await {
            for round in 0..20 {
                let token = app.token_with(&json!({"round": round}));
                let body = json!({"token": token}).to_string();

                let (out, refreshed) = tokio::join!(log_out(&app, &body), app.refresh(&token));

                assert_eq!(out.status, 204);
                assert_eq!(app.refresh(&token).await.code(), "session_revoked");
                if refreshed.status == 200 {
                    let fresh = refreshed.access_token();
                    assert_eq!(app.refresh(&fresh).await.code(), "session_revoked");
                    assert_eq!(app.verify(&fresh).await.code(), "session_revoked");
                }
            }
        }
    }
}

#[tokio::test]
async fn logging_out_everywhere_ends_all_of_one_users_sessions_and_nobody_elses() {
    for app in spawn_on_each(&[]).await {
        app.sql(
            "INSERT INTO users (id, email, is_active) VALUES ('Alice2', 'a2@example.com', TRUE)",
        )
        .await;
        let [phone, laptop] = ["phone", "laptop"].map(|on| app.token_with(&json!({"on": on})));
        let other = app.token_with(&json!({"sub": "Alice2"}));
        let fresh = app.refresh(&laptop).await.access_token();

        let body = json!({"token": phone, "everywhere": true}).to_string();
        assert_eq!(log_out(&app, &body).await.status, 204);

        for dead in [&phone, &laptop, &fresh] {
            assert_eq!(app.refresh(dead).await.code(), "session_revoked");
        }
        assert_eq!(app.refresh(&other).await.status, 200);
        app.advance(TimeDelta::seconds(1));
        let later = app.token_with(&json!({"iat": app.now().timestamp()}));
        assert_eq!(app.refresh(&later).await.status, 200);
    }
}

#[tokio::test]
async fn a_logout_tells_nobody_whether_a_token_was_genuine() {
    let app = spawn_on(Engine::Sqlite, &[]).await.unwrap();

    for token in ["", "x", "a.b.c", &(app.expired_token() + "x")] {
        let answer = log_out(&app, &json!({"token": token}).to_string()).await;
        assert_eq!((answer.status, answer.body.as_str()), (204, ""), "{token}");
    }
    for body in [
        "",
        "{}",
        "[]",
        r#"{"token":5}"#,
        r#"{"token":"x","everywhere":1}"#,
    ] {
        assert_eq!(
            log_out(&app, body).await.code(),
            "malformed_request",
            "{body}"
        );
    }
}

#[tokio::test]
async fn without_its_tables_the_service_says_503_and_consumes_nothing() {
    for app in spawn_on_each(SINGLE_USE).await {
        let token = app.expired_token();
        app.sql("ALTER TABLE remint_session RENAME TO away").await;

        let refused = app.refresh(&token).await;
        let out = log_out(&app, &json!({"token": token}).to_string()).await;
        let verified = app.verify(&token).await;

        assert_eq!(
            (refused.status, refused.header("retry-after")),
            (503, Some("2"))
        );
        assert_eq!((out.status, verified.status), (503, 401));
        app.sql("ALTER TABLE away RENAME TO remint_session").await;
        assert_eq!(app.refresh(&token).await.status, 200);
    }
}

#[tokio::test]
async fn a_replay_says_what_the_lost_answer_said_whatever_has_changed_since() {
    let settings = [SINGLE_USE[0], ("USERS_CLAIM_COLUMNS", "email")];
    for app in spawn_on_each(&settings).await {
        let token = app.expired_token();
        let first = app.refresh(&token).await;
        app.sql("UPDATE users SET email = 'new@example.com' WHERE id = 'alice'")
            .await;

        let again = app.refresh(&token).await;
        let next = app.refresh(&first.access_token()).await;

        assert_eq!(first.body, again.body);
        assert_eq!(
            jwt::payload(&next.access_token())["email"],
            json!("new@example.com")
        );
    }
}

#[tokio::test]
async fn a_replay_is_refused_to_a_user_who_was_deactivated_meanwhile() {
    for app in spawn_on_each(SINGLE_USE).await {
        let token = app.expired_token();
        app.refresh(&token).await;
        app.sql("UPDATE users SET is_active = FALSE WHERE id = 'alice'")
            .await;

        assert_eq!(app.refresh(&token).await.code(), "user_inactive");
    }
}

#[tokio::test]
async fn a_login_whose_session_was_revoked_is_told_so_whatever_became_of_its_user() {
    for app in spawn_on_each(SINGLE_USE).await {
        let token = app.expired_token();
        app.refresh(&token).await;
        let body = json!({"token": token}).to_string();
        assert_eq!(log_out(&app, &body).await.status, 204);
        app.sql("UPDATE users SET is_active = FALSE WHERE id = 'alice'")
            .await;

        assert_eq!(app.refresh(&token).await.code(), "session_revoked");
    }
}

#[tokio::test]
async fn only_what_is_over_is_forgotten() {
    for app in spawn_on_each(SINGLE_USE).await {
        let old = app.token_with(&json!({"n": 1}));
        log_out(&app, &json!({"token": old, "everywhere": true}).to_string()).await;
        app.advance(TimeDelta::days(29));
        let revoked = app.token_with(&json!({"n": 2}));
        log_out(&app, &json!({"token": revoked}).to_string()).await;
        app.advance(TimeDelta::days(2));

        let removed = app.cleaner.run().await.unwrap();

        // The first session, and the cut-off that came with it.
        assert_eq!(removed, 2);
        assert_eq!(app.refresh(&revoked).await.code(), "session_revoked");
        app.advance(TimeDelta::days(40));
        assert_eq!(app.cleaner.run().await.unwrap(), 1);
        assert_eq!(app.cleaner.run().await.unwrap(), 0);
    }
}
