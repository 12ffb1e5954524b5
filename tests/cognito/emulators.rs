//! remint before user pools that others have written.

use serde_json::json;

use crate::harness::{TestApp, jwt};

use super::emulator::{Account, Emulator, Kind};
use super::stub::{assert_refused, assert_unavailable, refresh, spawn_client};

/// An emulator, a user who has logged in there, and a service that asks it.
async fn spawn(kind: Kind, settings: &[(&str, &str)]) -> Option<(Emulator, Account, TestApp)> {
    let start = move || kind.start().map(|emulator| (emulator.log_in(), emulator));
    let (account, emulator) = tokio::task::spawn_blocking(start).await.unwrap()?;
    let app = spawn_client(&emulator.url(), &account.client, settings).await;
    Some((emulator, account, app))
}

#[tokio::test]
async fn a_user_who_has_logged_in_goes_on_until_logged_out() {
    for kind in [Kind::CognitoLocal, Kind::Moto] {
        let Some((emulator, account, app)) = spawn(kind, &[]).await else {
            continue;
        };

        let good = refresh(&app, &account.refresh_token).await;
        emulator.log_out(&account);
        let bad = refresh(&app, &account.refresh_token).await;

        let exact = json!({"access_token": good.access_token()});
        assert_eq!((good.status, good.body_json()), (200, exact), "{kind:?}");
        let claims = jwt::payload(&good.access_token());
        let said = (&claims["token_use"], &claims["client_id"]);
        assert_eq!(said, (&json!("access"), &json!(account.client)), "{kind:?}");
        assert_refused(&bad, "invalid_token");
    }
}

#[tokio::test]
async fn garbage_and_the_tokens_of_another_client_are_refused() {
    for kind in [Kind::CognitoLocal, Kind::Moto] {
        let Some((emulator, account, app)) = spawn(kind, &[]).await else {
            continue;
        };
        let stranger = emulator.log_in();

        assert_refused(&refresh(&app, "garbage").await, "invalid_token");
        assert_refused(
            &refresh(&app, &stranger.refresh_token).await,
            "invalid_token",
        );

        let answer = refresh(&app, &account.refresh_token).await;
        assert_eq!(answer.status, 200, "{kind:?}");
    }
}

#[tokio::test]
async fn an_app_client_that_is_not_there_is_trouble() {
    for kind in [Kind::CognitoLocal, Kind::Moto] {
        let Some((emulator, account, _)) = spawn(kind, &[]).await else {
            continue;
        };
        let app = spawn_client(&emulator.url(), "nobody", &[]).await;

        assert_unavailable(&refresh(&app, &account.refresh_token).await);
    }
}

#[tokio::test]
async fn a_cognito_that_is_killed_is_trouble_until_it_is_back() {
    let Some((mut emulator, account, app)) = spawn(Kind::CognitoLocal, &[]).await else {
        return;
    };
    assert_eq!(refresh(&app, &account.refresh_token).await.status, 200);

    emulator.kill();
    let away = refresh(&app, &account.refresh_token).await;
    emulator.start();
    let back = refresh(&app, &account.refresh_token).await;

    assert_unavailable(&away);
    assert_eq!(back.status, 200, "{back:?}");
}

#[tokio::test]
async fn the_users_table_has_a_say_about_whom_cognito_names() {
    for kind in [Kind::CognitoLocal, Kind::Moto] {
        let settings = [("COGNITO_CHECK_USER", "true")];
        let Some((_emulator, account, app)) = spawn(kind, &settings).await else {
            continue;
        };
        let unknown = refresh(&app, &account.refresh_token).await;
        assert_refused(&unknown, "user_not_found");
        let subject = super::stub::event(&unknown)["subject"].clone();
        let subject = subject.as_str().unwrap();

        app.sql(&format!(
            "INSERT INTO users (id, email, is_active) VALUES ('{subject}', 'c@example.com', TRUE)"
        ))
        .await;
        let known = refresh(&app, &account.refresh_token).await;
        app.sql("UPDATE users SET is_active = FALSE").await;

        assert_eq!(known.status, 200, "{kind:?}: {known:?}");
        assert_refused(
            &refresh(&app, &account.refresh_token).await,
            "user_inactive",
        );
    }
}
