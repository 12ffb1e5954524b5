//! The document, against what is sent.

use poem::http::Method;
use serde_json::Value;

use crate::harness::{Answer, TestApp, request, spawn};

use super::{ENDPOINTS, FORM, post, post_as, said, spawn_confidential};

async fn document(app: &TestApp) -> Value {
    let request = request(Method::GET, "/openapi.json").finish();
    app.send(request).await.body_json()
}

/// What it shows for that answer.
fn example<'a>(document: &'a Value, path: &str, answer: &Answer) -> &'a Value {
    let responses = &document["paths"][path]["post"]["responses"];
    let content = &responses[answer.status.to_string()]["content"];
    let content = content.as_object().unwrap().values().next().unwrap();
    &content["schema"]["example"]
}

#[tokio::test]
async fn a_form_that_is_filled_in_as_it_shows_is_read() {
    let app = spawn_confidential().await;
    let document = document(&app).await;

    for (path, expected) in ENDPOINTS.into_iter().zip([400, 200, 200]) {
        let body = &document["paths"][path]["post"]["requestBody"];
        let fields = body["content"][FORM]["schema"]["properties"].as_object();
        let fields = fields.unwrap().iter();
        let fields =
            fields.map(|(name, field)| (name.as_str(), field["example"].as_str().unwrap()));
        let fields: Vec<_> = fields.collect();

        let answer = post(&app, path, &fields).await;

        assert_eq!(answer.status, expected, "{path} {answer:?}");
        assert_ne!(said(&answer).1, "invalid_request", "{path}");
    }
}

#[tokio::test]
async fn refusals_are_shown_as_they_are_sent() {
    let app = spawn_confidential().await;
    let document = document(&app).await;
    let large = vec![b'a'; 16 * 1024 + 1];

    for path in ENDPOINTS {
        let nobody = request(Method::POST, path).content_type(FORM);
        for answer in [
            app.send(nobody.body("token=x")).await,
            post_as(&app, path, Some(FORM), &large).await,
            post_as(&app, path, Some("text/plain"), b"token=x").await,
        ] {
            assert!(answer.status > 400, "{answer:?}");
            assert_eq!(example(&document, path, &answer), &answer.body_json());
        }
    }
    for path in &ENDPOINTS[1..] {
        let answer = post_as(&app, path, Some(FORM), b"").await;
        assert_eq!(example(&document, path, &answer), &answer.body_json());
    }
}

#[tokio::test]
async fn a_token_that_is_not_exchanged_is_shown_as_it_is_said() {
    let app = spawn().await;
    let token = app.expired_token();
    post(&app, "/oauth/revoke", &[("token", &token)]).await;
    let parameters = [
        ("grant_type", "refresh_token"),
        ("refresh_token", token.as_str()),
    ];

    let answer = post(&app, "/oauth/token", &parameters).await;

    let document = document(&app).await;
    assert_eq!(answer.status, 400);
    assert_eq!(
        example(&document, "/oauth/token", &answer),
        &answer.body_json()
    );
}
