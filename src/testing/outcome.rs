//! What an answer means, in whichever contract's words it says that.

use std::fmt;

use serde_json::Value;

use super::jwt;

/// What came of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It was done, and there are no tokens to tell of.
    Done,
    /// The service is at fault.
    Failed,
    /// There are fresh tokens.
    Refreshed(FreshTokens),
    /// No, and trying again does not help: why, in the contract's own word.
    Refused(String),
    /// Not now: too many attempts.
    Throttled {
        /// After so many seconds.
        retry_after: Option<u64>,
    },
    /// Not now: the service is in trouble.
    Unavailable {
        /// After so many seconds.
        retry_after: Option<u64>,
    },
}

/// What a refresh brings. Its text appears in no `Debug` output.
#[derive(Clone, PartialEq, Eq)]
pub struct FreshTokens {
    /// The access token.
    pub access_token: String,
    /// The refresh token, where the contract hands out another one.
    pub refresh_token: Option<String>,
    /// For how many seconds the access token lives, where the contract says so.
    pub expires_in: Option<u64>,
}

impl FreshTokens {
    /// What the access token says; null where that is no JSON.
    pub fn claims(&self) -> Value {
        jwt::payload(&self.access_token).unwrap_or_default()
    }

    /// Those of a body, or of the cookie that the contract `cookie` sets.
    pub(super) fn find(body: &Value, cookie: Option<&str>) -> Option<Self> {
        let text = |pointers: &[&str]| {
            let mut found = pointers.iter().filter_map(|pointer| body.pointer(pointer));
            found.find_map(Value::as_str).map(str::to_owned)
        };
        let in_body = text(&["/access_token", "/data/accessToken", "/Token", "/token"]);
        let refresh_token = text(&[
            "/refresh_token",
            "/data/refreshToken",
            "/RefreshToken",
            "/refreshToken",
        ]);
        Some(Self {
            access_token: in_body.or_else(|| cookie.map(str::to_owned))?,
            refresh_token,
            expires_in: body.get("expires_in").and_then(Value::as_u64),
        })
    }
}

impl fmt::Debug for FreshTokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FreshTokens")
            .field("claims", &self.claims())
            .field("has_refresh_token", &self.refresh_token.is_some())
            .field("expires_in", &self.expires_in)
            .finish_non_exhaustive()
    }
}

/// The word for why not: where each contract has it, the most exact one first.
pub(super) fn reason(body: &Value) -> Option<&str> {
    let places = ["/code", "/errors/0/code", "/error", "/detail", "/message"];
    let mut found = places.iter().filter_map(|place| body.pointer(place));
    found.find_map(Value::as_str)
}
