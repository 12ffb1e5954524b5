//! What the document says of limits.

use poem::http::Method;
use serde_json::Value;

use crate::harness::{ADMIN, TestApp, request, spawn_with};

const HEADERS: [&str; 4] = [
    "RateLimit-Limit",
    "RateLimit-Remaining",
    "RateLimit-Reset",
    "Retry-After",
];

/// What the document says of the 429 of each `POST` that has one, by the path.
fn throttled(document: &Value) -> Vec<(&String, &Value)> {
    let paths = document["paths"].as_object().unwrap().iter();
    let answers = paths.map(|(path, methods)| (path, &methods["post"]["responses"]["429"]));
    answers.filter(|(_, answer)| answer.is_object()).collect()
}

async fn documents(app: &TestApp) -> [Value; 2] {
    let get = || request(Method::GET, "/openapi.json").finish();
    [app.send(get()).await, app.send_admin(get()).await].map(|answer| answer.body_json())
}

#[tokio::test]
async fn every_refresh_and_the_logout_may_be_too_many_and_say_when_to_come_again() {
    let [public, _] = documents(&spawn_with(&[ADMIN]).await).await;

    let throttled = throttled(&public);

    let paths: Vec<_> = throttled.iter().map(|(path, _)| path.as_str()).collect();
    insta::assert_json_snapshot!(paths, @r##"
    [
      "/api/auth/refresh",
      "/api/auth/refresh#cookie",
      "/api/auth/refresh#token_pair",
      "/auth/refresh",
      "/api/auth/refresh#refresh_token",
      "/api/refresh",
      "/oauth/token",
      "/oauth/revoke",
      "/oauth/introspect",
      "/api/auth/logout"
    ]
    "##);
    for (path, answer) in throttled {
        let headers: Vec<_> = answer["headers"].as_object().unwrap().keys().collect();
        assert!(
            HEADERS
                .iter()
                .all(|name| headers.iter().any(|one| one == name)),
            "{path}"
        );
    }
}

#[tokio::test]
async fn every_admin_operation_may_be_too_many_wrong_keys() {
    let [_, admin] = documents(&spawn_with(&[ADMIN]).await).await;

    for (path, methods) in admin["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let says = operation["responses"]["429"].is_object();
            assert_eq!(says, !path.ends_with('z'), "{method} {path}");
        }
    }
}
