//! `oauth2`: OAuth 2.0's refresh token grant (RFC 6749 §6).
//!
//! The parameter `refresh_token` may be one of two things: a refresh token of this contract, which
//! is rotated (RFC 9700 §2.2.2), or an access token that ran out, as in the main job, whose answer
//! is then its own next refresh token. No refresh token that remint makes has a JWT's three parts.
//!
//! *Why `scope` is ignored.* RFC 6749 §3.3 lets a server ignore what is asked for, and nothing here
//! depends on it: a new access token says what the session says, whatever scope was asked for.

use std::sync::Arc;

use poem::Request;
use poem_openapi::payload::Json;
use poem_openapi::types::Example;
use poem_openapi::{ApiResponse, Object, OpenApi};

use crate::domain::{Contract, Refusal};
use crate::service::{Attempt, Grant, RefreshError, Refresher, Renewer};

use super::super::Tag;
use super::super::audit::Audited;
use super::super::example::{EXAMPLE_FRESH_TOKEN, EXAMPLE_TOKEN, JsonExample, Shown};
use super::super::oauth::client::{Basic, OAuthClient};
use super::super::oauth::form::{CLIENT_ID, FormBody, Parameter, Parameters};
use super::super::oauth::refusal::{OAuthError, Refused, Reply, RequestError};
use super::attempt;
use super::expired_token::explain;
use super::failure::Spoken;

/// What the paths of OAuth 2.0 begin with.
pub(super) const PATHS: &str = "/oauth/";

pub(in crate::http) struct OAuth2Api {
    pub(in crate::http) refresher: Arc<Refresher>,
    pub(in crate::http) renewer: Option<Arc<Renewer>>,
    pub(in crate::http) client: Arc<OAuthClient>,
}

#[OpenApi(tag = "Tag::OAuth")]
impl OAuth2Api {
    /// Exchange a refresh token by OAuth 2.0
    ///
    /// Send a refresh token, or an access token that ran out; get an access token and the refresh
    /// token of the next exchange. A refresh token that was sent is spent. Where
    /// `OAUTH_CLIENT_SECRET` is set, the client authenticates by HTTP Basic.
    #[oai(
        path = "/oauth/token",
        method = "post",
        operation_id = "exchangeOAuthToken"
    )]
    async fn token(
        &self,
        request: &Request,
        basic: Basic,
        body: FormBody<TokenRequest>,
    ) -> Audited<Reply<Exchanged>> {
        Spoken::note(request, Contract::OAuth2);
        match self.read(&basic, &body) {
            Ok(token) => self.exchange(token).await,
            Err(error) => Audited {
                reply: Reply::Refused(error.into()),
                audit: error.audit(Contract::OAuth2.word()),
            },
        }
    }
}

impl OAuth2Api {
    /// The refresh token of a request that may be answered.
    fn read<'a>(
        &self,
        basic: &Basic,
        body: &'a FormBody<TokenRequest>,
    ) -> Result<&'a str, RequestError> {
        let form = body.form()?;
        self.client.check(basic, form)?;
        if form.require("grant_type")? != "refresh_token" {
            return Err(RequestError::UnsupportedGrantType);
        }
        Ok(form.require("refresh_token")?)
    }

    async fn exchange(&self, token: &str) -> Audited<Reply<Exchanged>> {
        let mut attempt = attempt::renew(self.renewer.as_deref(), token, None).await;
        let is_unknown = matches!(
            attempt.outcome,
            Err(RefreshError::Refused(Refusal::Unverified(_)))
        );
        // Asked second, because JWTs may be among the refresh tokens that were imported.
        if is_unknown && has_parts_of_jwt(token) {
            attempt = self.refresh(token).await;
        }
        Audited {
            audit: attempt::audit(Contract::OAuth2, &attempt),
            reply: answer(attempt),
        }
    }

    /// The exchange of an access token, which is what the next one takes as well.
    async fn refresh(&self, access_token: &str) -> Attempt {
        let mut attempt = self.refresher.refresh(access_token).await;
        if let Ok(grant) = &mut attempt.outcome {
            grant.refresh_token = Some(grant.access_token.clone());
        }
        attempt
    }
}

