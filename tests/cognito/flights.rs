//! Requests with the same refresh token at the same time.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use wiremock::ResponseTemplate;

use crate::harness::{Answer, TestApp};

use super::stub::{
    NEXT, PATIENT, TOKEN, arrived, assert_unavailable, cognito, event, granted, not_authorized,
    refresh, requests, spawn,
};

/// Long enough for all to arrive.
const A_WHILE: Duration = Duration::from_secs(2);

async fn refresh_at_once(app: &TestApp) -> Vec<Answer> {
    join_all((0..50).map(|_| refresh(app, TOKEN))).await
}

#[tokio::test]
async fn fifty_requests_with_one_token_are_one_request_to_cognito() {
    let server = cognito(granted("a.b.c").set_delay(A_WHILE)).await;
    let app = spawn(&server.uri(), &[PATIENT]).await;

    let answers = refresh_at_once(&app).await;

    assert_eq!(requests(&server).await.len(), 1);
    let body = r#"{"access_token":"a.b.c"}"#;
    assert!(
        answers
            .iter()
            .all(|answer| (answer.status, answer.body.as_str()) == (200, body))
    );
    let outcomes = answers
        .iter()
        .map(|answer| event(answer)["outcome"].clone());
    let first = outcomes.filter(|outcome| outcome == "refreshed").count();
    assert_eq!(first, 1);
}

#[tokio::test]
async fn trouble_is_shared_as_well() {
    let server = cognito(ResponseTemplate::new(500).set_delay(A_WHILE)).await;
    let app = spawn(&server.uri(), &[("COGNITO_ROTATION", "true"), PATIENT]).await;

    let answers = refresh_at_once(&app).await;

    assert_eq!(requests(&server).await.len(), 1);
    answers.iter().for_each(assert_unavailable);
}

#[tokio::test]
async fn other_tokens_are_other_requests() {
    let server = cognito(granted("a.b.c").set_delay(A_WHILE)).await;
    let app = spawn(&server.uri(), &[PATIENT]).await;

    let (one, other) = tokio::join!(refresh(&app, TOKEN), refresh(&app, NEXT));

    assert_eq!((one.status, other.status), (200, 200));
    assert_eq!(requests(&server).await.len(), 2);
}

#[tokio::test]
async fn an_answer_is_not_remembered() {
    let server = cognito(granted("a.b.c")).await;
    let app = spawn(&server.uri(), &[PATIENT]).await;
    assert_eq!(refresh(&app, TOKEN).await.status, 200);

    super::stub::now_answers(&server, not_authorized()).await;

    assert_eq!(refresh(&app, TOKEN).await.status, 400);
}

#[tokio::test]
async fn whoever_asked_first_may_go_away_without_harm_to_the_others() {
    let server = cognito(granted("a.b.c").set_delay(A_WHILE)).await;
    let app = Arc::new(spawn(&server.uri(), &[PATIENT]).await);
    let first = tokio::spawn({
        let app = Arc::clone(&app);
        async move { refresh(&app, TOKEN).await }
    });
    arrived(&server, 1).await;

    first.abort();
    let second = refresh(&app, TOKEN).await;

    assert!(first.await.unwrap_err().is_cancelled());
    assert_eq!(
        (second.status, event(&second)["outcome"].as_str()),
        (200, Some("replayed"))
    );
    assert_eq!(requests(&server).await.len(), 1);
}
