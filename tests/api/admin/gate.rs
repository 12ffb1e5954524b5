//! Who is let in.

use poem::http::{HeaderName, Method, StatusCode};
use poem::{Request, RequestBuilder};

use super::{event, spawn_admin};
use crate::harness::{ADMIN, ADMIN_KEY, Answer, TestApp, logs, request, spawn, spawn_with};

fn list() -> RequestBuilder {
    request(Method::GET, "/admin/sessions?user=alice")
}

fn with(value: impl AsRef<[u8]>) -> Request {
    list().header("authorization", value.as_ref()).finish()
}

/// Requests without the key, each in its own way.
fn without_key() -> Vec<Request> {
    let key = format!("Bearer {ADMIN_KEY}");
    let queries = [
        "access_token",
        "api_key",
        "key",
        "ADMIN_API_KEY",
        "authorization",
    ];
    let queries = queries.map(|name| {
        let path = format!("/admin/sessions?user=alice&{name}={ADMIN_KEY}");
        request(Method::GET, &path).finish()
    });
    let mut requests = vec![
        list().finish(),
        with(""),
        with("Bearer"),
        with("Bearer "),
        with(ADMIN_KEY),
        with(format!("Basic {ADMIN_KEY}")),
        with(format!("{key}x")),
        with(key.strip_suffix('s').unwrap()),
        with(key.to_ascii_uppercase()),
        with(b"Bearer \xff\xfe"),
        list()
            .header("authorization", &key)
            .header("authorization", &key)
            .finish(),
        list()
            .header("authorization", &key)
            .header("authorization", "Basic eA==")
            .finish(),
        list().header("x-api-key", ADMIN_KEY).finish(),
        list()
            .header("cookie", format!("authorization={ADMIN_KEY}"))
            .finish(),
        request(Method::POST, "/admin/sessions").body("{"),
        request(Method::PUT, "/admin/sessions").finish(),
        request(Method::GET, "/admin/nothing").finish(),
        request(Method::GET, "//admin/sessions?user=alice").finish(),
        request(Method::GET, "/%61dmin/sessions?user=alice").finish(),
        request(Method::GET, "/docs/../admin/sessions?user=alice").finish(),
        request(Method::GET, "/nothing").finish(),
        request(Method::OPTIONS, "/admin/sessions").finish(),
    ];
    requests.extend(queries);
    requests
}

/// All that a caller sees, but for the id.
fn seen(mut answer: Answer) -> (u16, String, String) {
    answer.headers.remove("x-request-id");
    (answer.status, format!("{:?}", answer.headers), answer.body)
}

#[tokio::test]
async fn whoever_has_not_the_key_gets_one_answer_whatever_they_ask() {
    let app = spawn_admin().await;
    let expected = seen(app.send_admin(list().finish()).await);
    insta::assert_json_snapshot!(serde_json::from_str::<serde_json::Value>(&expected.2).unwrap(), @r#"
    {
      "type": "/problems/admin_refused",
      "title": "Admin key refused",
      "status": 401,
      "detail": "send the admin key as Authorization: Bearer",
      "code": "admin_refused",
      "action": "retry"
    }
    "#);
    assert!(expected.1.contains(r#""www-authenticate": "Bearer""#));

    for request in without_key() {
        let asked = format!("{request:?}");
        assert_eq!(seen(app.send_admin(request).await), expected, "{asked}");
    }
}

#[tokio::test]
async fn the_key_opens_in_every_spelling_of_the_scheme() {
    let app = spawn_admin().await;

    for scheme in ["Bearer", "bearer", "BEARER", "Bearer "] {
        let answer = app.send_admin(with(format!("{scheme} {ADMIN_KEY}"))).await;
        assert_eq!(answer.status, 200, "{scheme}");
    }
}

#[tokio::test]
async fn probes_and_documents_need_no_key() {
    let app = spawn_admin().await;
    for path in [
        "/docs",
        "/healthz",
        "/openapi.json",
        "/openapi.yaml",
        "/problems/admin_refused",
        "/readyz",
    ] {
        for method in [Method::GET, Method::HEAD] {
            let answer = app.send_admin(request(method, path).finish()).await;
            assert_eq!(answer.status, StatusCode::OK, "{path}");
        }
    }
}

#[tokio::test]
async fn a_wrong_key_is_a_warning_that_says_what_was_wrong() {
    let app = spawn_admin().await;
    let key = format!("Bearer {ADMIN_KEY}");
    let twice = list()
        .header("authorization", &key)
        .header("authorization", &key);
    logs::never("a-key-that-somebody-guessed-wrong");

    for (request, reason) in [
        (list().finish(), "no key"),
        (
            with("Bearer a-key-that-somebody-guessed-wrong"),
            "another key",
        ),
        (with("Basic eDp5"), "another scheme than Bearer"),
        (twice.finish(), "several keys, or bytes that no key has"),
    ] {
        let event = event(&app.send_admin(request).await);

        assert_eq!(event["level"], "WARN");
        let fields = &event["fields"];
        assert_eq!(
            (&fields["reason"], &fields["contract"]),
            (&reason.into(), &"admin".into())
        );
        assert_eq!(fields["outcome"], "admin_refused");
    }
}

#[tokio::test]
async fn a_page_of_another_origin_is_told_nothing() {
    let app = spawn_cors().await;
    let preflight = request(Method::OPTIONS, "/admin/sessions")
        .header("origin", "https://app.example.com")
        .header("access-control-request-method", "POST")
        .header("access-control-request-headers", "authorization");

    let asked = app.send_admin(preflight.finish()).await;
    let sent = list().header("origin", "https://app.example.com");
    let sent = sent.header("authorization", format!("Bearer {ADMIN_KEY}"));
    let sent = app.send_admin(sent.finish()).await;

    assert_eq!((asked.status, sent.status), (401, 200));
    for answer in [asked, sent] {
        let names = answer.headers.keys().map(HeaderName::as_str);
        assert!(
            !names
                .into_iter()
                .any(|name| name.starts_with("access-control"))
        );
    }
}

async fn spawn_cors() -> TestApp {
    let origin = ("CORS_ALLOWED_ORIGINS", "https://app.example.com");
    spawn_with(&[ADMIN, origin]).await
}

#[tokio::test]
async fn without_a_key_in_the_settings_there_is_no_admin_listener() {
    assert!(spawn().await.admin_endpoint.is_none());
}
