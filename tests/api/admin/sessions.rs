//! Listing and ending sessions.

use chrono::TimeDelta;
use poem::http::Method;
use serde_json::{Value, json};

use super::{event, on_each, sessions_of, spawn_admin, start, started, verified};
use crate::harness::{ADMIN, Answer, TestApp, spawn_with};

async fn revoke(app: &TestApp, id: &str) -> Answer {
    let path = format!("/admin/sessions/{id}");
    app.admin(Method::DELETE, &path, "").await
}

fn id(session: &Value) -> &str {
    session["session_id"].as_str().unwrap()
}

#[tokio::test]
async fn one_session_ends_and_the_others_go_on_on_every_database() {
    for app in on_each().await {
        let (first, second) = (
            started(&app, "token_pair").await,
            started(&app, "token_pair").await,
        );
        assert_ne!(id(&first), id(&second));

        let answer = revoke(&app, id(&first)).await;

        assert_eq!((answer.status, answer.body.as_str()), (204, ""));
        assert_eq!(verified(&app, &first).await, 401);
        assert_eq!(verified(&app, &second).await, 204);
        let states = sessions_of(&app, "alice").await.into_iter();
        let ended: Vec<_> = states.filter(|one| one["state"] == "revoked").collect();
        assert_eq!((ended.len(), id(&ended[0])), (1, id(&first)));
    }
}

#[tokio::test]
async fn a_list_tells_each_session_and_no_secret() {
    let app = spawn_admin().await;
    let session = started(&app, "token_pair").await;
    revoke(&app, id(&session)).await;

    let sessions = sessions_of(&app, "alice").await;

    let mut entry = sessions[0].clone();
    assert_eq!(entry["session_id"].take(), session["session_id"]);
    insta::assert_json_snapshot!(entry, @r#"
    {
      "session_id": null,
      "contract": "token_pair",
      "generation": 0,
      "started_at": "2027-01-15T08:00:00Z",
      "refreshed_at": "2027-01-15T08:00:00Z",
      "expires_at": "2027-02-14T08:00:00Z",
      "state": "revoked",
      "revoked_at": "2027-01-15T08:00:00Z",
      "revoked_because": "operator"
    }
    "#);
}

#[tokio::test]
async fn a_list_has_the_latest_refreshed_first_and_knows_what_is_over() {
    let app = spawn_with(&[ADMIN, ("SESSION_MAX_MINUTES", "60")]).await;
    for contract in ["cookie", "envelope"] {
        started(&app, contract).await;
        app.advance(TimeDelta::minutes(30));
    }

    let sessions = sessions_of(&app, "alice").await;

    let seen: Vec<_> = sessions
        .iter()
        .map(|one| (&one["contract"], &one["state"]))
        .collect();
    let (live, over) = (json!("live"), json!("over"));
    assert_eq!(
        seen,
        [(&json!("envelope"), &live), (&json!("cookie"), &over)]
    );
}

#[tokio::test]
async fn a_user_is_found_by_their_key_alone() {
    let app = spawn_admin().await;
    let uuid = "0a0b0c0d-0000-4000-8000-00000000000f";
    app.sql(&format!(
        "INSERT INTO users VALUES ('{uuid}', 'u', TRUE), ('a&b=c', 'x', TRUE)"
    ))
    .await;
    for user in [uuid, "a&b=c"] {
        let answer = start(&app, &json!({"user": user, "contract": "cookie"})).await;
        assert_eq!(answer.status, 201);
    }

    for (user, number) in [
        (uuid.to_owned(), 1),
        (uuid.to_ascii_uppercase(), 1),
        ("a%26b%3Dc".to_owned(), 1),
        ("a".to_owned(), 0),
        ("nobody".to_owned(), 0),
    ] {
        assert_eq!(sessions_of(&app, &user).await.len(), number, "{user}");
    }
}

#[tokio::test]
async fn a_list_without_a_user_is_refused() {
    let app = spawn_admin().await;

    for query in [
        "",
        "?",
        "?user",
        "?user=",
        "?User=alice",
        "?user=%00",
        "?user=%20alice",
    ] {
        let path = format!("/admin/sessions{query}");
        let answer = app.admin(Method::GET, &path, "").await;
        assert_eq!(
            (answer.status, answer.code()),
            (422, "malformed_request".to_owned()),
            "{query}"
        );
    }
}

#[tokio::test]
async fn ending_a_session_again_changes_nothing_and_is_no_error() {
    let app = spawn_admin().await;
    let session = started(&app, "cookie").await;

    let (first, again) = (
        revoke(&app, id(&session)).await,
        revoke(&app, id(&session)).await,
    );

    assert_eq!((first.status, again.status), (204, 204));
    let outcomes = [first, again].map(|answer| event(&answer)["fields"]["outcome"].clone());
    assert_eq!(outcomes, ["session_revoked", "ignored"]);
}

#[tokio::test]
async fn a_session_that_is_written_down_nowhere_ends_by_its_name() {
    let app = spawn_admin().await;
    let token = app.refresh(&app.expired_token()).await.access_token();
    let lineage = crate::harness::jwt::payload(&token)["remint"].clone();
    assert!(sessions_of(&app, "alice").await.is_empty());

    let answer = revoke(&app, lineage["sid"].as_str().unwrap()).await;

    assert_eq!(answer.status, 204);
    assert_eq!(app.refresh(&token).await.code(), "session_revoked");
}

#[tokio::test]
async fn what_is_no_name_of_a_session_is_refused() {
    let app = spawn_admin().await;

    for name in ["x", "..", "7d5bd26e-6825-4797-8fa3-75bd26bc084", "%00"] {
        let answer = revoke(&app, name).await;
        assert_eq!(
            (answer.status, answer.code()),
            (422, "malformed_request".to_owned()),
            "{name}"
        );
    }
}

#[tokio::test]
async fn without_its_database_it_neither_lists_nor_ends() {
    let app = spawn_admin().await;
    let session = started(&app, "cookie").await;

    app.database.clone().close().await.unwrap();

    for answer in [
        app.admin(Method::GET, "/admin/sessions?user=alice", "")
            .await,
        revoke(&app, id(&session)).await,
    ] {
        assert_eq!(
            (answer.status, answer.code()),
            (503, "unavailable".to_owned())
        );
        assert_eq!(answer.header("retry-after"), Some("2"));
    }
}
