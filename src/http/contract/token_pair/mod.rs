//! `token_pair`: an access and a refresh token in, both of them new out (seed 002).
//!
//! The frontends write the members in Pascal or in camel case, as their backend's settings were,
//! and read the answer in the same spelling. It is that of the refresh token: `Token` may have the
//! other one. A member that is there in both spellings is refused, for nobody can say which is meant.

mod pair;
mod reply;

use std::sync::Arc;

use poem::IntoResponse;
use poem_openapi::OpenApi;
use poem_openapi::payload::Json;

use crate::domain::{Contract, Refusal};
use crate::json::StrictObject;
use crate::service::{Attempt, Grant, RefreshError, Renewer};

use super::super::Tag;
use super::super::audit::Audited;
use super::super::body::{Body, BodyError, InputError};
use super::super::problem::RETRY_AFTER_SECONDS;
use super::attempt;
use pair::{Posted, Spelling, TokenPair};
use reply::{Fault, validation_error};

pub(in crate::http) use reply::TokenPairReply;

#[derive(Clone)]
pub(in crate::http) struct TokenPairApi {
    pub(in crate::http) renewer: Option<Arc<Renewer>>,
}

#[OpenApi(tag = "Tag::Refresh")]
impl TokenPairApi {
    /// Exchange a pair of tokens
    ///
    /// Send the access token, however old, and the refresh token; get two new ones. Both that were
    /// sent are dead from then on. The members may be written in Pascal or in camel case; the
    /// answer is written alike.
    #[oai(
        path = "/api/auth/refresh#token_pair",
        method = "post",
        operation_id = "refreshTokenPair"
    )]
    async fn refresh(&self, body: Body<TokenPair>) -> Audited<TokenPairReply> {
        match body.object() {
            Ok(object) => self.exchange(&object).await,
            Err(error) => refuse_body(&error),
        }
    }
}

impl TokenPairApi {
    /// The answer to a body that speaks this contract.
    pub(in crate::http) async fn exchange(
        &self,
        body: &StrictObject<'_>,
    ) -> Audited<TokenPairReply> {
        let Posted {
            token,
            refresh_token,
            spelling,
        } = match Posted::read(body) {
            Ok(posted) => posted,
            Err(error) => return refuse_members(&error),
        };
        let attempt = attempt::renew(self.renewer.as_deref(), &refresh_token, Some(&token)).await;
        Audited {
            audit: attempt::audit(Contract::TokenPair, &attempt),
            reply: answer(attempt, spelling),
        }
    }
}

fn refuse_members(error: &InputError) -> Audited<TokenPairReply> {
    Audited {
        reply: TokenPairReply::Invalid(validation_error(&error.to_string())),
        audit: error.audit(Contract::TokenPair.word()),
    }
}

/// As the path answers whatever is no JSON object.
fn refuse_body(error: &InputError) -> Audited<TokenPairReply> {
    let reply = match error {
        InputError::Body(BodyError::MediaType) => TokenPairReply::MediaType,
        InputError::Body(BodyError::Slow) => TokenPairReply::Timeout,
        InputError::Body(BodyError::TooLarge) => TokenPairReply::TooLarge,
        InputError::Body(BodyError::Broken) | InputError::Malformed(_) => TokenPairReply::Malformed,
    };
    Audited {
        reply: reply(error.code().problem(error.to_string())),
        audit: error.audit(Contract::TokenPair.word()),
    }
}

fn answer(attempt: Attempt, spelling: Spelling) -> TokenPairReply {
    match attempt.outcome {
        Ok(Grant {
            access_token,
            refresh_token: Some(refresh_token),
            ..
        }) => TokenPairReply::Ok(Json(TokenPair::of(access_token, refresh_token, spelling))),
        Err(RefreshError::Refused(refusal)) => TokenPairReply::NotFound(fault(refusal).refusal()),
        Err(RefreshError::RateLimited(_)) => throttled(),
        Err(RefreshError::Directory(_) | RefreshError::NotOffered | RefreshError::Sessions(_)) => {
            TokenPairReply::Unavailable(Fault::Unavailable.refusal(), RETRY_AFTER_SECONDS)
        }
        // This contract's refresh tokens are rotated, so a grant without one is a fault of ours.
        Ok(Grant {
            refresh_token: None,
            ..
        })
        | Err(RefreshError::Sign(_)) => TokenPairReply::Internal(Fault::Internal.refusal()),
    }
}

/// The frontends know two; the log has the reason.
fn fault(refusal: Refusal) -> Fault {
    match refusal {
        Refusal::UserNotFound => Fault::UserNotFound,
        Refusal::Expired
        | Refusal::RefreshWindowOver
        | Refusal::SessionExpired
        | Refusal::CutOff
        | Refusal::SessionRevoked
        | Refusal::TokenMismatch
        | Refusal::TokenReused
        | Refusal::Unsupported(_)
        | Refusal::Unverified(_)
        | Refusal::UserInactive => Fault::InvalidRefreshToken,
    }
}

/// What whoever asks too often is answered with.
pub(super) fn throttled() -> TokenPairReply {
    TokenPairReply::Throttled(Fault::RateLimited.refusal())
}

/// What a failure outside of this code is answered with.
pub(super) fn failure(is_ours: bool) -> impl IntoResponse {
    if is_ours {
        TokenPairReply::Internal(Fault::Internal.refusal())
    } else {
        TokenPairReply::Unavailable(Fault::Unavailable.refusal(), RETRY_AFTER_SECONDS)
    }
}
