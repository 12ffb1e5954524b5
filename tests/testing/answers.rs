//! What answers mean, and what tests are told where they mean something else.

use std::panic::{AssertUnwindSafe, catch_unwind};

use poem::http::HeaderMap;
use remint::testing::{Answer, Contract, Outcome, Request, TestService};
use serde_json::Value;

use super::alices;

/// An answer to a refresh.
fn answer(status: u16, body: &str) -> Answer {
    Answer::new("POST /api/auth/refresh", status, HeaderMap::new(), body)
}

/// What the test is told that makes that assertion.
fn complaint<T>(assertion: impl FnOnce() -> T) -> String {
    let complaint = catch_unwind(AssertUnwindSafe(assertion)).err().unwrap();
    *complaint.downcast::<String>().unwrap()
}

const FRESH: &str = r#"{"access_token":"a.b.c","token_type":"bearer","expires_in":60}"#;
const REUSED: &str = r#"{"code":"token_reused","detail":"the token was exchanged before"}"#;

#[test]
fn a_test_that_expects_a_refusal_is_told_what_came_and_no_token() {
    let fresh = answer(200, FRESH);

    insta::assert_snapshot!(complaint(|| fresh.assert_refused("token_reused")), @r#"
    expected: a refusal, token_reused
    answered: 200 to POST /api/auth/refresh
    {
      "access_token": "<token>",
      "token_type": "bearer",
      "expires_in": 60
    }
    "#);
}

#[test]
fn a_test_that_expects_tokens_is_told_why_there_are_none() {
    let reused = answer(401, REUSED);

    insta::assert_snapshot!(complaint(|| reused.assert_refreshed()), @r#"
    expected: fresh tokens
    answered: 401 to POST /api/auth/refresh
    {
      "code": "token_reused",
      "detail": "the token was exchanged before"
    }
    "#);
    insta::assert_snapshot!(complaint(|| reused.assert_refused("user_inactive")), @r#"
    expected: a refusal, user_inactive
    answered: 401 to POST /api/auth/refresh
    {
      "code": "token_reused",
      "detail": "the token was exchanged before"
    }
    "#);
}

#[test]
fn a_test_that_expects_a_status_is_told_the_whole_answer() {
    let html = answer(502, "<h1>Bad gateway</h1>");

    insta::assert_snapshot!(complaint(|| html.assert_status(204)), @"
    expected: 204
    answered: 502 to POST /api/auth/refresh
    <h1>Bad gateway</h1>
    ");
    insta::assert_snapshot!(complaint(|| html.assert_unavailable()), @"
    expected: trouble of the service's own
    answered: 502 to POST /api/auth/refresh
    <h1>Bad gateway</h1>
    ");
    insta::assert_snapshot!(complaint(|| html.assert_throttled()), @"
    expected: too many attempts
    answered: 502 to POST /api/auth/refresh
    <h1>Bad gateway</h1>
    ");
}

#[test]
fn no_token_of_any_contract_is_shown() {
    for body in [
        r#"{"Token":"hush","RefreshToken":"hush"}"#,
        r#"{"success":true,"data":{"accessToken":"hush","refreshToken":"hush"}}"#,
        r#"[{"access_token":"hush","refresh_token":"hush","token":"hush"}]"#,
    ] {
        let answer = answer(200, body);
        let shown = format!("{answer:?}{:?}", answer.outcome());
        assert!(
            !shown.contains("hush") && shown.contains("<token>"),
            "{shown}"
        );
    }
}

#[test]
fn an_outcome_is_told_by_status_and_body() {
    let refused = |why: &str| Outcome::Refused(why.to_owned());
    let retry_after = None;

    for (status, body, outcome) in [
        (204, "", Outcome::Done),
        (401, REUSED, refused("token_reused")),
        (
            200,
            r#"{"success":false,"errors":[{"code":"INVALID_TOKEN"}]}"#,
            refused("INVALID_TOKEN"),
        ),
        (
            404,
            r#"{"errors":[{"code":"user_not_found"}]}"#,
            refused("user_not_found"),
        ),
        (
            400,
            r#"{"error":"invalid_grant"}"#,
            refused("invalid_grant"),
        ),
        (
            400,
            r#"{"detail":"Refresh failed"}"#,
            refused("Refresh failed"),
        ),
        (401, r#"{"success":false,"message":"No"}"#, refused("No")),
        (302, "", refused("")),
        (429, REUSED, Outcome::Throttled { retry_after }),
        (503, REUSED, Outcome::Unavailable { retry_after }),
        (500, REUSED, Outcome::Failed),
    ] {
        assert_eq!(answer(status, body).outcome(), outcome, "{status} {body}");
    }
}

#[tokio::test]
async fn trouble_is_told_with_the_time_to_wait_in_every_contract() {
    let service = alices().await;
    let mut sessions = Vec::new();
    for contract in Contract::ALL {
        sessions.push(service.start_session(contract, "alice").await.unwrap());
    }
    service
        .sql("ALTER TABLE users RENAME TO away")
        .await
        .unwrap();

    for mut session in sessions {
        let answer = session.refresh().await.unwrap();

        let retry_after = Some(2);
        assert_eq!(answer.outcome(), Outcome::Unavailable { retry_after });
        answer.assert_unavailable();
    }
}

#[tokio::test]
async fn any_request_can_be_sent() {
    let service = alices().await;
    let delete = Request::delete("/api/auth/refresh?x=y").body(String::new());
    let lopsided = Request::post("/api/refresh").body("{".to_owned());

    let not_allowed = service.send(delete.unwrap()).await.unwrap();
    let malformed = service.send(lopsided.unwrap()).await.unwrap();
    let document = service.get("/openapi.json").await.unwrap();

    assert_eq!(
        (not_allowed.status, not_allowed.header("allow")),
        (405, Some("POST"))
    );
    malformed
        .assert_status(400)
        .assert_refused("VALIDATION_ERROR");
    assert_eq!(document.body_json()["info"]["title"], Value::from("remint"));
}

#[tokio::test]
async fn a_service_that_is_gone_is_an_error_that_says_so() {
    let service = TestService::builder().user("alice").start().await.unwrap();
    let mut session = service
        .start_session(Contract::OAuth2, "alice")
        .await
        .unwrap();
    drop(service);

    let error = session.refresh().await.unwrap_err();

    insta::assert_snapshot!(error, @"the service has stopped");
}
