//! The client for browsers, as a page gets it.

use poem::http::Method;

use crate::harness::{request, spawn, spawn_with};

/// Where each file is, what it is and what is in it.
const FILES: [(&str, &str, &str); 2] = [
    (
        "/client.js",
        "text/javascript; charset=utf-8",
        include_str!("../../web/client/remint.js"),
    ),
    (
        "/client.d.ts",
        "text/plain; charset=utf-8",
        include_str!("../../web/client/remint.d.ts"),
    ),
];

#[tokio::test]
async fn pages_of_any_origin_may_load_the_client() {
    // It is no page for people.
    let app = spawn_with(&[("UI", "off")]).await;

    for (path, media_type, text) in FILES {
        let question = request(Method::GET, path).header("origin", "https://app.example.com");
        let answer = app.send(question.finish()).await;

        assert_eq!((answer.status, answer.body.as_str()), (200, text), "{path}");
        for (name, value) in [
            ("content-type", media_type),
            ("access-control-allow-origin", "*"),
            ("cross-origin-resource-policy", "cross-origin"),
            ("cache-control", "no-cache"),
            ("x-content-type-options", "nosniff"),
        ] {
            assert_eq!(answer.header(name), Some(value), "{path}: {name}");
        }
        assert!(answer.header("access-control-allow-credentials").is_none());
    }
}

#[tokio::test]
async fn a_browser_that_has_the_client_does_not_get_it_again() {
    let app = spawn().await;
    for (path, ..) in FILES {
        let first = app.send(request(Method::GET, path).finish()).await;
        let tag = first.header("etag").unwrap();

        let again = request(Method::GET, path).header("if-none-match", tag);
        let answer = app.send(again.finish()).await;

        assert_eq!((answer.status, answer.body.as_str()), (304, ""), "{path}");
        let posted = app.send(request(Method::POST, path).finish()).await;
        assert_eq!(posted.header("allow"), Some("GET, HEAD"), "{path}");
    }
}
