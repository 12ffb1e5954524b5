//! What came back, and what tests say about it.

use std::fmt;

use http::HeaderMap;
use serde_json::Value;

use super::outcome::{self, FreshTokens, Outcome};

/// The members of bodies whose values are nobody's business but the test's.
const SECRETS: [&str; 7] = [
    "access_token",
    "refresh_token",
    "accessToken",
    "refreshToken",
    "RefreshToken",
    "Token",
    "token",
];

/// An answer of the service.
///
/// Methods that begin with `assert` panic, and say what was expected and what came; tokens are left
/// out there, as logs of test runs are read by many.
#[derive(Clone)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body, as it was sent.
    pub body: String,
    request: String,
}

impl Answer {
    /// The answer to `request`, such as `POST /api/auth/refresh`.
    pub fn new(
        request: impl Into<String>,
        status: u16,
        headers: HeaderMap,
        body: impl Into<String>,
    ) -> Self {
        Self {
            status,
            headers,
            body: body.into(),
            request: request.into(),
        }
    }

    /// The body as JSON; null where it is none.
    pub fn body_json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_default()
    }

    /// The header of that name, if it is there once or more and is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The problem's `code`; empty where there is none.
    pub fn code(&self) -> String {
        let body = self.body_json();
        let code = body.get("code").and_then(Value::as_str);
        code.unwrap_or_default().to_owned()
    }

    /// The value of the cookie that this answer sets under that name.
    pub fn cookie(&self, name: &str) -> Option<String> {
        let set = self.headers.get_all(http::header::SET_COOKIE).iter();
        let mut pairs =
            set.filter_map(|value| value.to_str().ok()?.split(';').next()?.split_once('='));
        pairs
            .find(|(known, _)| *known == name)
            .map(|(_, value)| value.to_owned())
    }

    /// What it means, whichever contract it is of.
    pub fn outcome(&self) -> Outcome {
        let retry_after = self
            .header("retry-after")
            .and_then(|value| value.parse().ok());
        let body = self.body_json();
        match self.status {
            429 => Outcome::Throttled { retry_after },
            503 => Outcome::Unavailable { retry_after },
            500.. => Outcome::Failed,
            // An envelope says no with 200.
            200..300 if body.get("success") != Some(&Value::Bool(false)) => {
                FreshTokens::find(&body, self.only_cookie())
                    .map_or(Outcome::Done, Outcome::Refreshed)
            }
            _ => Outcome::Refused(outcome::reason(&body).unwrap_or_default().to_owned()),
        }
    }

    /// The value of the one cookie that is set and not deleted.
    fn only_cookie(&self) -> Option<&str> {
        let pair = self.header("set-cookie")?.split(';').next()?;
        let (_, value) = pair.split_once('=')?;
        (!value.is_empty()).then_some(value)
    }

    /// Asserts that there are fresh tokens, and hands them over.
    #[track_caller]
    pub fn assert_refreshed(&self) -> FreshTokens {
        if let Outcome::Refreshed(tokens) = self.outcome() {
            return tokens;
        }
        self.fail("fresh tokens")
    }

    /// The access token of an answer that must have one.
    #[track_caller]
    pub fn access_token(&self) -> String {
        self.assert_refreshed().access_token
    }

    /// Asserts that the credential was refused, for that reason in the contract's own word:
    /// `token_reused`, `invalid_grant`, `INVALID_TOKEN`, `Refresh failed`, ….
    #[track_caller]
    pub fn assert_refused(&self, reason: &str) -> &Self {
        if self.outcome() != Outcome::Refused(reason.to_owned()) {
            self.fail(&format!("a refusal, {reason}"));
        }
        self
    }

    /// Asserts that there were too many attempts.
    #[track_caller]
    pub fn assert_throttled(&self) -> &Self {
        if !matches!(self.outcome(), Outcome::Throttled { .. }) {
            self.fail("too many attempts");
        }
        self
    }

    /// Asserts that the service says it is in trouble itself.
    #[track_caller]
    pub fn assert_unavailable(&self) -> &Self {
        if !matches!(self.outcome(), Outcome::Unavailable { .. }) {
            self.fail("trouble of the service's own");
        }
        self
    }

    /// Asserts the status.
    #[track_caller]
    pub fn assert_status(&self, status: u16) -> &Self {
        if self.status != status {
            self.fail(&status.to_string());
        }
        self
    }

    #[expect(clippy::panic, reason = "an assertion is there to fail its test")]
    #[track_caller]
    fn fail(&self, expected: &str) -> ! {
        panic!("expected: {expected}\n{self:?}")
    }
}

/// What was asked, the status and the body, without tokens.
impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "answered: {} to {}", self.status, self.request)?;
        let mut body = self.body_json();
        if body.is_null() {
            // No token stands in what is no JSON: the documents, the metrics, an empty body.
            return write!(f, "\n{}", self.body);
        }
        hide(&mut body);
        write!(f, "\n{body:#}")
    }
}

/// Puts a word in the place of every token.
fn hide(value: &mut Value) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                if SECRETS.contains(&name.as_str()) && value.is_string() {
                    *value = "<token>".into();
                } else {
                    hide(value);
                }
            }
        }
        Value::Array(values) => values.iter_mut().for_each(hide),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
