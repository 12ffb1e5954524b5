//! What the document says is so.

use std::collections::BTreeSet;

use poem::http::Method;
use serde_json::Value;

use crate::harness::{TestApp, request, spawn};

/// The operations of the public document: path, method, and what it says of each.
async fn operations(app: &TestApp) -> Vec<(String, Method, Value)> {
    let document = app.send(request(Method::GET, "/openapi.json").finish());
    let document = document.await.body_json();
    let mut all = Vec::new();
    for (path, operations) in document["paths"].as_object().unwrap() {
        for (method, operation) in operations.as_object().unwrap() {
            let method = method.to_uppercase().parse().unwrap();
            all.push((path.clone(), method, operation.clone()));
        }
    }
    all
}

#[tokio::test]
async fn every_operation_is_there() {
    let app = spawn().await;

    for (path, method, operation) in operations(&app).await {
        // Those with a `#` share an address, and are told apart by what is sent there.
        if path.contains('#') {
            continue;
        }
        let answer = app.send(request(method, &path).finish()).await;
        let documented = operation["responses"].get(answer.status.to_string());
        assert!(documented.is_some(), "{path}: {answer:?}");
        assert!(answer.status < 500, "{path}: {answer:?}");
        // Without a client there is nobody who may look at tokens, so it says so.
        assert!(
            answer.status != 404 || path == "/oauth/introspect",
            "{path}"
        );
    }
}

#[tokio::test]
async fn every_operation_has_a_name_of_its_own_and_nothing_in_its_address() {
    let app = spawn().await;

    let mut names = BTreeSet::new();
    for (path, _, operation) in operations(&app).await {
        let name = operation["operationId"].as_str().unwrap();
        assert!(names.insert(name.to_owned()), "{name} is named twice");
        let parameters = operation["parameters"].as_array().into_iter().flatten();
        let mut places = parameters.map(|parameter| parameter["in"].as_str().unwrap());
        let in_address = places.any(|place| ["path", "query"].contains(&place));
        assert!(!in_address && !path.contains('{'), "{path}");
    }
    assert!(names.contains("refreshToken"), "{names:?}");
}
