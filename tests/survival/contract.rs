//! Credentials as the clients of a contract see them.

use std::fmt::Debug;

use async_trait::async_trait;
use poem::http::Method;
use remint::domain;
use serde_json::json;

use super::door::{Call, Door};
use crate::harness::{Answer, SECRET, jwt};

/// What the clients of a contract send, and what they keep.
///
/// A client keeps one text, of which the tests know nothing: a token, or a pair of them.
#[async_trait]
pub(crate) trait Contract: Debug + Send + Sync {
    /// What the service calls it.
    fn name(&self) -> domain::Contract;

    /// The settings that the contract needs.
    fn settings(&self) -> &'static [(&'static str, &'static str)];

    /// What a client keeps after a login, before any refresh.
    async fn log_in(&self, door: &mut Door, login: Login<'_>) -> String;

    /// The request that exchanges what was kept.
    fn present(&self, kept: &str) -> Call;

    /// What a client that had `kept` keeps of an answer that granted the exchange; nothing of one
    /// that did not.
    fn keep(&self, kept: &str, answer: &Answer) -> Option<String>;

    /// The part of a body that is the same to the byte whenever the answer is given again.
    fn lasting<'a>(&self, answer: &'a Answer) -> &'a str {
        &answer.body
    }

    /// What an answer to an exchange says that was not granted; nothing for one that was.
    fn code(&self, answer: &Answer) -> String {
        answer.code()
    }

    /// How [`code`](Self::code) puts what the verify endpoint calls `code`.
    fn refusal(&self, code: &'static str) -> &'static str {
        code
    }

    /// What the verify endpoint says of an access token that was exchanged, if it says `otherwise`
    /// of the newest one.
    fn of_spent(&self, otherwise: &'static str) -> &'static str {
        otherwise
    }

    /// The access token within what is kept.
    fn access_token(&self, kept: &str) -> String;

    /// The request that ends the session, or all of its user's.
    fn log_out(&self, kept: &str, everywhere: bool) -> Call;
}

/// A login at the legacy backend.
#[derive(Clone, Copy)]
pub(crate) struct Login<'a> {
    pub(crate) user: &'a str,
    /// Tells logins of the same second apart.
    pub(crate) number: usize,
    /// When the legacy backend issued its token, in seconds; it lives for half an hour.
    pub(crate) issued_at: i64,
}

/// `expired_token`, in its modes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ExpiredToken {
    SingleUse,
    Stateless,
}

#[async_trait]
impl Contract for ExpiredToken {
    fn name(&self) -> domain::Contract {
        domain::Contract::ExpiredToken
    }

    fn settings(&self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::SingleUse => &[("REFRESH_MODE", "single_use")],
            Self::Stateless => &[("REFRESH_MODE", "stateless")],
        }
    }

    async fn log_in(&self, _: &mut Door, login: Login<'_>) -> String {
        let Login {
            user,
            number,
            issued_at,
        } = login;
        let expires_at = issued_at + 1_800;
        let claims = json!({"sub": user, "login": number, "iat": issued_at, "exp": expires_at});
        jwt::hs256(jwt::HS256, claims.to_string(), SECRET)
    }

    fn present(&self, kept: &str) -> Call {
        Call::json("/api/auth/refresh", &json!({"token": kept}))
    }

    fn keep(&self, _: &str, answer: &Answer) -> Option<String> {
        (answer.status == 200).then(|| answer.access_token())
    }

    fn access_token(&self, kept: &str) -> String {
        kept.to_owned()
    }

    fn log_out(&self, kept: &str, everywhere: bool) -> Call {
        let body = json!({"token": kept, "everywhere": everywhere});
        Call::json("/api/auth/logout", &body)
    }
}

/// Asks whether an access token is good right now, which is the same for every contract.
pub(crate) fn verify(access_token: &str) -> Call {
    Call {
        method: Method::GET,
        path: "/api/auth/verify",
        headers: vec![("authorization", format!("Bearer {access_token}"))],
        body: String::new(),
    }
}
