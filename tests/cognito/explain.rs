//! What is said of tokens that a refresh would ask Cognito about.

use poem::http::Method;
use remint::domain::Contract;
use serde_json::{Value, json};

use crate::harness::{TestApp, spawn_beside, spawn_with};

use super::commands::place;
use super::stub::{CLIENT, TOKEN, asking, cognito, granted, requests, spawn};

/// What the answer says but for the checks.
async fn verdict(app: &TestApp, token: &str) -> Value {
    let body = json!({"token": token}).to_string();
    let answer = app.admin(Method::POST, "/admin/explanations", &body).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let mut verdict = answer.body_json();
    verdict.as_object_mut().unwrap().shift_remove("checks");
    verdict
}

#[tokio::test]
async fn only_cognito_knows_its_own_and_it_is_not_asked() {
    let server = cognito(granted("a.b.c")).await;
    let app = spawn(&server.uri(), &[]).await;

    for token in [TOKEN, "x"] {
        let expected =
            json!({"kind": "unknown", "contract": "refresh_token", "verdict": "unknown"});
        assert_eq!(verdict(&app, token).await, expected);
    }
    let own = verdict(&app, &app.expired_token()).await;

    assert_eq!(own["verdict"], "exchanged");
    assert_eq!(requests(&server).await.len(), 0);
}

#[tokio::test]
async fn those_that_the_service_made_before_are_refused_and_others_are_not() {
    let before = spawn_with(&[]).await;
    let token = async |contract| before.start(contract, "alice").await.refresh_token.unwrap();
    let plain = token(Contract::RefreshToken).await;
    let other = token(Contract::OAuth2).await;

    let settings = asking("http://127.0.0.1:1", CLIENT);
    let after = spawn_beside(before.database_url(), &settings).await;

    let plain = verdict(&after, &plain).await;
    assert_eq!(plain["verdict"], "refused", "{plain}");
    assert_eq!(plain["reason"], "the identity provider refuses it");
    assert_eq!(verdict(&after, &other).await["verdict"], "exchanged");
}

#[test]
fn the_command_line_says_so_and_does_not_call_it_good() {
    let output = place("http://127.0.0.1:1").run_with_input(&["explain", "-"], TOKEN);

    assert_eq!(output.code, Some(1), "{output:?}");
    let said = "Only the identity provider knows whether this token would be exchanged.\n";
    assert!(output.stdout.ends_with(said), "{output:?}");
}
