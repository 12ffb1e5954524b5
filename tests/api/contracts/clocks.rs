//! Logins of the second in which everything was ended.

use chrono::TimeDelta;
use remint::domain::Contract;
use serde_json::json;

use crate::harness::{TestApp, jwt, spawn, spawn_with};

use super::frontend::{Frontend, log_in_by_every_contract, post};

async fn end_everything(app: &TestApp) {
    let body = json!({"token": app.expired_token(), "everywhere": true}).to_string();
    assert_eq!(post(app, "/api/auth/logout", body).await.status, 204);
}

#[tokio::test]
async fn a_refresh_in_the_second_of_the_cut_off_and_the_login_lives_on() {
    let app = spawn().await;
    end_everything(&app).await;

    for mut frontend in log_in_by_every_contract(&app).await {
        frontend.refresh(&app).await;

        assert_eq!(app.verify(&frontend.access_token).await.status, 204);
        assert_eq!(frontend.refresh(&app).await.status, 200);
    }
}

#[tokio::test]
async fn the_main_job_does_as_well() {
    for mode in ["stateless", "single_use"] {
        let app = spawn_with(&[("REFRESH_MODE", mode)]).await;
        end_everything(&app).await;
        let token = app
            .start(Contract::ExpiredToken, "alice")
            .await
            .access_token;

        let first = app.refresh(&token).await;
        let again = app.refresh(&token).await;

        assert_eq!(app.verify(&first.access_token()).await.status, 204);
        assert_eq!(app.refresh(&first.access_token()).await.status, 200);
        assert_eq!(first.body, again.body);
    }
}

#[tokio::test]
async fn a_clock_that_was_far_ahead_dates_no_successor() {
    let app = spawn().await;
    app.advance(TimeDelta::hours(1));
    let mut frontend = Frontend::log_in(&app, Contract::Envelope).await;
    app.advance(TimeDelta::minutes(-50));

    frontend.refresh(&app).await;

    let issued_at = jwt::payload(&frontend.access_token)["iat"].as_i64();
    assert_eq!(issued_at, Some(app.now().timestamp()));
}
