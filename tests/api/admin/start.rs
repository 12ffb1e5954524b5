//! `POST /admin/sessions`

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use poem::http::Method;
use serde_json::{Value, json};

use super::{CONTRACTS, event, on_each, sessions_of, spawn_admin, start, started, verified};
use crate::harness::servers::{Engine, database};
use crate::harness::{ADMIN, START, TestApp, jwt, spawn_over, spawn_with};

/// The answer with its tokens by their names, which a snapshot can show.
fn without_tokens(answer: &Value) -> Value {
    let mut text = answer.to_string();
    for name in ["access_token", "refresh_token", "session_id"] {
        if let Some(token) = answer[name].as_str() {
            text = text.replace(token, &format!("the {name}"));
        }
    }
    serde_json::from_str(&text).unwrap()
}

#[tokio::test]
async fn a_session_begins_by_every_contract_on_every_database() {
    for app in on_each().await {
        for contract in CONTRACTS {
            let answer = started(&app, contract).await;

            assert_eq!(answer["contract"], contract);
            assert_eq!(verified(&app, &answer).await, 204, "{contract}");
        }

        assert_eq!(sessions_of(&app, "alice").await.len(), CONTRACTS.len());
    }
}

#[tokio::test]
async fn logins_at_once_get_sessions_of_their_own() {
    for app in on_each().await {
        let logins = (0..25).map(|_| started(&app, "envelope"));

        let answers = join_all(logins).await;

        let tokens = answers.iter().map(|one| one["refresh_token"].to_string());
        let tokens: BTreeSet<_> = tokens.collect();
        assert_eq!(tokens.len(), 25);
        assert_eq!(sessions_of(&app, "alice").await.len(), 25);
    }
}

#[tokio::test]
async fn the_cookies_are_ready_to_be_set() {
    let app = spawn_admin().await;

    let answer = started(&app, "cookie").await;

    let token = |name: &str| answer[name].as_str().unwrap();
    let attributes = "HttpOnly; SameSite=Lax; Secure; Path=/; Max-Age";
    let access = format!("access_token={}; {attributes}=1800", token("access_token"));
    let refresh = token("refresh_token");
    let refresh = format!("refresh_token={refresh}; {attributes}=1209600");
    assert_eq!(answer["set_cookie"], json!([access, refresh]));
    let pair = started(&app, "token_pair").await;
    assert_eq!(pair.get("set_cookie"), None);
}

