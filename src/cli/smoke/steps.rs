//! The walk: one success, and each refusal that can be had without changing anything.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;

use crate::app;
use crate::config::{Config, Keys};
use crate::domain::{ClaimSet, Clock, JsonText, SystemClock};
use crate::service::TokenCodec;
use crate::token::{Secret, SigningKey};

use super::super::terminal::Failure;

/// A request and what must come back.
pub(super) struct Step {
    pub(super) name: &'static str,
    pub(super) request: Request,
    pub(super) status: u16,
    /// The problem's `code`, where a refusal is expected.
    pub(super) code: Option<&'static str>,
}

pub(super) enum Request {
    /// `GET` of a path.
    Get(&'static str),
    /// A refresh with that `Content-Type` and body.
    Refresh(&'static str, String),
    /// A check of that token.
    Verify(String),
}

impl Step {
    pub(super) fn good(name: &'static str, request: Request, status: u16) -> Self {
        Self {
            name,
            request,
            status,
            code: None,
        }
    }

    fn bad(name: &'static str, request: Request, status: u16, code: &'static str) -> Self {
        Self {
            name,
            request,
            status,
            code: Some(code),
        }
    }

    fn refused(name: &'static str, token: &str, code: &'static str) -> Self {
        Self::bad(name, refresh(token), 401, code)
    }
}

fn refresh(token: &str) -> Request {
    json_body(&json!({ "token": token }).to_string())
}

fn json_body(body: &str) -> Request {
    Request::Refresh("application/json", body.to_owned())
}

/// Every step, with tokens made by the configured key.
pub(super) fn all(
    config: &Config,
    subject: &str,
    inactive: Option<&str>,
) -> Result<Vec<Step>, Failure> {
    let tokens = Tokens::new(config)?;
    let expired = tokens.expired(subject);
    let token = tokens.codec.sign(&expired)?;
    let mut steps = vec![Step::good(
        "an expired token is exchanged",
        refresh(&token),
        200,
    )];
    steps.extend(bad_bodies());
    steps.extend(tokens.forged(&expired, &token)?);
    steps.extend(tokens.unwelcome(&expired)?);
    if let Some(inactive) = inactive {
        let token = tokens.codec.sign(&tokens.expired(inactive))?;
        steps.push(Step::refused("an inactive user", &token, "user_inactive"));
    }
    steps.extend(other_addresses());
    Ok(steps)
}

fn bad_bodies() -> [Step; 6] {
    let text = Request::Refresh("text/plain", "{}".to_owned());
    let large = json_body(&" ".repeat(17 * 1024));
    [
        Step::bad("no JSON", json_body("{"), 422, "malformed_request"),
        Step::bad(
            "no token",
            json_body(r#"{"other": 1}"#),
            422,
            "malformed_request",
        ),
        Step::bad(
            "a number as token",
            json_body(r#"{"token": 5}"#),
            422,
            "malformed_request",
        ),
        Step::refused("no JWT as token", "x", "invalid_token"),
        Step::bad(
            "a body of another type",
            text,
            415,
            "unsupported_media_type",
        ),
        Step::bad("a body of 17 KiB", large, 413, "too_large"),
    ]
}

fn other_addresses() -> [Step; 5] {
    let get = Request::Get;
    [
        Step::bad(
            "the wrong method",
            get("/api/auth/refresh"),
            405,
            "method_not_allowed",
        ),
        Step::bad(
            "an unknown address",
            get("/api/auth/nothing"),
            404,
            "not_found",
        ),
        Step::bad(
            "verify without a token",
            get("/api/auth/verify"),
            401,
            "missing_token",
        ),
        Step::good("alive", get("/healthz"), 200),
        Step::good("ready", get("/readyz"), 200),
    ]
}

struct Tokens<'a> {
    config: &'a Config,
    codec: Arc<dyn TokenCodec>,
    now: DateTime<Utc>,
}

impl<'a> Tokens<'a> {
    fn new(config: &'a Config) -> Result<Self, Failure> {
        Ok(Self {
            config,
            codec: app::codec(config)?,
            now: SystemClock.now(),
        })
    }

    /// The claims of a token that expired a while ago, inside the window.
    fn expired(&self, subject: &str) -> ClaimSet {
        let ago = TimeDelta::hours(1).min(self.config.policy.refresh_window);
        app::legacy_claims(self.config, subject, Some(ago), self.now)
    }

    /// What nobody's backend signed.
    fn forged(&self, expired: &ClaimSet, token: &str) -> Result<[Step; 2], Failure> {
        let secret = "a key that no backend signs its tokens with".repeat(2);
        let mut strange = self.config.clone();
        strange.keys = self.config.keys.clone().map(|keys| Keys {
            current: SigningKey {
                key_id: None,
                secret: Secret::of_text(&secret),
            },
            previous: Vec::new(),
            ..keys
        });
        let forged = app::codec(&strange)?.sign(expired)?;
        let cut = token
            .rsplit_once('.')
            .map(|(signed, _)| format!("{signed}."));
        let cut = cut.unwrap_or_default();
        Ok([
            Step::refused("the signature is missing", &cut, "invalid_token"),
            Step::refused("signed with another key", &forged, "invalid_token"),
        ])
    }

    /// Genuine tokens that are not exchanged all the same.
    fn unwelcome(&self, expired: &ClaimSet) -> Result<[Step; 4], Failure> {
        let policy = &self.config.policy;
        let margin = TimeDelta::minutes(5);
        let mut endless = expired.clone();
        endless.remove("exp");
        let mut late = expired.clone();
        let expiry = self.now - policy.refresh_window - margin;
        late.put("exp", JsonText::integer(expiry.timestamp()));
        let mut old = expired.clone();
        let start = self.now - policy.session_max - margin;
        old.put("auth_time", JsonText::integer(start.timestamp()));
        let nobody = self.expired("remint smoke: nobody");

        let sign = |claims| self.codec.sign(claims);
        Ok([
            Step::refused("no expiry", &sign(&endless)?, "unsupported_token"),
            Step::refused("expired too long ago", &sign(&late)?, "refresh_window_over"),
            Step::refused("the session is too old", &sign(&old)?, "session_expired"),
            Step::refused("an unknown user", &sign(&nobody)?, "user_not_found"),
        ])
    }
}
