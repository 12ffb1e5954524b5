//! A frontend that keeps its tokens in a store of its own, whichever contract it speaks.

use poem::http::Method;
use remint::domain::Contract;
use serde_json::json;

use crate::harness::{Answer, TestApp, request};

/// The contracts whose tokens travel in bodies.
pub(in crate::api) const CONTRACTS: [Contract; 4] = [
    Contract::Envelope,
    Contract::OAuth2,
    Contract::RefreshToken,
    Contract::TokenPair,
];

/// Those of them whose refresh tokens are good once.
pub(in crate::api) const ROTATED: [Contract; 3] =
    [Contract::Envelope, Contract::OAuth2, Contract::TokenPair];

/// A frontend of alice.
#[derive(Clone)]
pub(in crate::api) struct Frontend {
    pub(in crate::api) contract: Contract,
    pub(in crate::api) access_token: String,
    pub(in crate::api) refresh_token: String,
}

impl Frontend {
    /// One that has just logged in.
    pub(in crate::api) async fn log_in(app: &TestApp, contract: Contract) -> Self {
        let grant = app.start(contract, "alice").await;
        Self {
            contract,
            access_token: grant.access_token,
            refresh_token: grant.refresh_token.unwrap(),
        }
    }

    /// The answer to the tokens that it has.
    pub(in crate::api) async fn send(&self, app: &TestApp) -> Answer {
        let (path, body) = match self.contract {
            Contract::Envelope => ("/api/refresh", json!({"refreshToken": self.refresh_token})),
            Contract::RefreshToken => (
                "/auth/refresh",
                json!({"refresh_token": self.refresh_token}),
            ),
            Contract::TokenPair => (
                "/api/auth/refresh",
                json!({"Token": self.access_token, "RefreshToken": self.refresh_token}),
            ),
            Contract::OAuth2 => return exchange(app, &self.refresh_token).await,
            Contract::Cookie | Contract::ExpiredToken => panic!("no refresh token in a body"),
        };
        post(app, path, body.to_string()).await
    }

    /// Refreshes, which must succeed, and keeps what it gets.
    pub(in crate::api) async fn refresh(&mut self, app: &TestApp) -> Answer {
        let answer = self.send(app).await;
        self.keep(&answer);
        answer
    }

    /// Keeps the tokens of that answer.
    pub(in crate::api) fn keep(&mut self, answer: &Answer) {
        let body = answer.body_json();
        let text = |pointer| body.pointer(pointer).and_then(|text| text.as_str());
        let (access, refresh) = match self.contract {
            Contract::Envelope => (text("/data/accessToken"), text("/data/refreshToken")),
            Contract::OAuth2 => (text("/access_token"), text("/refresh_token")),
            Contract::TokenPair => (text("/Token"), text("/RefreshToken")),
            Contract::RefreshToken | Contract::Cookie | Contract::ExpiredToken => {
                (text("/access_token"), Some(self.refresh_token.as_str()))
            }
        };
        let (Some(access), Some(refresh)) = (access, refresh) else {
            panic!("no tokens in {answer:?}");
        };
        (self.access_token, self.refresh_token) = (access.to_owned(), refresh.to_owned());
    }

    /// Asserts that its tokens are refused as every bad credential is.
    pub(in crate::api) async fn assert_refused(&self, app: &TestApp, what: &str) {
        assert_refused(app, self.contract, &self.send(app).await, what);
    }
}

/// One frontend of each contract.
pub(in crate::api) async fn log_in_by_every_contract(app: &TestApp) -> Vec<Frontend> {
    let mut frontends = Vec::new();
    for contract in CONTRACTS {
        frontends.push(Frontend::log_in(app, contract).await);
    }
    frontends
}

/// `POST` of that body as JSON.
pub(in crate::api) async fn post(app: &TestApp, path: &str, body: impl Into<Vec<u8>>) -> Answer {
    let request = request(Method::POST, path).content_type("application/json");
    app.send(request.body(body.into())).await
}

/// `POST` of those parameters as a form.
pub(in crate::api) async fn post_form(
    app: &TestApp,
    path: &str,
    parameters: &[(&str, &str)],
) -> Answer {
    let mut form = form_urlencoded::Serializer::new(String::new());
    let body = form.extend_pairs(parameters).finish();
    let request = request(Method::POST, path).content_type("application/x-www-form-urlencoded");
    app.send(request.body(body)).await
}

