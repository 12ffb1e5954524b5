//! `/.well-known/oauth-authorization-server`: only what is there, and all of it.

use poem::http::Method;
use poem::http::uri::Scheme;
use poem::web::{LocalAddr, RemoteAddr};
use poem::{Addr, Body, Request, RequestParts};
use serde_json::Value;

use crate::harness::{Answer, TestApp, request, spawn, spawn_with};

use super::{ENDPOINTS, FORM, ID, SECRET, own, spawn_confidential};

const WELL_KNOWN: &str = "/.well-known/oauth-authorization-server";

async fn get(app: &TestApp, path: &str, headers: &[(&str, &str)]) -> Answer {
    let mut request = request(Method::GET, path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    app.send(request.finish()).await
}

async fn metadata(app: &TestApp, headers: &[(&str, &str)]) -> Value {
    get(app, WELL_KNOWN, headers).await.body_json()
}

#[tokio::test]
async fn a_public_client_learns_what_there_is_for_it() {
    let app = spawn().await;

    let answer = get(&app, WELL_KNOWN, &[("host", "auth.example.com:8000")]).await;

    assert_eq!(answer.status, 200);
    assert_eq!(
        answer.header("content-type"),
        Some("application/json; charset=utf-8")
    );
    insta::assert_json_snapshot!(answer.body_json(), @r#"
    {
      "issuer": "http://auth.example.com:8000",
      "token_endpoint": "http://auth.example.com:8000/oauth/token",
      "token_endpoint_auth_methods_supported": [
        "none"
      ],
      "revocation_endpoint": "http://auth.example.com:8000/oauth/revoke",
      "revocation_endpoint_auth_methods_supported": [
        "none"
      ],
      "grant_types_supported": [
        "refresh_token"
      ],
      "response_types_supported": []
    }
    "#);
}

#[tokio::test]
async fn a_client_with_a_secret_learns_how_to_show_it() {
    let app = spawn_with(&[ID, SECRET, ("OAUTH_ISSUER", "https://auth.example.com")]).await;

    let metadata = metadata(&app, &[("host", "another.example.com")]).await;

    insta::assert_json_snapshot!(metadata, @r#"
    {
      "issuer": "https://auth.example.com",
      "token_endpoint": "https://auth.example.com/oauth/token",
      "token_endpoint_auth_methods_supported": [
        "client_secret_basic"
      ],
      "revocation_endpoint": "https://auth.example.com/oauth/revoke",
      "revocation_endpoint_auth_methods_supported": [
        "client_secret_basic"
      ],
      "introspection_endpoint": "https://auth.example.com/oauth/introspect",
      "introspection_endpoint_auth_methods_supported": [
        "client_secret_basic"
      ],
      "grant_types_supported": [
        "refresh_token"
      ],
      "response_types_supported": []
    }
    "#);
}

/// Which of the addresses are there, by the names that the metadata has for them.
async fn assert_named(app: &TestApp) {
    let metadata = metadata(app, &[("host", "a.example")]).await;
    let named = metadata.as_object().unwrap().iter();
    let named = named.filter(|(name, _)| name.ends_with("_endpoint"));
    let named: Vec<_> = named.map(|(_, url)| url.as_str().unwrap()).collect();

    for path in ENDPOINTS {
        let request = request(Method::POST, path).content_type(FORM);
        let request = request.header("authorization", own());
        let is_there = app.send(request.finish()).await.status != 404;
        let url = format!("http://a.example{path}");
        assert_eq!(named.contains(&url.as_str()), is_there, "{path}");
    }
}

#[tokio::test]
async fn each_address_that_is_named_is_there_and_no_other() {
    assert_named(&spawn().await).await;
    assert_named(&spawn_confidential().await).await;
}

#[tokio::test]
async fn an_issuer_with_a_path_is_described_where_libraries_look_for_it() {
    let app = spawn_with(&[("OAUTH_ISSUER", "https://example.com/auth/v1")]).await;
    let there = format!("{WELL_KNOWN}/auth/v1");

    let answer = get(&app, &there, &[]).await;

    let body = answer.body_json();
    assert_eq!(body["issuer"], "https://example.com/auth/v1");
    assert_eq!(
        body["token_endpoint"],
        "https://example.com/auth/v1/oauth/token"
    );
    assert_eq!(get(&app, WELL_KNOWN, &[]).await.body, answer.body);
    for path in ["", "auth", "auth/v1/", "auth/v2"] {
        let other = get(&app, &format!("{WELL_KNOWN}/{path}"), &[]).await;
        assert_eq!(
            (other.status, other.code().as_str()),
            (404, "not_found"),
            "{path}"
        );
    }
    let posted = app.send(request(Method::POST, &there).finish()).await;
    assert_eq!(
        (posted.status, posted.header("allow")),
        (405, Some("GET, HEAD"))
    );
}

#[tokio::test]
async fn without_an_issuer_the_address_of_the_request_is_the_service() {
    let app = spawn().await;

    for path in [format!("{WELL_KNOWN}/"), format!("{WELL_KNOWN}/x")] {
        assert_eq!(get(&app, &path, &[("host", "a.example")]).await.status, 404);
    }
    for headers in [
        &[][..],
        &[("host", "a.example/path")],
        &[("host", "user@a.example")],
        &[("host", "a\".example")],
        &[("host", "a.example?x")],
        &[("host", "a.example"), ("host", "b.example")],
    ] {
        let answer = get(&app, WELL_KNOWN, headers).await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (400, "bad_request")
        );
    }
}

#[tokio::test]
async fn only_a_trusted_proxy_can_say_by_which_address_the_client_asked() {
    let forwarded = [
        ("host", "10.0.0.5:8000"),
        ("x-forwarded-host", "evil.example, auth.example.com"),
        ("x-forwarded-proto", "http, https"),
    ];
    let trusting = spawn_with(&[("TRUSTED_PROXIES", "10.0.0.0/8")]).await;

    for (app, issuer) in [
        (&trusting, "https://auth.example.com"),
        (&spawn().await, "http://10.0.0.5:8000"),
    ] {
        let mut request = http::Request::get(WELL_KNOWN);
        for (name, value) in forwarded {
            request = request.header(name, value);
        }
        let (head, ()) = request.body(()).unwrap().into_parts();
        let peer = RemoteAddr(Addr::SocketAddr("10.0.0.1:4711".parse().unwrap()));
        let head = RequestParts::from((head, LocalAddr::default(), peer, Scheme::HTTP));
        let answer = app.send(Request::from_parts(head, Body::empty())).await;
        assert_eq!(answer.body_json()["issuer"], issuer);
    }
}
