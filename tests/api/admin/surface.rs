//! What is on which listener.

use std::collections::BTreeSet;

use poem::http::Method;
use serde_json::{Value, json};

use super::spawn_admin;
use crate::harness::{ADMIN_KEY, TestApp, request};

fn paths(document: &Value) -> BTreeSet<&str> {
    document["paths"]
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect()
}

async fn documents(app: &TestApp) -> [Value; 2] {
    let get = || request(Method::GET, "/openapi.json").finish();
    [
        app.send(get()).await.body_json(),
        app.send_admin(get()).await.body_json(),
    ]
}

#[tokio::test]
async fn the_listeners_share_nothing_but_their_probes() {
    let app = spawn_admin().await;

    let [public, admin] = documents(&app).await;

    let shared: Vec<_> = paths(&public)
        .intersection(&paths(&admin))
        .copied()
        .collect();
    assert_eq!(shared, ["/healthz", "/readyz"]);
    assert!(!public.to_string().contains("adminKey"));
}

#[tokio::test]
async fn nothing_of_the_admins_is_on_the_public_listener() {
    let app = spawn_admin().await;

    for path in ["/admin/sessions?user=alice", "/admin/cut-offs", "/admin"] {
        for method in [Method::GET, Method::POST, Method::DELETE] {
            let request =
                request(method, path).header("authorization", format!("Bearer {ADMIN_KEY}"));
            assert_eq!(app.send(request.finish()).await.status, 404, "{path}");
        }
    }
}

#[tokio::test]
async fn the_document_says_which_operations_need_the_key() {
    let app = spawn_admin().await;

    let [_, document] = documents(&app).await;

    for (path, operations) in document["paths"].as_object().unwrap() {
        for operation in operations.as_object().unwrap().values() {
            let needed = &operation["security"];
            let is_open = path.ends_with('z');
            let expected = if is_open {
                Value::Null
            } else {
                json!([{"adminKey": []}])
            };
            assert_eq!(*needed, expected, "{path}");
            assert_eq!(operation["responses"].get("401").is_none(), is_open);
        }
    }
    let scheme = &document["components"]["securitySchemes"]["adminKey"];
    assert_eq!(
        (&scheme["type"], &scheme["scheme"]),
        (&json!("http"), &json!("bearer"))
    );
}

#[tokio::test]
async fn every_refusal_in_the_document_shows_a_problem_of_its_own_status() {
    let app = spawn_admin().await;

    let [_, document] = documents(&app).await;

    let mut seen = 0;
    for operations in document["paths"].as_object().unwrap().values() {
        for operation in operations.as_object().unwrap().values() {
            for (status, response) in operation["responses"].as_object().unwrap() {
                let schema = &response["content"]["application/problem+json"]["schema"];
                if let Some(example) = schema.get("example") {
                    assert_eq!(example["status"].to_string(), *status);
                    seen += 1;
                }
            }
        }
    }
    assert!(seen > 20, "{seen}");
}

#[tokio::test]
async fn a_wrong_method_names_the_right_ones_also_below_a_name() {
    let app = spawn_admin().await;

    for (method, path, allow) in [
        (Method::PUT, "/admin/sessions", "GET, HEAD, POST"),
        (Method::GET, "/admin/cut-offs", "POST"),
        (
            Method::GET,
            "/admin/sessions/7d5bd26e-6825-4797-8fa3-75bd26bc0848",
            "DELETE",
        ),
    ] {
        let answer = app.admin(method, path, "").await;

        let mut names: Vec<_> = answer.header("allow").unwrap().split(", ").collect();
        names.sort_unstable();
        assert_eq!(
            (answer.status, names.join(", ").as_str()),
            (405, allow),
            "{path}"
        );
    }
}

#[tokio::test]
async fn answers_may_neither_be_kept_nor_sniffed() {
    let app = spawn_admin().await;

    for (path, status) in [("/admin/sessions?user=alice", 200), ("/admin/nothing", 404)] {
        let answer = app.admin(Method::GET, path, "").await;

        assert_eq!(answer.status, status);
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
        assert_eq!(answer.header("x-request-id").unwrap().len(), 36);
    }
}

#[tokio::test]
async fn while_it_drains_neither_listener_is_ready() {
    let app = spawn_admin().await;
    let probe = || request(Method::GET, "/readyz").finish();
    assert_eq!(app.send_admin(probe()).await.status, 200);

    app.readiness.drain();

    assert_eq!(app.send_admin(probe()).await.status, 503);
    assert_eq!(app.send(probe()).await.status, 503);
}
