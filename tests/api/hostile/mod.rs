//! Hostile tokens: what comes before the signature is refused without a word, what comes after it
//! is judged strictly.

mod edits;
mod genuine;
mod headers;
mod spellings;

use poem::http::{HeaderMap, Method};

use crate::harness::{Answer, SECRET, START, TestApp, jwt, request, spawn, spawn_with};

/// The header of these tests, without `typ`.
const ALG: &str = r#"{"alg":"HS256"}"#;

/// The payload of a token of alice that is exchanged.
fn payload() -> String {
    format!(r#"{{"sub":"alice","exp":{}}}"#, START - 60)
}

/// A genuine token with that header.
fn with_header(header: &str) -> String {
    jwt::hs256(header, payload(), SECRET)
}

/// A service, and its answer to a token that only lacks the right key.
struct Target {
    app: TestApp,
    reference: Answer,
}

impl Target {
    async fn new() -> Self {
        Self::of(spawn().await).await
    }

    async fn with(settings: &[(&str, &str)]) -> Self {
        Self::of(spawn_with(settings).await).await
    }

    async fn of(app: TestApp) -> Self {
        let honest = jwt::hs256(jwt::HS256, payload(), "a key that is not the service's");
        let reference = app.refresh(&honest).await;
        assert_eq!(
            (reference.status, reference.code().as_str()),
            (401, "invalid_token")
        );
        Self { app, reference }
    }

    /// Asserts that nobody can tell `token` from one of another key.
    async fn assert_refused(&self, token: &str, what: &str) {
        let answer = self.app.refresh(token).await;
        self.assert_same(&answer, what);
    }

    /// Asserts that `answer` is the reference byte for byte, but for the request's id.
    fn assert_same(&self, answer: &Answer, what: &str) {
        let reference = &self.reference;
        assert_eq!(answer.status, reference.status, "{what}: {answer:?}");
        assert_eq!(answer.body, reference.body, "{what}");
        assert_eq!(
            without_id(&answer.headers),
            without_id(&reference.headers),
            "{what}"
        );
        let (id, other) = (
            answer.header("x-request-id"),
            reference.header("x-request-id"),
        );
        assert!(id.is_some() && id != other, "{what}");
    }

    async fn assert_accepted(&self, token: &str, what: &str) {
        let answer = self.app.refresh(token).await;
        assert_eq!(answer.status, 200, "{what}: {answer:?}");
    }

    /// Asserts that `token` verifies and is still not exchanged.
    async fn assert_judged(&self, token: &str, code: &str, what: &str) {
        let answer = self.app.refresh(token).await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (401, code),
            "{what}: {answer:?}"
        );
    }

    /// The answer to `token` in the header.
    async fn in_header(&self, token: &str) -> Answer {
        let request = request(Method::POST, "/api/auth/refresh");
        let header = format!("Bearer {token}");
        self.app
            .send(request.header("authorization", header).finish())
            .await
    }
}

/// The headers in the order in which they are sent.
fn without_id(headers: &HeaderMap) -> Vec<(&str, &[u8])> {
    headers
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_bytes()))
        .filter(|(name, _)| *name != "x-request-id")
        .collect()
}
