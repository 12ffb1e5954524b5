//! How sessions end: logout, age, forgetting.

use chrono::TimeDelta;
use serde_json::json;

use crate::harness::{jwt, spawn_on_each, spawn_with};

use super::frontend::{CONTRACTS, Frontend, log_in_by_every_contract, post};

#[tokio::test]
async fn a_logout_ends_the_session_and_no_other() {
    for app in spawn_on_each(&[]).await {
        for contract in CONTRACTS {
            let (ended, mut other) = (
                Frontend::log_in(&app, contract).await,
                Frontend::log_in(&app, contract).await,
            );
            let body = json!({"token": ended.refresh_token}).to_string();

            assert_eq!(post(&app, "/api/auth/logout", body).await.status, 204);

            ended.assert_refused(&app, "logged out").await;
            assert_eq!(
                app.verify(&ended.access_token).await.code(),
                "session_revoked"
            );
            assert_eq!(other.refresh(&app).await.status, 200);
        }
    }
}

#[tokio::test]
async fn logging_out_everywhere_ends_the_sessions_of_every_contract() {
    for app in spawn_on_each(&[]).await {
        let frontends = log_in_by_every_contract(&app).await;
        let body = json!({"token": app.expired_token(), "everywhere": true}).to_string();

        assert_eq!(post(&app, "/api/auth/logout", body).await.status, 204);

        for frontend in frontends {
            frontend.assert_refused(&app, "cut off").await;
            assert_eq!(
                app.verify(&frontend.access_token).await.code(),
                "session_revoked"
            );
        }
    }
}

#[tokio::test]
async fn a_session_ends_at_its_maximum_however_often_it_is_refreshed() {
    let app = spawn_with(&[("SESSION_MAX_MINUTES", "120")]).await;

    for contract in CONTRACTS {
        let mut frontend = Frontend::log_in(&app, contract).await;
        app.advance(TimeDelta::seconds(7_199));
        frontend.refresh(&app).await;
        let ends = jwt::payload(&frontend.access_token)["exp"].as_i64();
        app.advance(TimeDelta::seconds(1));

        assert_eq!(ends, Some(app.now().timestamp()));
        frontend.assert_refused(&app, "too old").await;
    }
}

#[tokio::test]
async fn a_session_that_was_cleaned_up_is_refused_as_one_that_is_over() {
    for app in spawn_on_each(&[]).await {
        for contract in CONTRACTS {
            let frontend = Frontend::log_in(&app, contract).await;
            app.advance(TimeDelta::days(31));
            frontend.assert_refused(&app, "over").await;

            assert_eq!(app.cleaner.run().await.unwrap(), 1);

            frontend.assert_refused(&app, "forgotten").await;
        }
    }
}