#[tokio::test]
async fn the_answer_has_what_the_login_hands_on_as_it_is() {
    let app = spawn_admin().await;

    let pair = started(&app, "token_pair").await;
    let envelope = started(&app, "envelope").await;

    insta::assert_json_snapshot!(without_tokens(&pair), @r#"
    {
      "session_id": "the session_id",
      "contract": "token_pair",
      "access_token": "the access_token",
      "expires_in": 604800,
      "refresh_token": "the refresh_token",
      "refresh_expires_in": 2592000,
      "body": {
        "Token": "the access_token",
        "RefreshToken": "the refresh_token"
      }
    }
    "#);
    insta::assert_json_snapshot!(without_tokens(&envelope)["body"], @r#"
    {
      "success": true,
      "data": {
        "accessToken": "the access_token",
        "refreshToken": "the refresh_token"
      },
      "timestamp": "2027-01-15T08:00:00"
    }
    "#);
}

#[tokio::test]
async fn contracts_that_keep_their_refresh_token_have_bodies_of_their_own() {
    let app = spawn_admin().await;

    let bodies = [
        started(&app, "cookie").await,
        started(&app, "expired_token").await,
        started(&app, "refresh_token").await,
    ];

    let [cookie, expired, refresh] = bodies.each_ref().map(without_tokens);
    let expected = json!({"success": true, "message": "Token refreshed successfully"});
    assert_eq!(cookie["body"], expected);
    let expected =
        json!({"access_token": "the access_token", "token_type": "bearer", "expires_in": 1800});
    assert_eq!(expired["body"], expected);
    assert_eq!(
        (
            expired.get("refresh_token"),
            expired.get("refresh_expires_in")
        ),
        (None, None)
    );
    let expected =
        json!({"access_token": "the access_token", "refresh_token": "the refresh_token"});
    assert_eq!(refresh["body"], expected);
    assert_eq!(refresh["refresh_expires_in"], 1_209_600);
}

#[tokio::test]
async fn a_session_of_oauth2_has_the_body_of_rfc_6749() {
    let app = spawn_admin().await;

    let answer = started(&app, "oauth2").await;

    insta::assert_json_snapshot!(without_tokens(&answer)["body"], @r#"
    {
      "access_token": "the access_token",
      "token_type": "Bearer",
      "expires_in": 1800,
      "refresh_token": "the refresh_token"
    }
    "#);
    assert_eq!(answer["refresh_expires_in"], 1_209_600);
}

#[tokio::test]
async fn the_token_of_the_main_job_is_exchanged_like_any_other() {
    let app = spawn_with(&[ADMIN, ("REFRESH_MODE", "single_use")]).await;
    let answer = started(&app, "expired_token").await;
    app.advance(chrono::TimeDelta::hours(2));

    let refreshed = app.refresh(answer["access_token"].as_str().unwrap()).await;

    assert_eq!(refreshed.status, 200);
    let lineage = jwt::payload(&refreshed.access_token())["remint"].clone();
    assert_eq!(lineage["sid"], answer["session_id"]);
    assert_eq!(lineage["start"], START);
}

#[tokio::test]
async fn claims_are_taken_over_digit_by_digit() {
    let app = spawn_admin().await;
    let claims = r#"{"role":"reader","big":123456789012345678901234567890,"list":[1,{"a":null}]}"#;
    let body = format!(r#"{{"user":"alice","contract":"token_pair","claims":{claims}}}"#);

    let answer = app.admin(Method::POST, "/admin/sessions", &body).await;

    let token = answer.access_token();
    let payload = jwt::payload_text(&token);
    let expected = claims.trim_start_matches('{').trim_end_matches('}');
    assert!(payload.contains(expected), "{payload}");
    assert_eq!(jwt::payload(&token)["nameid"], "alice");
}

#[tokio::test]
async fn a_number_stays_a_number_where_the_key_column_is_one() {
    let app = spawn_integers().await;

    for user in [json!(42), json!("42")] {
        let answer = start(&app, &json!({"user": user, "contract": "expired_token"})).await;
        assert_eq!(jwt::payload(&answer.access_token())["sub"], user);
    }

    assert_eq!(sessions_of(&app, "42").await.len(), 2);
    let text = start(
        &spawn_admin().await,
        &json!({"user": 42, "contract": "cookie"}),
    )
    .await;
    assert_eq!(
        (text.status, text.code()),
        (422, "malformed_request".to_owned())
    );
}

async fn spawn_integers() -> TestApp {
    let server = database(Engine::Sqlite).await.unwrap();
    let connection = sea_orm::Database::connect(&server.url).await.unwrap();
    for sql in [
        "CREATE TABLE users (id INTEGER PRIMARY KEY, is_active BOOLEAN)",
        "INSERT INTO users VALUES (42, TRUE)",
    ] {
        let done = sea_orm::ConnectionTrait::execute_unprepared(&connection, sql);
        done.await.unwrap();
    }
    spawn_over(server, &[ADMIN]).await
}

#[tokio::test]
async fn only_users_who_are_active_get_a_session() {
    let app = spawn_admin().await;
    app.sql("INSERT INTO users VALUES ('carol', 'carol@example.com', TRUE)")
        .await;
    let carol = json!({"user": "carol", "contract": "token_pair"});
    assert_eq!(start(&app, &carol).await.status, 201);
    app.sql("UPDATE users SET is_active = FALSE WHERE id = 'carol'")
        .await;

    for (user, status, code) in [
        ("carol", 409, "user_inactive"),
        ("bob", 409, "user_inactive"),
        ("dave", 404, "user_not_found"),
        ("ALICE", 404, "user_not_found"),
    ] {
        let answer = start(&app, &json!({"user": user, "contract": "token_pair"})).await;

        let body = answer.body_json();
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (status, code),
            "{user}"
        );
        assert_eq!(body["status"], status);
        assert!(body.get("access_token").is_none());
        assert_eq!(event(&answer)["fields"]["subject"], user);
    }
}

#[tokio::test]
async fn a_contract_that_the_secret_is_too_short_for_is_a_conflict() {
    let secret = (
        "JWT_SECRET_KEY",
        "a secret that is long enough for HS256 only",
    );
    let app = spawn_with(&[ADMIN, secret]).await;

    let answer = start(&app, &json!({"user": "alice", "contract": "token_pair"})).await;

    insta::assert_json_snapshot!(answer.body_json(), @r#"
    {
      "type": "/problems/contract_not_offered",
      "title": "Contract not offered",
      "status": 409,
      "detail": "the contract token_pair is not offered: the secret is too short for its algorithm",
      "code": "contract_not_offered",
      "action": "retry"
    }
    "#);
    assert_eq!(
        start(&app, &json!({"user": "alice", "contract": "cookie"}))
            .await
            .status,
        201
    );
}

#[tokio::test]
async fn nobody_gets_tokens_that_a_cut_off_meanwhile_has_ended() {
    let app = spawn_admin().await;
    // Between the first look at the cut-offs and the row; whoever sets one later finds the row.
    app.sql(
        "CREATE TRIGGER meanwhile BEFORE INSERT ON remint_session BEGIN \
             INSERT INTO remint_cut_off (user_hash, user_key, valid_after) \
             VALUES (NEW.user_hash, NEW.user_key, NEW.started_at); END",
    )
    .await;

    for contract in ["cookie", "envelope", "expired_token"] {
        let answer = start(&app, &json!({"user": "alice", "contract": contract})).await;

        let code = answer.code();
        assert_eq!(
            (answer.status, code.as_str()),
            (409, "session_revoked"),
            "{answer:?}"
        );
        app.sql("DELETE FROM remint_cut_off").await;
    }
}

#[tokio::test]
async fn no_token_comes_from_the_future_after_a_cut_off_of_this_second() {
    let app = spawn_admin().await;
    let cut_off = app
        .admin(Method::POST, "/admin/cut-offs", r#"{"user":"alice"}"#)
        .await;
    assert_eq!(cut_off.status, 200, "{cut_off:?}");

    let asked = Instant::now();
    let answer = started(&app, "token_pair").await;

    let iat = jwt::payload(answer["access_token"].as_str().unwrap())["iat"].clone();
    assert_eq!(iat, START + 1);
    // The clock of the tests stands still at the beginning of a second.
    assert!(
        asked.elapsed() >= Duration::from_secs(1),
        "{:?}",
        asked.elapsed()
    );
}

#[tokio::test]
async fn without_its_database_it_gives_nothing_out() {
    let app = spawn_admin().await;

    app.database.clone().close().await.unwrap();
    let answer = start(&app, &json!({"user": "alice", "contract": "cookie"})).await;

    assert_eq!(
        (answer.status, answer.code()),
        (503, "unavailable".to_owned())
    );
    assert_eq!(answer.header("retry-after"), Some("2"));
    assert_eq!(event(&answer)["level"], "ERROR");
}

#[tokio::test]
async fn the_log_says_whose_session_began_and_by_which_contract() {
    let app = spawn_admin().await;

    let answer = start(&app, &json!({"user": "alice", "contract": "envelope"})).await;

    let event = event(&answer);
    let fields = ["contract", "outcome", "status", "subject", "session"];
    let fields = fields.map(|name| event["fields"][name].clone());
    let session = answer.body_json()["session_id"].clone();
    let expected = [
        json!("envelope"),
        json!("session_started"),
        json!(201),
        json!("alice"),
        session,
    ];
    assert_eq!(fields, expected);
}
