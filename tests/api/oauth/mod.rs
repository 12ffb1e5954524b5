//! OAuth 2.0, as the libraries of clients and resource servers see it.

mod client;
mod document;
mod forms;
mod introspect;
mod log;
mod metadata;
mod revoke;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use poem::http::Method;

use crate::harness::{Answer, TestApp, logs, request, spawn_with};

/// The endpoints that take forms.
const ENDPOINTS: [&str; 3] = ["/oauth/token", "/oauth/revoke", "/oauth/introspect"];

/// The client of the tests, and its secret.
const ID: (&str, &str) = ("OAUTH_CLIENT_ID", "shop:web");
const SECRET: (&str, &str) = (
    "OAUTH_CLIENT_SECRET",
    "the+secret%of=the&client-of-the-tests",
);

const FORM: &str = "application/x-www-form-urlencoded";

/// A service whose client has a secret.
async fn spawn_confidential() -> TestApp {
    logs::never(SECRET.1);
    spawn_with(&[ID, SECRET]).await
}

/// `POST` of that body, as the client.
async fn post_as(app: &TestApp, path: &str, media_type: Option<&str>, body: &[u8]) -> Answer {
    let mut request = request(Method::POST, path).header("authorization", own());
    if let Some(media_type) = media_type {
        request = request.header("content-type", media_type);
    }
    app.send(request.body(body.to_vec())).await
}

/// The same of parameters.
async fn post(app: &TestApp, path: &str, parameters: &[(&str, &str)]) -> Answer {
    post_as(app, path, Some(FORM), form(parameters).as_bytes()).await
}

fn form(parameters: &[(&str, &str)]) -> String {
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.extend_pairs(parameters).finish()
}

/// The header of whoever has that id and secret, encoded as RFC 6749 §2.3.1 wants it.
fn basic(id: &str, secret: &str) -> String {
    let encode = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    raw_basic(&format!("{}:{}", encode(id), encode(secret)))
}

fn raw_basic(text: &str) -> String {
    format!("Basic {}", STANDARD.encode(text))
}

/// The client's own header.
fn own() -> String {
    basic(ID.1, SECRET.1)
}

/// `error`, and what is said of it.
fn said(answer: &Answer) -> (u16, String, String) {
    let body = answer.body_json();
    let text = |name| body[name].as_str().unwrap_or_default().to_owned();
    (answer.status, text("error"), text("error_description"))
}