fn has_parts_of_jwt(token: &str) -> bool {
    token.split('.').count() == 3
}

/// A refresh token to exchange.
struct TokenRequest;

impl Parameters for TokenRequest {
    const LIST: &'static [Parameter] = &[
        Parameter {
            name: "grant_type",
            description: "Always `refresh_token`.",
            example: Some("refresh_token"),
        },
        Parameter {
            name: "refresh_token",
            description: "The refresh token of the login, or of the last exchange; or an access \
                          token that ran out.",
            example: Some(EXAMPLE_TOKEN),
        },
        Parameter {
            name: "scope",
            description: "Not read: the new access token says what the session says.",
            example: None,
        },
        CLIENT_ID,
    ];
}

/// Fresh tokens (RFC 6749 §5.1).
#[derive(Object)]
#[oai(example)]
struct TokenReply {
    /// The new access token.
    access_token: String,
    /// Always `Bearer`.
    token_type: String,
    /// For how many seconds it lives: less than usual where the session ends before.
    expires_in: i64,
    /// What the next exchange takes: a refresh token, or where an access token was exchanged, the
    /// new one.
    refresh_token: String,
}

impl Example for TokenReply {
    fn example() -> Self {
        Self {
            access_token: EXAMPLE_FRESH_TOKEN.to_owned(),
            token_type: "Bearer".to_owned(),
            expires_in: 1800,
            refresh_token: EXAMPLE_FRESH_TOKEN.to_owned(),
        }
    }
}

/// The answers to a token that was tried.
#[derive(ApiResponse)]
enum Exchanged {
    /// The token was exchanged. From now on use these two.
    #[oai(status = 200)]
    Ok(Json<TokenReply>),
    /// The token is not exchanged: log in again (`invalid_grant`). As long as its signature has not
    /// verified, `error_description` is the same whatever is wrong with it; after that it says why.
    /// Or the body is not a form, or a parameter is missing, empty or there twice
    /// (`invalid_request`); or another grant is asked for (`unsupported_grant_type`).
    #[oai(status = 400, actual_type = "JsonExample<NotExchanged>")]
    NotExchanged(Json<OAuthError>),
}

struct NotExchanged;

impl Shown for NotExchanged {
    type Body = OAuthError;

    fn body() -> OAuthError {
        OAuthError::invalid_grant(Refusal::SessionRevoked.to_string())
    }
}

fn answer(attempt: Attempt) -> Reply<Exchanged> {
    match attempt.outcome {
        Ok(Grant {
            access_token,
            expires_in,
            refresh_token: Some(refresh_token),
            ..
        }) => {
            let reply = TokenReply {
                access_token,
                token_type: "Bearer".to_owned(),
                expires_in,
                refresh_token,
            };
            Reply::Done(Exchanged::Ok(Json(reply)))
        }
        Err(RefreshError::Refused(refusal)) => {
            let (_, description) = explain(refusal);
            let error = OAuthError::invalid_grant(description);
            Reply::Done(Exchanged::NotExchanged(Json(error)))
        }
        Err(RefreshError::RateLimited(_)) => Reply::Refused(throttled()),
        Err(RefreshError::Directory(_) | RefreshError::NotOffered | RefreshError::Sessions(_)) => {
            Reply::Refused(Refused::failure(false))
        }
        // This contract's refresh tokens are rotated, so a grant without one is a fault of ours.
        Ok(Grant {
            refresh_token: None,
            ..
        })
        | Err(RefreshError::Sign(_)) => Reply::Refused(Refused::failure(true)),
    }
}

/// What whoever asks too often is answered with.
pub(super) fn throttled() -> Refused {
    Refused::throttled()
}

/// What a failure outside of this code is answered with.
pub(super) fn failure(is_ours: bool) -> Refused {
    Refused::failure(is_ours)
}
