//! The contracts with refresh tokens, whose sessions begin with a login that the service knows of.

use async_trait::async_trait;
use poem::http::Method;
use remint::domain;
use serde_json::{Value, json};

use super::contract::{Contract, Login};
use super::door::{Call, Door};
use crate::harness::{ADMIN_KEY, Answer};

/// A contract with refresh tokens. Its clients keep an access token and a refresh token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Started {
    Cookie,
    Envelope,
    OAuth2,
    RefreshToken,
    TokenPair,
}

#[async_trait]
impl Contract for Started {
    fn name(&self) -> domain::Contract {
        match self {
            Self::Cookie => domain::Contract::Cookie,
            Self::Envelope => domain::Contract::Envelope,
            Self::OAuth2 => domain::Contract::OAuth2,
            Self::RefreshToken => domain::Contract::RefreshToken,
            Self::TokenPair => domain::Contract::TokenPair,
        }
    }

    fn settings(&self) -> &'static [(&'static str, &'static str)] {
        &[]
    }

    async fn log_in(&self, door: &mut Door, login: Login<'_>) -> String {
        let body = json!({"user": login.user, "contract": self.name().word()});
        let call = Call::json("/admin/sessions", &body);
        let call = call.with("authorization", format!("Bearer {ADMIN_KEY}"));
        let answer = door.call(&call).await.unwrap();
        assert_eq!(answer.status, 201, "{answer:?}");
        let body = answer.body_json();
        pair(&body["access_token"], &body["refresh_token"]).unwrap()
    }

    fn present(&self, kept: &str) -> Call {
        let [access, refresh] = tokens(kept);
        match self {
            Self::Cookie => Call {
                method: Method::POST,
                path: "/api/auth/refresh",
                headers: vec![("cookie", format!("refresh_token={refresh}"))],
                body: String::new(),
            },
            Self::Envelope => Call::json("/api/refresh", &json!({"refreshToken": refresh})),
            Self::OAuth2 => Call::form(
                "/oauth/token",
                &[("grant_type", "refresh_token"), ("refresh_token", &refresh)],
            ),
            Self::RefreshToken => Call::json("/auth/refresh", &json!({"refresh_token": refresh})),
            Self::TokenPair => {
                let body = json!({"Token": access, "RefreshToken": refresh});
                Call::json("/api/auth/refresh", &body)
            }
        }
    }

    fn keep(&self, kept: &str, answer: &Answer) -> Option<String> {
        if answer.status != 200 {
            return None;
        }
        let body = answer.body_json();
        let refresh = &json!(tokens(kept)[1]);
        match self {
            Self::Cookie => {
                let cookie = answer.header("set-cookie")?.split(';').next()?;
                pair(&json!(cookie.strip_prefix("access_token=")?), refresh)
            }
            Self::Envelope => {
                let data = &body["data"];
                pair(&data["accessToken"], &data["refreshToken"])
            }
            Self::OAuth2 => pair(&body["access_token"], &body["refresh_token"]),
            Self::RefreshToken => pair(&body["access_token"], refresh),
            Self::TokenPair => pair(&body["Token"], &body["RefreshToken"]),
        }
    }

    fn lasting<'a>(&self, answer: &'a Answer) -> &'a str {
        match self {
            // It says when it was sent.
            Self::Envelope => answer.body.split_once(r#","timestamp":"#).unwrap().0,
            Self::Cookie | Self::OAuth2 | Self::RefreshToken | Self::TokenPair => &answer.body,
        }
    }

    fn code(&self, answer: &Answer) -> String {
        let body = answer.body_json();
        let code = match self {
            Self::Cookie if body["success"] == true => &Value::Null,
            Self::Cookie => &body["message"],
            Self::Envelope | Self::TokenPair => &body["errors"][0]["code"],
            Self::OAuth2 => &body["error_description"],
            Self::RefreshToken => &body["detail"],
        };
        // Whether a session was revoked by itself or by a cut-off is told after a colon; which of them it
        // was that came first is for no race to say.
        let code = code.as_str().unwrap_or_default();
        code.split(':').next().unwrap_or_default().to_owned()
    }

    fn refusal(&self, code: &'static str) -> &'static str {
        match (self, code) {
            (Self::Cookie, "user_not_found") => "User not found",
            (Self::Cookie, _) => "Invalid or expired refresh token",
            (Self::Envelope, _) => "INVALID_TOKEN",
            (Self::OAuth2, "session_revoked") => "the session was revoked",
            (Self::OAuth2, "token_reused") => "the token was exchanged before",
            (Self::OAuth2, "user_inactive") => "the user is not active",
            (Self::OAuth2, "user_not_found") => "the user does not exist",
            (Self::OAuth2, _) => "the session has reached its maximum age",
            (Self::RefreshToken, _) => "Refresh failed",
            (Self::TokenPair, "user_not_found") => "user_not_found",
            (Self::TokenPair, _) => "invalid_refresh_token",
        }
    }

    fn of_spent(&self, otherwise: &'static str) -> &'static str {
        match self {
            Self::TokenPair => "session_revoked",
            Self::Cookie | Self::Envelope | Self::OAuth2 | Self::RefreshToken => otherwise,
        }
    }

    fn access_token(&self, kept: &str) -> String {
        let [access, _] = tokens(kept);
        access
    }

    fn log_out(&self, kept: &str, everywhere: bool) -> Call {
        let [_, refresh] = tokens(kept);
        let mut body = json!({"everywhere": everywhere});
        let name = match self {
            Self::Cookie => {
                let call = Call::json("/api/auth/logout", &body);
                return call.with("cookie", format!("refresh_token={refresh}"));
            }
            Self::Envelope => "refreshToken",
            Self::OAuth2 | Self::RefreshToken => "refresh_token",
            Self::TokenPair => "RefreshToken",
        };
        body[name] = json!(refresh);
        Call::json("/api/auth/logout", &body)
    }
}

/// Both tokens as one text, if they are there.
fn pair(access: &Value, refresh: &Value) -> Option<String> {
    Some(kept([access.as_str()?, refresh.as_str()?]))
}

/// What is kept of an access and a refresh token.
pub(crate) fn kept(tokens: [&str; 2]) -> String {
    json!(tokens).to_string()
}

/// The access and the refresh token within what is kept.
pub(crate) fn tokens(kept: &str) -> [String; 2] {
    serde_json::from_str(kept).unwrap()
}
