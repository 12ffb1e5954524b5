//! Logging out with a refresh token of Cognito.

use std::pin::pin;
use std::time::Duration;

use futures_util::future::join;
use poem::http::Method;
use remint::domain::Contract;
use serde_json::json;
use wiremock::ResponseTemplate;

use crate::harness::{Answer, TestApp, request};

use super::stub::{
    CLIENT, NEXT, PATIENT, SECRET, TOKEN, arrived, asked, cognito, event, exception, now_answers,
    requests, spawn,
};

async fn log_out(app: &TestApp, token: &str) -> Answer {
    let request = request(Method::POST, "/api/auth/logout").content_type("application/json");
    let body = json!({"refresh_token": token}).to_string();
    app.send(request.body(body)).await
}

#[tokio::test]
async fn the_token_is_revoked_at_cognito() {
    let server = cognito(ResponseTemplate::new(200).set_body_json(json!({}))).await;
    let app = spawn(&server.uri(), &[("COGNITO_CLIENT_SECRET", SECRET)]).await;

    let answer = log_out(&app, TOKEN).await;

    assert_eq!((answer.status, answer.body.as_str()), (204, ""));
    assert_eq!(event(&answer)["outcome"], "logged_out");
    let expected = json!({"ClientId": CLIENT, "ClientSecret": SECRET, "Token": TOKEN});
    let operation = "RevokeToken".to_owned();
    assert_eq!(asked(&requests(&server).await[0]), (operation, expected));
}

#[tokio::test]
async fn so_is_one_that_is_revoked_by_oauth() {
    let server = cognito(ResponseTemplate::new(200).set_body_json(json!({}))).await;
    let app = spawn(&server.uri(), &[]).await;
    let request = request(Method::POST, "/oauth/revoke");
    let request = request.content_type("application/x-www-form-urlencoded");

    let answer = app.send(request.body(format!("token={TOKEN}"))).await;

    assert_eq!((answer.status, answer.body.as_str()), (200, ""));
    let expected = json!({"ClientId": CLIENT, "Token": TOKEN});
    let operation = "RevokeToken".to_owned();
    assert_eq!(asked(&requests(&server).await[0]), (operation, expected));
}

#[tokio::test]
async fn a_token_of_remint_itself_is_none_of_cognitos_business() {
    let server = cognito(ResponseTemplate::new(500)).await;
    let app = spawn(&server.uri(), &[]).await;
    let grant = app.start(Contract::Cookie, "alice").await;

    for token in [grant.refresh_token.unwrap(), grant.access_token] {
        assert_eq!(log_out(&app, &token).await.status, 204);
    }

    assert_eq!(requests(&server).await.len(), 0);
}

#[tokio::test]
async fn what_is_no_good_token_is_logged_out_already() {
    let server = cognito(ResponseTemplate::new(500)).await;
    let app = spawn(&server.uri(), &[]).await;
    for name in [
        "NotAuthorizedException",
        "UnauthorizedException",
        "UnsupportedTokenTypeException",
    ] {
        now_answers(&server, exception(400, name, "")).await;

        let answer = log_out(&app, TOKEN).await;

        assert_eq!(answer.status, 204, "{name}");
        assert_eq!(event(&answer)["outcome"], "ignored", "{name}");
    }
    now_answers(&server, ResponseTemplate::new(500)).await;
    assert_eq!(log_out(&app, "not of the alphabet").await.status, 204);
}

#[tokio::test]
async fn whoever_waits_for_cognito_holds_up_nobody_else() {
    let hour = Duration::from_hours(1);
    let server = cognito(ResponseTemplate::new(500).set_delay(hour)).await;
    let one_place = [
        ("MAX_CONCURRENT_REQUESTS", "1"),
        ("MAX_QUEUED_REQUESTS", "0"),
        PATIENT,
    ];
    let app = spawn(&server.uri(), &one_place).await;
    let by_oauth = request(Method::POST, "/oauth/revoke");
    let by_oauth = by_oauth.content_type("application/x-www-form-urlencoded");
    let by_oauth = app.send(by_oauth.body(format!("token={NEXT}")));
    let mut waiting = pin!(join(log_out(&app, TOKEN), by_oauth));
    tokio::select! {
        answers = &mut waiting => panic!("{answers:?}"),
        () = arrived(&server, 2) => {}
    }

    let answer = app.refresh(&app.expired_token()).await;

    assert_eq!(answer.status, 200, "{answer:?}");
}

#[tokio::test]
async fn trouble_of_cognito_is_no_logout() {
    let server = cognito(ResponseTemplate::new(500)).await;
    let app = spawn(&server.uri(), &[]).await;
    for (status, name) in [
        (500, "InternalErrorException"),
        (400, "TooManyRequestsException"),
        (400, "UnsupportedOperationException"),
        (500, "UnauthorizedException"),
    ] {
        now_answers(&server, exception(status, name, "")).await;

        super::stub::assert_unavailable(&log_out(&app, TOKEN).await);
    }
}
