//! What Cognito is asked, and what becomes of its answers.

use poem::http::Method;
use serde_json::json;
use wiremock::ResponseTemplate;

use crate::harness::request;

use super::stub::{
    CLIENT, NEXT, SECRET, TOKEN, asked, assert_refused, cognito, event, exception, granted,
    not_authorized, refresh, requests, spawn,
};

const ACCESS_TOKEN: &str = "header.payload.signature-of-the-access-token";

#[tokio::test]
async fn the_access_token_of_cognito_is_handed_on_and_nothing_else() {
    let server = cognito(granted(ACCESS_TOKEN)).await;
    let app = spawn(&server.uri(), &[]).await;

    let answer = refresh(&app, TOKEN).await;

    let exact = format!(r#"{{"access_token":"{ACCESS_TOKEN}"}}"#);
    assert_eq!((answer.status, &answer.body), (200, &exact));
    assert_eq!(event(&answer)["outcome"], "refreshed");
    let expected = json!({
        "AuthFlow": "REFRESH_TOKEN_AUTH",
        "AuthParameters": {"REFRESH_TOKEN": TOKEN},
        "ClientId": CLIENT,
    });
    let requests = requests(&server).await;
    assert_eq!(requests.len(), 1);
    assert_eq!(asked(&requests[0]), ("InitiateAuth".to_owned(), expected));
    assert!(!requests[0].headers.contains_key("authorization"));
}

#[tokio::test]
async fn the_shared_path_asks_cognito_as_well() {
    let server = cognito(granted(ACCESS_TOKEN)).await;
    let app = spawn(&server.uri(), &[]).await;

    let answer = app.post(json!({"refresh_token": TOKEN}).to_string()).await;

    let exact = json!({"access_token": ACCESS_TOKEN});
    assert_eq!((answer.status, answer.body_json()), (200, exact));
}

#[tokio::test]
async fn a_refresh_token_that_cognito_has_rotated_is_handed_on() {
    let result = json!({"AccessToken": ACCESS_TOKEN, "RefreshToken": NEXT});
    let rotated = ResponseTemplate::new(200).set_body_json(json!({"AuthenticationResult": result}));
    let server = cognito(rotated).await;
    let app = spawn(&server.uri(), &[("COGNITO_ROTATION", "true")]).await;

    let answer = refresh(&app, TOKEN).await;

    let exact = json!({"access_token": ACCESS_TOKEN, "refresh_token": NEXT});
    assert_eq!((answer.status, answer.body_json()), (200, exact));
    let expected = json!({"ClientId": CLIENT, "RefreshToken": TOKEN});
    let operation = "GetTokensFromRefreshToken".to_owned();
    assert_eq!(asked(&requests(&server).await[0]), (operation, expected));
}

#[tokio::test]
async fn a_refresh_token_that_stays_the_same_is_not_repeated() {
    let result = json!({"AccessToken": ACCESS_TOKEN, "RefreshToken": TOKEN});
    let kept = ResponseTemplate::new(200).set_body_json(json!({"AuthenticationResult": result}));
    let server = cognito(kept).await;
    let app = spawn(&server.uri(), &[("COGNITO_CLIENT_SECRET", SECRET)]).await;

    let answer = refresh(&app, TOKEN).await;

    let exact = json!({"access_token": ACCESS_TOKEN});
    assert_eq!((answer.status, answer.body_json()), (200, exact));
}

#[tokio::test]
async fn a_secret_goes_with_the_operation_that_takes_it_without_a_user_name() {
    let server = cognito(granted(ACCESS_TOKEN)).await;
    let app = spawn(&server.uri(), &[("COGNITO_CLIENT_SECRET", SECRET)]).await;

    let answer = refresh(&app, TOKEN).await;

    assert_eq!(answer.status, 200, "{answer:?}");
    let expected = json!({"ClientId": CLIENT, "ClientSecret": SECRET, "RefreshToken": TOKEN});
    let operation = "GetTokensFromRefreshToken".to_owned();
    assert_eq!(asked(&requests(&server).await[0]), (operation, expected));
}

#[tokio::test]
async fn what_cognito_refuses_is_refused() {
    let server = cognito(not_authorized()).await;
    let app = spawn(&server.uri(), &[("COGNITO_ROTATION", "true")]).await;
    for (name, message, outcome) in [
        (
            "NotAuthorizedException",
            "Refresh Token has been revoked",
            "invalid_token",
        ),
        (
            "NotAuthorizedException",
            "Refresh Token has expired",
            "invalid_token",
        ),
        (
            "NotAuthorizedException",
            "User is disabled.",
            "invalid_token",
        ),
        ("PasswordResetRequiredException", "", "invalid_token"),
        ("RefreshTokenReuseException", "", "token_reused"),
        ("UserNotConfirmedException", "", "invalid_token"),
        ("UserNotFoundException", "", "invalid_token"),
    ] {
        super::stub::now_answers(&server, exception(400, name, message)).await;

        assert_refused(&refresh(&app, TOKEN).await, outcome);
        assert_eq!(requests(&server).await.len(), 1, "{name}");
    }
}

#[tokio::test]
async fn what_can_be_no_token_of_cognito_is_refused_without_asking() {
    let server = cognito(granted(ACCESS_TOKEN)).await;
    let app = spawn(&server.uri(), &[]).await;
    let longest = "x".repeat(8 * 1024);

    for strange in ["", "with space", "ümlaut", "a+b/c", &format!("{longest}x")] {
        assert_refused(&refresh(&app, strange).await, "invalid_token");
    }

    assert_eq!(requests(&server).await.len(), 0);
    assert_eq!(refresh(&app, &longest).await.status, 200);
}

#[tokio::test]
async fn own_sessions_of_the_contract_are_neither_started_nor_refreshed() {
    let server = cognito(not_authorized()).await;
    let app = spawn(&server.uri(), &[]).await;
    let start = async |contract: &str| {
        let body = json!({"user": "alice", "contract": contract}).to_string();
        app.admin(Method::POST, "/admin/sessions", &body).await
    };

    let (refused, cookie) = (start("refresh_token").await, start("cookie").await);

    let seen = (refused.status, refused.code());
    assert_eq!(seen, (409, "contract_not_offered".to_owned()));
    let detail = "the contract refresh_token is not offered: an identity provider has its sessions";
    assert_eq!(refused.body_json()["detail"], detail);
    assert_eq!(cookie.status, 201, "{cookie:?}");
    let token = cookie.body_json()["refresh_token"]
        .as_str()
        .unwrap()
        .to_owned();
    assert_refused(&refresh(&app, &token).await, "invalid_token");
}

#[tokio::test]
async fn readiness_does_not_depend_on_cognito() {
    let app = spawn("http://127.0.0.1:1", &[]).await;

    let ready = app.send(request(Method::GET, "/readyz").finish()).await;

    assert_eq!(ready.status, 200);
}