/// `POST /oauth/token` with that refresh token.
pub(in crate::api) async fn exchange(app: &TestApp, refresh_token: &str) -> Answer {
    let parameters = [
        ("grant_type", "refresh_token"),
        ("refresh_token", refresh_token),
    ];
    post_form(app, "/oauth/token", &parameters).await
}

/// The timestamp of an envelope that is sent now.
pub(in crate::api) fn timestamp(app: &TestApp) -> String {
    app.now().format("%FT%T").to_string()
}

/// Why `oauth2` exchanges no token.
const EXPLANATIONS: [&str; 7] = [
    "the session has reached its maximum age",
    "the session was revoked",
    "the session was revoked: it is not younger than the user's cut-off",
    "the token is not valid",
    "the token was exchanged before",
    "the user does not exist",
    "the user is not active",
];

/// Asserts that the answer is what the contract says to bad credentials, to the byte.
pub(in crate::api) fn assert_refused(
    app: &TestApp,
    contract: Contract,
    answer: &Answer,
    what: &str,
) {
    let (status, body) = match contract {
        Contract::Envelope => (
            200,
            format!(
                r#"{{"success":false,"errors":[{{"field":"refreshToken","message":"Invalid or expired refresh token","code":"INVALID_TOKEN"}}],"timestamp":"{}"}}"#,
                timestamp(app)
            ),
        ),
        // Its holder is told why.
        Contract::OAuth2 => {
            let why = answer.body_json()["error_description"].take();
            assert!(EXPLANATIONS.contains(&why.as_str().unwrap()), "{what}: {why}");
            let body = format!(r#"{{"error":"invalid_grant","error_description":{why}}}"#);
            (400, body)
        }
        Contract::TokenPair => (
            404,
            r#"{"errors":[{"code":"invalid_refresh_token","message":"Invalid refresh token","type":"NotFound"}]}"#.to_owned(),
        ),
        Contract::RefreshToken | Contract::Cookie | Contract::ExpiredToken => {
            (400, r#"{"detail":"Refresh failed"}"#.to_owned())
        }
    };
    assert_eq!((answer.status, &answer.body), (status, &body), "{what}");
    assert_headers(answer);
}

/// Asserts that the service says it is in trouble itself, in the contract's shape.
pub(in crate::api) fn assert_unavailable(app: &TestApp, contract: Contract, answer: &Answer) {
    let body = unavailable(app, contract, "the service cannot answer at the moment");
    assert_eq!((answer.status, &answer.body), (503, &body));
    assert_eq!(answer.header("retry-after"), Some("2"));
    assert_headers(answer);
}

/// What the contract says of trouble of the service's own, with `detail` where it tells that.
pub(in crate::api) fn unavailable(app: &TestApp, contract: Contract, detail: &str) -> String {
    match contract {
        Contract::Cookie => {
            r#"{"success":false,"message":"An error occurred while refreshing token"}"#.to_owned()
        }
        Contract::Envelope => format!(
            r#"{{"success":false,"errors":[{{"field":"service","message":"The service cannot answer at the moment","code":"UNAVAILABLE"}}],"timestamp":"{}"}}"#,
            timestamp(app)
        ),
        Contract::OAuth2 => r#"{"error":"temporarily_unavailable"}"#.to_owned(),
        Contract::TokenPair => {
            r#"{"errors":[{"code":"unavailable","message":"The service cannot answer at the moment","type":"Server"}]}"#.to_owned()
        }
        Contract::RefreshToken | Contract::ExpiredToken => format!(
            r#"{{"type":"/problems/unavailable","title":"Temporarily unavailable","status":503,"detail":"{detail}","code":"unavailable","action":"wait"}}"#
        ),
    }
}

/// Asserts that nobody on the way keeps the answer.
pub(in crate::api) fn assert_headers(answer: &Answer) {
    for (name, value) in [
        ("cache-control", "no-store"),
        ("pragma", "no-cache"),
        ("x-content-type-options", "nosniff"),
    ] {
        assert_eq!(answer.header(name), Some(value), "{name}");
    }
    assert!(answer.header("x-request-id").is_some());
    assert_eq!(answer.header("set-cookie"), None);
    assert_eq!(answer.header("www-authenticate"), None);
}
