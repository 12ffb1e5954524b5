//! A Cognito that answers what a test tells it to.

use poem::http::Method;
use serde_json::{Value, json};
use tokio::time::timeout;
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

use crate::harness::process::PATIENCE;
use crate::harness::{ADMIN, Answer, TestApp, logs, request, spawn_with};

/// The app client of the tests.
pub(super) const CLIENT: &str = "1h57kf5cpq17m0eml12EXAMPLE";

/// Its secret, where it has one.
pub(super) const SECRET: &str = "the-secret-of-the-app-client-of-the-tests";

/// A refresh token, in five parts as those of Cognito.
pub(super) const TOKEN: &str = "eyJjdHkiOiJKV1QifQ.a2V5.aXY.Y2lwaGVy.dGhlLXRhZy1vZi1hLXRva2Vu";

/// A refresh token that takes its place.
pub(super) const NEXT: &str = "eyJjdHkiOiJKV1QifQ.a2V5.aXY.Y2lwaGVy.dGhlLXRhZy1vZi10aGUtbmV4dA";

/// Nobody gives up before that.
pub(super) const PATIENT: (&str, &str) = ("COGNITO_TIMEOUT_MILLISECONDS", "14000");

/// What `InitiateAuth` answers to a good refresh token.
pub(super) fn granted(access_token: &str) -> ResponseTemplate {
    let result = json!({"AccessToken": access_token, "ExpiresIn": 3600, "TokenType": "Bearer"});
    ResponseTemplate::new(200).set_body_json(json!({"AuthenticationResult": result}))
}

/// The answer of another status, with the name of an exception.
pub(super) fn exception(status: u16, name: &str, message: &str) -> ResponseTemplate {
    ResponseTemplate::new(status).set_body_json(json!({"__type": name, "message": message}))
}

/// What Cognito says of a refresh token that is not good.
pub(super) fn not_authorized() -> ResponseTemplate {
    exception(400, "NotAuthorizedException", "Invalid Refresh Token")
}

/// A Cognito that answers so to everything.
pub(super) async fn cognito(answer: ResponseTemplate) -> MockServer {
    let server = MockServer::start().await;
    now_answers(&server, answer).await;
    server
}

/// From now on it answers otherwise.
pub(super) async fn now_answers(server: &MockServer, answer: ResponseTemplate) {
    server.reset().await;
    let mock = Mock::given(any()).respond_with(answer);
    mock.mount(server).await;
}

/// A service that asks the Cognito at `url` about the tokens of [`CLIENT`].
pub(super) async fn spawn(url: &str, settings: &[(&str, &str)]) -> TestApp {
    for secret in [TOKEN, NEXT, SECRET] {
        logs::never(secret);
    }
    spawn_client(url, CLIENT, settings).await
}

/// The same about those of another app client.
pub(super) async fn spawn_client(url: &str, client: &str, settings: &[(&str, &str)]) -> TestApp {
    spawn_with(&[&asking(url, client)[..], settings].concat()).await
}

/// The settings of a service that asks the Cognito at `url` about an app client.
pub(super) fn asking<'a>(url: &'a str, client: &'a str) -> [(&'a str, &'a str); 4] {
    [
        ADMIN,
        ("COGNITO_REGION", "eu-central-1"),
        ("COGNITO_CLIENT_ID", client),
        ("COGNITO_ENDPOINT_URL", url),
    ]
}

/// `POST` of a refresh token.
pub(super) async fn refresh(app: &TestApp, token: &str) -> Answer {
    let request = request(Method::POST, "/auth/refresh").content_type("application/json");
    let body = json!({"refresh_token": token}).to_string();
    app.send(request.body(body)).await
}

/// The operation that a request asks for, and its body.
pub(super) fn asked(request: &Request) -> (String, Value) {
    let target = request.headers["x-amz-target"].to_str().unwrap();
    let operation = target.rsplit('.').next().unwrap();
    (operation.to_owned(), request.body_json().unwrap())
}

/// The requests that have arrived so far.
pub(super) async fn requests(server: &MockServer) -> Vec<Request> {
    server.received_requests().await.unwrap()
}

/// Waits until `number` requests have arrived at `server`.
pub(super) async fn arrived(server: &MockServer, number: usize) {
    let all = async {
        while requests(server).await.len() < number {
            tokio::task::yield_now().await;
        }
    };
    assert!(timeout(PATIENCE, all).await.is_ok(), "fewer arrive");
}

/// The audit event of an answer.
pub(super) fn event(answer: &Answer) -> Value {
    let lines = logs::lines_with(answer.header("x-request-id").unwrap());
    let events = lines.iter().map(|line| serde_json::from_str(line).unwrap());
    let mut events = events.filter(|event: &Value| event["target"] == "remint::audit");
    events.next().unwrap()["fields"].clone()
}

/// Asserts the refusal of the contract, and what the log says of it.
pub(super) fn assert_refused(answer: &Answer, outcome: &str) {
    let exact = (400, r#"{"detail":"Refresh failed"}"#);
    assert_eq!((answer.status, answer.body.as_str()), exact, "{answer:?}");
    assert_eq!(event(answer)["outcome"], outcome, "{answer:?}");
}

/// Asserts that the service says it is in trouble, and nothing of the credential.
pub(super) fn assert_unavailable(answer: &Answer) {
    let seen = (answer.status, answer.code());
    assert_eq!(seen, (503, "unavailable".to_owned()), "{answer:?}");
    assert_eq!(answer.header("retry-after"), Some("2"), "{answer:?}");
    assert_eq!(event(answer)["outcome"], "unavailable");
}
