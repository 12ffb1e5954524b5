//! `COGNITO_CHECK_USER`: the users table has a say.

use poem::http::Method;
use sea_orm::{ConnectionTrait as _, Database};
use serde_json::{Value, json};
use wiremock::{MockServer, ResponseTemplate};

use crate::harness::servers::{self, Engine};
use crate::harness::{Answer, START, TestApp, spawn_over};

use super::stub::{
    CLIENT, TOKEN, asking, assert_refused, assert_unavailable, cognito, event, granted,
    now_answers, refresh, requests, spawn,
};

const CHECK: (&str, &str) = ("COGNITO_CHECK_USER", "true");

/// A service, and a Cognito whose users log in under a claim of another name.
async fn spawn_checking() -> (TestApp, MockServer) {
    let server = cognito(ResponseTemplate::new(500)).await;
    let app = spawn(&server.uri(), &[CHECK, ("COGNITO_USER_CLAIM", "username")]).await;
    (app, server)
}

/// What becomes of a refresh token for which Cognito gives an access token with these claims.
async fn outcome(app: &TestApp, server: &MockServer, claims: Value) -> Answer {
    now_answers(server, granted(&app.sign(&claims.to_string()))).await;
    refresh(app, TOKEN).await
}

#[tokio::test]
async fn an_active_user_gets_the_token_and_is_named_in_the_log() {
    let (app, server) = spawn_checking().await;

    let claims = json!({"sub": "uuid", "username": "alice", "auth_time": START});
    let answer = outcome(&app, &server, claims).await;

    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(event(&answer)["subject"], "alice");
}

#[tokio::test]
async fn a_user_who_is_inactive_or_not_there_is_refused() {
    let (app, server) = spawn_checking().await;
    for (user, expected, named) in [
        ("bob", "user_inactive", json!("bob")),
        ("nobody", "user_not_found", json!("nobody")),
        ("ALICE", "user_not_found", json!("ALICE")),
        ("alice\n", "unsupported_token", Value::Null),
        ("", "unsupported_token", Value::Null),
    ] {
        let claims = json!({"username": user, "auth_time": START});
        let answer = outcome(&app, &server, claims).await;

        assert_refused(&answer, expected);
        assert_eq!(event(&answer)["subject"], named);
    }
}

#[tokio::test]
async fn a_login_before_the_users_cut_off_is_over() {
    let (app, server) = spawn_checking().await;
    let body = json!({"user": "alice"}).to_string();
    let cut_off = app.admin(Method::POST, "/admin/cut-offs", &body).await;
    assert_eq!(cut_off.status, 200, "{cut_off:?}");

    let claims = |at: i64| json!({"username": "alice", "auth_time": at, "iat": START + 60});
    let before = outcome(&app, &server, claims(START)).await;
    let after = outcome(&app, &server, claims(START + 1)).await;

    assert_refused(&before, "session_revoked");
    assert_eq!(after.status, 200, "{after:?}");
}

#[tokio::test]
async fn ending_a_session_that_has_no_name_ends_no_login() {
    let (app, server) = spawn_checking().await;
    let nil = "/admin/sessions/00000000-0000-0000-0000-000000000000";
    let ended = app.admin(Method::DELETE, nil, "").await;
    assert_eq!(ended.status, 204, "{ended:?}");

    let claims = json!({"username": "alice", "auth_time": START});
    let answer = outcome(&app, &server, claims).await;

    assert_eq!(answer.status, 200, "{answer:?}");
}

#[tokio::test]
async fn a_token_that_names_nobody_is_a_fault_of_the_settings_and_not_of_the_user() {
    let (app, server) = spawn_checking().await;
    for claims in [
        json!({"sub": "alice", "auth_time": START}),
        json!({"username": "alice"}),
        json!({"username": 7, "auth_time": START}),
    ] {
        assert_unavailable(&outcome(&app, &server, claims).await);
    }
    now_answers(&server, granted("opaque")).await;

    assert_unavailable(&refresh(&app, TOKEN).await);
}

/// A service whose own database is not that of the users, and a Cognito.
async fn spawn_apart(url: &str) -> (TestApp, MockServer) {
    let theirs = Database::connect(url).await.unwrap();
    let table = "CREATE TABLE users (id varchar(40) PRIMARY KEY, is_active boolean)";
    theirs.execute_unprepared(table).await.unwrap();
    theirs.close().await.unwrap();
    let server = cognito(granted("a.b.c")).await;
    let uri = server.uri();
    let settings = [CHECK, ("USERS_DATABASE_URL", url)];
    let settings = [&asking(&uri, CLIENT)[..], &settings].concat();
    let ours = servers::database(Engine::Sqlite).await.unwrap();
    (spawn_over(ours, &settings).await, server)
}

#[tokio::test]
async fn while_the_users_table_is_away_cognito_is_not_even_asked() {
    let Some(theirs) = servers::database(Engine::Postgres).await else {
        return;
    };
    let (app, server) = spawn_apart(&theirs.url).await;
    let (_, name) = theirs.url.rsplit_once('/').unwrap();
    let admin_url = theirs.admin_url().unwrap().replace(name, "postgres");
    let admin = Database::connect(admin_url).await.unwrap();
    let drop = format!("DROP DATABASE {name} WITH (FORCE)");
    admin.execute_unprepared(&drop).await.unwrap();

    let answer = refresh(&app, TOKEN).await;

    assert_unavailable(&answer);
    assert_eq!(requests(&server).await.len(), 0);
}

#[tokio::test]
async fn while_the_cut_offs_are_away_cognito_is_not_even_asked() {
    let theirs = servers::database(Engine::Sqlite).await.unwrap();
    let (app, server) = spawn_apart(&theirs.url).await;
    app.database.clone().close().await.unwrap();

    let answer = refresh(&app, TOKEN).await;

    assert_unavailable(&answer);
    assert_eq!(requests(&server).await.len(), 0);
}

#[tokio::test]
async fn a_table_that_breaks_after_cognito_has_answered_is_trouble_as_well() {
    let (app, server) = spawn_checking().await;
    app.sql("DROP TABLE users").await;

    let claims = json!({"username": "alice", "auth_time": START});
    let answer = outcome(&app, &server, claims).await;

    assert_unavailable(&answer);
}

#[tokio::test]
async fn without_the_check_cognito_alone_decides() {
    let server = cognito(granted("opaque")).await;
    let app = spawn(&server.uri(), &[]).await;

    let answer = refresh(&app, TOKEN).await;

    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(event(&answer)["subject"], Value::Null);
}
