//! `POST /admin/cut-offs`

use chrono::{DateTime, TimeDelta, Utc};
use poem::http::Method;
use serde_json::{Value, json};

use super::{cut_off, event, on_each, sessions_of, spawn_admin, started, verified};
use crate::harness::TestApp;

fn at(time: DateTime<Utc>) -> Value {
    json!({"user": "alice", "at": time.to_rfc3339()})
}

fn now() -> Value {
    json!({"user": "alice"})
}

#[tokio::test]
async fn everything_of_a_user_ends_and_a_new_login_goes_on_on_every_database() {
    for app in on_each().await {
        let old = [
            started(&app, "token_pair").await,
            started(&app, "expired_token").await,
        ];
        let legacy = app.expired_token();

        let answer = cut_off(&app, &now()).await;

        let expected = json!({"user": "alice", "at": "2027-01-15T08:00:00Z", "known": true});
        assert_eq!((answer.status, answer.body_json()), (200, expected));
        for session in &old {
            assert_eq!(verified(&app, session).await, 401);
        }
        assert_eq!(app.refresh(&legacy).await.code(), "session_revoked");
        // In the very second of the cut-off.
        let new = started(&app, "token_pair").await;
        app.advance(TimeDelta::seconds(1));
        assert_eq!(verified(&app, &new).await, 204);
    }
}

/// A session of each of three hours, the last one of now.
async fn hourly(app: &TestApp) -> [Value; 3] {
    let first = started(app, "token_pair").await;
    app.advance(TimeDelta::hours(1));
    let second = started(app, "token_pair").await;
    app.advance(TimeDelta::hours(1));
    [first, second, started(app, "token_pair").await]
}

#[tokio::test]
async fn what_is_younger_than_a_cut_off_of_the_past_goes_on_on_every_database() {
    for app in on_each().await {
        let sessions = hourly(&app).await;

        let answer = cut_off(&app, &at(app.now() - TimeDelta::hours(1))).await;

        assert_eq!(answer.body_json()["at"], "2027-01-15T09:00:00Z");
        for (session, expected) in sessions.iter().zip([401, 401, 204]) {
            assert_eq!(verified(&app, session).await, expected);
        }
        let states = sessions_of(&app, "alice").await;
        let states: Vec<_> = states.iter().map(|one| one["state"].clone()).collect();
        assert_eq!(states, ["live", "revoked", "revoked"]);
    }
}

#[tokio::test]
async fn a_cut_off_never_moves_back() {
    let app = spawn_admin().await;
    let [_, second, third] = hourly(&app).await;
    let an_hour_ago = app.now() - TimeDelta::hours(1);

    let later = cut_off(&app, &at(an_hour_ago)).await.body_json();
    let earlier = cut_off(&app, &at(an_hour_ago - TimeDelta::hours(1)))
        .await
        .body_json();

    assert_eq!(later, earlier);
    assert_eq!(
        (verified(&app, &second).await, verified(&app, &third).await),
        (401, 204)
    );
}

#[tokio::test]
async fn a_cut_off_of_the_future_is_refused_unless_it_is_the_callers_clock() {
    let app = spawn_admin().await;

    let ahead = cut_off(&app, &at(app.now() + TimeDelta::seconds(30))).await;
    let future = cut_off(&app, &at(app.now() + TimeDelta::seconds(31))).await;

    assert_eq!(ahead.body_json()["at"], "2027-01-15T08:00:00Z");
    assert_eq!(
        (future.status, future.code()),
        (422, "malformed_request".to_owned())
    );
    assert_eq!(
        future.body_json()["detail"],
        "the cut-off lies in the future"
    );
}

#[tokio::test]
async fn a_fraction_and_another_zone_are_the_same_moment() {
    let app = spawn_admin().await;

    let body = json!({"user": 42, "at": "2027-01-15T09:30:00.75+02:00"});
    let answer = cut_off(&app, &body).await;

    let expected = json!({"user": "42", "at": "2027-01-15T07:30:00Z", "known": false});
    assert_eq!((answer.status, answer.body_json()), (200, expected));
}

#[tokio::test]
async fn what_is_no_cut_off_is_refused() {
    let app = spawn_admin().await;

    for (body, detail) in [
        (json!({}), "the member user is required"),
        (json!({"user": "a\n"}), "the subject cannot be a user's key"),
        (
            json!({"user": "alice", "until": 1}),
            "the only members are user, at",
        ),
        (
            json!({"user": "alice", "at": 1_800_000_000}),
            "at must be a time such as 2027-01-15T08:00:00Z",
        ),
        (
            json!({"user": "alice", "at": "2027-01-15 08:00"}),
            "at must be a time such as 2027-01-15T08:00:00Z",
        ),
        (
            json!({"user": "alice", "at": null}),
            "at must be a time such as 2027-01-15T08:00:00Z",
        ),
    ] {
        let answer = cut_off(&app, &body).await;

        assert_eq!(
            (answer.status, answer.code().as_str()),
            (422, "malformed_request"),
            "{body}"
        );
        assert_eq!(answer.body_json()["detail"], detail, "{body}");
    }
    let large = " ".repeat(16 * 1024 + 1);
    let large = app.admin(Method::POST, "/admin/cut-offs", &large).await;
    assert_eq!(large.status, 413);
}

#[tokio::test]
async fn the_log_says_whose_everything_ended() {
    let app = spawn_admin().await;

    let event = event(&cut_off(&app, &now()).await);

    let fields = ["contract", "outcome", "subject"].map(|name| event["fields"][name].clone());
    assert_eq!(fields, ["admin", "cut_off_set", "alice"]);
}

#[tokio::test]
async fn a_user_whom_nobody_knows_is_said_to_be_unknown_on_every_database() {
    for app in on_each().await {
        let answer = cut_off(&app, &json!({"user": "nobody"})).await;

        let body = answer.body_json();
        assert_eq!((answer.status, &body["known"]), (200, &json!(false)));
    }
}

#[tokio::test]
async fn without_the_users_table_the_cut_off_is_set_and_nothing_said_of_the_user() {
    let app = spawn_admin().await;
    let session = started(&app, "token_pair").await;
    app.sql("ALTER TABLE users RENAME TO moved").await;

    let answer = cut_off(&app, &now()).await;

    let expected = json!({"user": "alice", "at": "2027-01-15T08:00:00Z"});
    assert_eq!((answer.status, answer.body_json()), (200, expected));
    app.sql("ALTER TABLE moved RENAME TO users").await;
    assert_eq!(verified(&app, &session).await, 401);
}

#[tokio::test]
async fn without_its_database_nothing_is_promised() {
    let app = spawn_admin().await;

    app.database.clone().close().await.unwrap();
    let answer = cut_off(&app, &now()).await;

    assert_eq!(
        (answer.status, answer.code()),
        (503, "unavailable".to_owned())
    );
    assert_eq!(answer.header("retry-after"), Some("2"));
}
