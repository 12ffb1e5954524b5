//! A Cognito that is away, slow, or not itself.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::json;
use wiremock::{MockServer, ResponseTemplate};

use super::stub::{
    TOKEN, assert_refused, assert_unavailable, cognito, exception, granted, not_authorized,
    now_answers, refresh, requests, spawn,
};

/// A deadline that a test can wait for.
const IMPATIENT: (&str, &str) = ("COGNITO_TIMEOUT_MILLISECONDS", "2000");

/// What is no answer about the token, by what it is.
fn trouble() -> Vec<(&'static str, ResponseTemplate)> {
    let secret = "Client x is configured for secret but secret was not received";
    let flow = "Auth flow not enabled for this client";
    let object = |body| ResponseTemplate::new(200).set_body_json(body);
    let no_token = json!({"AuthenticationResult": {"AccessToken": ""}});
    vec![
        (
            "throttled",
            exception(400, "TooManyRequestsException", "Rate exceeded"),
        ),
        ("throttled before", ResponseTemplate::new(429)),
        (
            "its own fault",
            exception(500, "InternalErrorException", ""),
        ),
        (
            "a refusal beside a fault",
            exception(500, "NotAuthorizedException", ""),
        ),
        (
            "a gateway",
            ResponseTemplate::new(502).set_body_string("<html>"),
        ),
        ("a firewall", exception(403, "ForbiddenException", "")),
        (
            "no such client",
            exception(400, "ResourceNotFoundException", ""),
        ),
        (
            "a wrong secret",
            exception(400, "NotAuthorizedException", secret),
        ),
        (
            "no such flow",
            exception(400, "NotAuthorizedException", flow),
        ),
        ("rotation", exception(400, "InvalidParameterException", "")),
        (
            "a trigger",
            exception(400, "UserLambdaValidationException", ""),
        ),
        ("unknown", exception(400, "NewException", "")),
        ("nameless", ResponseTemplate::new(400)),
        ("garbage", ResponseTemplate::new(200).set_body_string("{")),
        ("nothing", ResponseTemplate::new(200)),
        ("a challenge", object(json!({"ChallengeName": "SMS_MFA"}))),
        ("no token", object(no_token)),
        (
            "another type",
            object(json!({"AuthenticationResult": {"AccessToken": 5}})),
        ),
    ]
}

#[tokio::test]
async fn trouble_of_cognito_never_looks_like_a_bad_token() {
    for rotation in ["false", "true"] {
        let server = cognito(ResponseTemplate::new(500)).await;
        let app = spawn(&server.uri(), &[("COGNITO_ROTATION", rotation)]).await;
        for (what, answer) in trouble() {
            now_answers(&server, answer).await;

            let answer = refresh(&app, TOKEN).await;

            assert_eq!(answer.status, 503, "{what}: {answer:?}");
            assert_unavailable(&answer);
            let tries = requests(&server).await.len();
            assert!(
                tries == 1 || tries == 2 && rotation == "false",
                "{what}: {tries}"
            );
        }
        now_answers(&server, granted("a.b.c")).await;
        assert_eq!(refresh(&app, TOKEN).await.status, 200);
    }
}

#[tokio::test]
async fn what_may_have_been_a_passing_fault_is_tried_once_more() {
    for (answer, tries) in [
        (ResponseTemplate::new(500), 2),
        (exception(400, "TooManyRequestsException", ""), 2),
        (exception(400, "ResourceNotFoundException", ""), 1),
        (not_authorized(), 1),
    ] {
        let server = cognito(answer).await;
        let app = spawn(&server.uri(), &[]).await;

        refresh(&app, TOKEN).await;

        assert_eq!(requests(&server).await.len(), tries);
    }
}

#[tokio::test]
async fn the_second_try_may_succeed() {
    let server = MockServer::start().await;
    let any = || wiremock::Mock::given(wiremock::matchers::any());
    let fault = any().respond_with(ResponseTemplate::new(503));
    fault.up_to_n_times(1).mount(&server).await;
    any().respond_with(granted("a.b.c")).mount(&server).await;
    let app = spawn(&server.uri(), &[]).await;

    let answer = refresh(&app, TOKEN).await;

    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(requests(&server).await.len(), 2);
}

#[tokio::test]
async fn a_slow_cognito_is_given_up_at_the_deadline() {
    let server = cognito(granted("a.b.c").set_delay(Duration::from_mins(1))).await;
    let app = spawn(&server.uri(), &[IMPATIENT]).await;
    let start = Instant::now();

    let answer = refresh(&app, TOKEN).await;

    assert_unavailable(&answer);
    let took = start.elapsed();
    assert!(took >= Duration::from_secs(2), "{took:?}");
    assert!(took < Duration::from_secs(10), "{took:?}");
    assert_eq!(requests(&server).await.len(), 1);
}

#[tokio::test]
async fn a_connection_that_is_cut_or_refused_is_trouble() {
    let cutter = TcpListener::bind("127.0.0.1:0").unwrap();
    let cutting = format!("http://{}", cutter.local_addr().unwrap());
    thread::spawn(move || {
        for stream in cutter.incoming() {
            stream.unwrap().read_exact(&mut [0; 16]).ok();
        }
    });

    for url in [cutting.as_str(), "http://127.0.0.1:1"] {
        let app = spawn(url, &[]).await;

        assert_unavailable(&refresh(&app, TOKEN).await);
    }
}

#[tokio::test]
async fn an_answer_that_does_not_end_is_given_up_at_the_deadline() {
    let dripper = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", dripper.local_addr().unwrap());
    let app = spawn(&url, &[IMPATIENT]).await;
    let thread = thread::spawn(move || {
        let (mut stream, _) = dripper.accept().unwrap();
        let head = "HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n{";
        stream.write_all(head.as_bytes()).unwrap();
        // Until the service hangs up.
        stream.read_to_end(&mut Vec::new()).ok();
    });

    let answer = refresh(&app, TOKEN).await;

    assert_unavailable(&answer);
    thread.join().unwrap();
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let elsewhere = cognito(granted("a.b.c")).await;
    for status in [301, 302, 303, 307, 308] {
        let redirect = ResponseTemplate::new(status);
        let redirect = redirect.insert_header("location", elsewhere.uri());
        let server = cognito(redirect).await;
        let app = spawn(&server.uri(), &[]).await;

        assert_unavailable(&refresh(&app, TOKEN).await);
    }

    assert_eq!(requests(&elsewhere).await.len(), 0);
}

#[tokio::test]
async fn a_token_that_cognito_quotes_is_not_logged() {
    let quoted = format!("Value '{TOKEN}' at 'refreshToken' failed to satisfy constraint");
    for (status, name) in [
        (400, "InvalidParameterException"),
        (400, TOKEN),
        (500, TOKEN),
    ] {
        let server = cognito(exception(status, name, &quoted)).await;
        let app = spawn(&server.uri(), &[]).await;

        assert_unavailable(&refresh(&app, TOKEN).await);
    }
    let server = cognito(exception(400, "NotAuthorizedException", &quoted)).await;
    let app = spawn(&server.uri(), &[]).await;
    assert_refused(&refresh(&app, TOKEN).await, "invalid_token");
}
