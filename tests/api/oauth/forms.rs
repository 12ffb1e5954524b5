//! Requests in which there is nothing to judge.

use poem::Body;
use poem::http::Method;
use tokio::io::AsyncWriteExt as _;

use crate::api::contracts::frontend::{assert_headers, exchange};
use crate::harness::{TestApp, request, spawn, spawn_with};

use super::{ENDPOINTS, FORM, form, post, post_as, said, spawn_confidential};

/// Asserts what each endpoint says to that body.
async fn assert_invalid(app: &TestApp, body: &[u8], why: &str) {
    for path in ENDPOINTS {
        let answer = post_as(app, path, Some(FORM), body).await;
        let expected = (400, "invalid_request".to_owned(), why.to_owned());
        assert_eq!(said(&answer), expected, "{path} {body:?}");
        assert_headers(&answer);
    }
}

#[tokio::test]
async fn what_is_no_form_is_an_invalid_request() {
    let app = spawn_confidential().await;

    for body in [
        &b"token=%"[..],
        b"token=%zz",
        b"token=%2",
        b"token=\xff",
        b"token=%ff",
        b"%C3=1&token=a",
    ] {
        let why = "the body is not a form in UTF-8 with whole percent-encodings";
        assert_invalid(&app, body, why).await;
    }
}

#[tokio::test]
async fn a_parameter_that_comes_twice_is_an_invalid_request() {
    let app = spawn_confidential().await;

    for name in [
        "client_id",
        "client_secret",
        "grant_type",
        "refresh_token",
        "scope",
        "token",
        "token_type_hint",
    ] {
        let why = format!("the parameter {name} comes more than once");
        for twice in ["{}=a&{}=b", "{}=a&{}=a", "{}=&{}=a", "{}&{}"] {
            let body = twice.replace("{}", name);
            assert_invalid(&app, body.as_bytes(), &why).await;
        }
    }
}

#[tokio::test]
async fn what_is_missing_or_empty_is_named() {
    let app = spawn_confidential().await;
    let required = |name| format!("the parameter {name} is required");

    for (path, body, name) in [
        ("/oauth/token", "", "grant_type"),
        ("/oauth/token", "refresh_token=a", "grant_type"),
        ("/oauth/token", "grant_type=&refresh_token=a", "grant_type"),
        ("/oauth/token", "grant_type=refresh_token", "refresh_token"),
        (
            "/oauth/token",
            "grant_type=refresh_token&refresh_token",
            "refresh_token",
        ),
        (
            "/oauth/token",
            "grant_type=refresh_token&Refresh_Token=a",
            "refresh_token",
        ),
        ("/oauth/revoke", "", "token"),
        (
            "/oauth/revoke",
            "token=&token_type_hint=access_token",
            "token",
        ),
        ("/oauth/introspect", "refresh_token=a", "token"),
    ] {
        let answer = post_as(&app, path, Some(FORM), body.as_bytes()).await;
        let expected = (400, "invalid_request".to_owned(), required(name));
        assert_eq!(said(&answer), expected, "{path} {body}");
    }
}

#[tokio::test]
async fn another_grant_is_not_supported_whatever_comes_with_it() {
    let app = spawn().await;
    let token = app.expired_token();

    for grant in [
        "password",
        "client_credentials",
        "Refresh_Token",
        "refresh_token ",
    ] {
        let parameters = [("grant_type", grant), ("refresh_token", &token)];
        let answer = post(&app, "/oauth/token", &parameters).await;
        let why = "the grant_type must be refresh_token".to_owned();
        assert_eq!(
            said(&answer),
            (400, "unsupported_grant_type".to_owned(), why)
        );
        assert_headers(&answer);
    }
}

#[tokio::test]
async fn what_is_not_labelled_as_a_form_is_none() {
    let app = spawn_confidential().await;
    let token = app.expired_token();
    let good = form(&[
        ("grant_type", "refresh_token"),
        ("refresh_token", &token),
        ("token", "x"),
    ]);
    let json = format!(r#"{{"grant_type":"refresh_token","refresh_token":"{token}"}}"#);

    for path in ENDPOINTS {
        for (media_type, body) in [
            (Some("application/json"), &json),
            (Some("application/json"), &good),
            (Some("multipart/form-data; boundary=x"), &good),
            (Some("text/plain"), &good),
            (Some(""), &good),
            (None, &good),
            (None, &json),
        ] {
            let answer = post_as(&app, path, media_type, body.as_bytes()).await;
            let why = format!("the body must be {FORM}");
            assert_eq!(said(&answer), (415, "invalid_request".to_owned(), why));
            assert_headers(&answer);
        }
        let in_a_form = post_as(&app, path, Some(FORM), json.as_bytes()).await;
        assert_eq!(said(&in_a_form).1, "invalid_request");
    }
}

#[tokio::test]
async fn the_label_of_a_form_may_be_in_any_case_and_have_parameters() {
    let app = spawn_confidential().await;

    for media_type in [
        "application/x-www-form-urlencoded; charset=UTF-8",
        "Application/X-WWW-Form-URLEncoded;charset=utf-8",
        " application/x-www-form-urlencoded ; x=y",
    ] {
        let answer = post_as(&app, "/oauth/revoke", Some(media_type), b"token=x").await;
        assert_eq!(answer.status, 200, "{media_type}");
    }
}

#[tokio::test]
async fn a_body_over_16_kib_is_too_large() {
    let app = spawn_confidential().await;
    let body = format!("token={}", "a".repeat(16 * 1024));

    for path in ENDPOINTS {
        let answer = post_as(&app, path, Some(FORM), body.as_bytes()).await;
        let why = "the body is larger than 16 KiB".to_owned();
        assert_eq!(said(&answer), (413, "invalid_request".to_owned(), why));
        assert_headers(&answer);
    }
}

#[tokio::test]
async fn a_body_that_comes_too_slowly_or_breaks_off_is_an_invalid_request() {
    let app = spawn_with(&[("REQUEST_BODY_TIMEOUT_SECONDS", "1")]).await;
    let (mut client, server) = tokio::io::duplex(100);
    client.write_all(b"token=").await.unwrap();
    let broken = std::io::Error::other("gone");
    let broken = futures_util::stream::iter([Err::<Vec<u8>, _>(broken)]);
    let send = async |body: Body| {
        let request = request(Method::POST, "/oauth/token").content_type(FORM);
        said(&app.send(request.body(body)).await)
    };

    let slow = send(Body::from_async_read(server)).await;
    let broken = send(Body::from_bytes_stream(broken)).await;

    let expected = |status, why: &str| (status, "invalid_request".to_owned(), why.to_owned());
    assert_eq!(slow, expected(408, "the body took too long to arrive"));
    assert_eq!(broken, expected(400, "the body could not be read"));
}

#[tokio::test]
async fn parameters_in_the_address_are_not_read() {
    let app = spawn_confidential().await;
    let token = app.expired_token();
    let query = form(&[
        ("grant_type", "refresh_token"),
        ("refresh_token", &token),
        ("token", &token),
    ]);

    for path in ENDPOINTS {
        let address = format!("{path}?{query}");
        let nothing = post_as(&app, &address, Some(FORM), b"").await;
        assert_eq!(said(&nothing).1, "invalid_request", "{path}");
        let other = post_as(&app, &address, Some(FORM), b"token=x").await;
        assert_ne!(other.body_json()["active"], true);
    }
    let public = spawn().await;
    assert_eq!(exchange(&public, &token).await.status, 200);
}
