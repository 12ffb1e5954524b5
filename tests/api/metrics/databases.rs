//! What the databases are asked, and who waits.

use std::task::{Context, Poll, Waker};

use futures_util::future::join_all;
use sea_orm::TransactionTrait as _;
use serde_json::json;

use super::{Figures, spawn_watched};
use crate::api::limits::PATIENT;
use crate::harness::servers::{Engine, database};
use crate::harness::{ADMIN, START, TestApp, spawn_on_each, spawn_over};

fn of(metric: &str, statement: &str) -> String {
    format!(r#"remint_database_{metric}{{statement="{statement}"}}"#)
}

/// Nobody is given up while a test holds the only connection.
fn one_connection() -> Vec<(&'static str, &'static str)> {
    [&PATIENT[..], &[("DATABASE_MAX_CONNECTIONS", "1")]].concat()
}

/// A token that no other caller has.
fn token(app: &TestApp, number: usize) -> String {
    app.token_with(&json!({"number": number}))
}

#[tokio::test]
async fn callers_that_share_a_statement_make_a_batch() {
    let app = spawn_watched(&one_connection()).await;
    let before = Figures::of(&app).await;
    let held = app.database.begin().await.unwrap();

    let tokens: Vec<_> = (0..20).map(|number| token(&app, number)).collect();
    let mut answers = Box::pin(join_all(tokens.iter().map(|token| app.refresh(token))));
    let mut nobody = Context::from_waker(Waker::noop());
    assert!(matches!(answers.as_mut().poll(&mut nobody), Poll::Pending));
    held.rollback().await.unwrap();
    let answers = answers.await;

    assert!(answers.iter().all(|answer| answer.status == 200));
    let after = Figures::of(&app).await;
    for statement in ["find_user", "standing"] {
        after.assert_moved(&before, &[(&of("batch_size_sum", statement), 20.0)]);
        let statements = after.shown(&of("batch_size_count", statement));
        assert!(
            (1.0..20.0).contains(&statements),
            "{statement}: {statements}"
        );
        let timed = after.shown(&of("duration_seconds_count", statement));
        assert!((timed - statements).abs() < f64::EPSILON);
        assert!(after.shown(&of("duration_seconds_sum", statement)) > 0.0);
    }
}

#[tokio::test]
async fn what_is_written_is_counted_on_every_database() {
    for app in spawn_on_each(&[ADMIN, ("REFRESH_MODE", "single_use")]).await {
        let before = Figures::of(&app).await;
        let answer = app.refresh(&app.expired_token()).await;
        let answer = app.refresh(&answer.access_token()).await;
        app.advance(chrono::TimeDelta::minutes(40));
        let answer = app.refresh(&answer.access_token()).await;

        assert_eq!(answer.status, 200);
        let after = Figures::of(&app).await;
        let count = |figures: &Figures, statement| {
            let series = of("duration_seconds_count", statement);
            figures.0.get(&series).copied().unwrap_or_default()
        };
        let written = ["begin", "rotate", "change"];
        let moved = written.map(|word| count(&after, word) - count(&before, word));
        assert!(
            (moved.iter().sum::<f64>() - 3.0).abs() < f64::EPSILON,
            "{moved:?}"
        );
    }
}

#[tokio::test]
async fn who_waits_for_a_connection_is_seen_waiting() {
    let app = spawn_watched(&one_connection()).await;
    let held = app.database.begin().await.unwrap();
    let tokens: Vec<_> = (0..3).map(|number| token(&app, number)).collect();
    let mut answers = Box::pin(join_all(tokens.iter().map(|token| app.refresh(token))));
    let mut nobody = Context::from_waker(Waker::noop());
    assert!(matches!(answers.as_mut().poll(&mut nobody), Poll::Pending));

    let figures = Figures::of(&app).await;

    for (series, expected) in [
        (of("queue_length", "standing"), 2.0),
        ("remint_requests_in_flight".to_owned(), 4.0),
        (
            r#"remint_database_connections{database="own",state="used"}"#.to_owned(),
            1.0,
        ),
        (
            r#"remint_database_connections{database="own",state="idle"}"#.to_owned(),
            0.0,
        ),
        (
            r#"remint_database_max_connections{database="own"}"#.to_owned(),
            1.0,
        ),
    ] {
        assert!(
            (figures.shown(&series) - expected).abs() < f64::EPSILON,
            "{series}"
        );
    }
    held.rollback().await.unwrap();
    assert!(answers.await.iter().all(|answer| answer.status == 200));
    let figures = Figures::of(&app).await;
    assert!((figures.shown("remint_requests_in_flight") - 1.0).abs() < f64::EPSILON);
}

#[tokio::test]
async fn whoever_checks_a_token_asks_for_the_session_and_the_user_at_once() {
    let app = spawn_watched(&one_connection()).await;
    let held = app.database.begin().await.unwrap();
    let live = app.token_with(&json!({"exp": START + 1800}));
    // The first one's questions are under way, those of the second one wait for them.
    let mut checks = Box::pin(join_all([app.verify(&live), app.verify(&live)]));
    let mut nobody = Context::from_waker(Waker::noop());
    assert!(matches!(checks.as_mut().poll(&mut nobody), Poll::Pending));

    let figures = Figures::of(&app).await;

    for statement in ["find_user", "standing"] {
        let waiting = figures.shown(&of("queue_length", statement));
        assert!((waiting - 1.0).abs() < f64::EPSILON, "{statement}");
    }
    held.rollback().await.unwrap();
    let statuses = checks.await.into_iter().map(|answer| answer.status);
    assert_eq!(statuses.collect::<Vec<_>>(), [204, 204]);
}

#[tokio::test]
async fn figures_can_be_read_while_the_database_is_away() {
    let app = spawn_watched(&[]).await;
    let before = Figures::of(&app).await;
    app.database.clone().close().await.unwrap();

    let answer = app.refresh(&app.expired_token()).await;

    assert_eq!(answer.status, 503);
    let unavailable = r#"remint_answers_total{contract="expired_token",outcome="unavailable"}"#;
    let expected = [(unavailable, 1.0), (&of("failures_total", "standing"), 1.0)];
    Figures::of(&app).await.assert_moved(&before, &expected);
}

#[tokio::test]
async fn users_elsewhere_have_connections_of_their_own() {
    let elsewhere = spawn_watched(&[]).await;
    let settings = [ADMIN, ("USERS_DATABASE_URL", elsewhere.database_url())];
    let app = spawn_over(database(Engine::Sqlite).await.unwrap(), &settings).await;

    let figures = Figures::of(&app).await;

    for database in ["own", "users"] {
        let most = format!(r#"remint_database_max_connections{{database="{database}"}}"#);
        assert!((figures.shown(&most) - 5.0).abs() < f64::EPSILON);
    }
}
