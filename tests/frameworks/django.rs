//! Django's users and the tokens of djangorestframework-simplejwt.

use serde_json::json;

use crate::harness::servers::{self, Engine};
use crate::harness::{TestApp, jwt, logs, spawn_over};

use super::libraries::{now, verified};
use super::runtimes::Runtime::Python;

const SETTINGS: [(&str, &str); 3] = [
    ("USERS_TABLE", "auth_user"),
    ("JWT_SUBJECT_CLAIM", "user_id"),
    ("USERS_CLAIM_COLUMNS", "is_staff"),
];

/// A service over the tables of a Django project with alice, who is staff, and bob, who is inactive.
async fn spawn() -> Option<TestApp> {
    if !Python.is_there().await {
        return None;
    }
    let database = servers::database(Engine::Postgres).await?;
    Python
        .run_with("django_app.py", &["migrate"], "", &database.url)
        .await;
    let app = spawn_over(database, &SETTINGS).await;
    now(&app);
    Some(app)
}

/// A token that simplejwt made for that user, and which expired an hour ago.
async fn simplejwt(app: &TestApp, user: &str) -> String {
    let sign = ["sign", user];
    let token = Python.run_with("django_app.py", &sign, "", app.database_url());
    let token = token.await;
    logs::never(&token);
    token
}

#[tokio::test]
async fn a_token_of_simplejwt_is_exchanged_for_one_that_simplejwt_lets_in() {
    let Some(app) = spawn().await else {
        return;
    };
    let expired = simplejwt(&app, "alice").await;

    let answer = app.refresh(&expired).await;

    assert_eq!(answer.status, 200, "{answer:?}");
    let fresh = answer.access_token();
    let let_in = Python.run_with("django_app.py", &["verify"], &fresh, app.database_url());
    assert_eq!(let_in.await, "alice");
    let claims = verified((Python, "pyjwt.py"), &fresh).await;
    assert_eq!(claims["is_staff"], json!(true));
    for kept in ["user_id", "token_type"] {
        assert_eq!(claims[kept], jwt::payload(&expired)[kept], "{kept}");
    }
}

#[tokio::test]
async fn an_inactive_user_of_django_is_refused() {
    let Some(app) = spawn().await else {
        return;
    };
    let expired = simplejwt(&app, "bob").await;

    let answer = app.refresh(&expired).await;

    let refusal = (answer.status, answer.code());
    assert_eq!(refusal, (401, "user_inactive".to_owned()));
}

#[tokio::test]
async fn a_user_id_may_be_a_number_as_older_versions_of_simplejwt_write_it() {
    let Some(app) = spawn().await else {
        return;
    };
    let now = app.now().timestamp();
    let claims = json!({"user_id": 1, "token_type": "access", "exp": now - 3600, "jti": "x"});
    let expired = Python.run("pyjwt.py", &["sign"], &claims.to_string()).await;
    logs::never(&expired);

    let answer = app.refresh(&expired).await;

    assert_eq!(answer.status, 200, "{answer:?}");
    let fresh = verified((Python, "pyjwt.py"), &answer.access_token()).await;
    assert_eq!(fresh["user_id"], json!(1));
}
