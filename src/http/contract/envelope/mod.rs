//! `envelope`: a uuid in, both tokens out, every answer in an envelope with a timestamp (seed 003).

mod reply;

use std::sync::Arc;

use chrono::{DateTime, Utc};
use poem::{IntoResponse, Request};
use poem_openapi::{Object, OpenApi};

use crate::domain::{Clock, Contract, Refusal};
use crate::json::StrictObject;
use crate::service::{Attempt, Grant, RefreshError, Renewer};

use super::super::Tag;
use super::super::audit::Audited;
use super::super::body::{Body, BodyError, InputError, string};
use super::attempt;
use super::failure::Spoken;
use reply::{EnvelopeReply, Fault};

/// Where the contract is spoken, and no other.
pub(super) const PATH: &str = "/api/refresh";

pub(in crate::http) struct EnvelopeApi {
    pub(in crate::http) renewer: Option<Arc<Renewer>>,
    pub(in crate::http) clock: Arc<dyn Clock>,
}

#[OpenApi(tag = "Tag::Refresh")]
impl EnvelopeApi {
    /// Exchange a refresh token, in envelopes
    ///
    /// Send the refresh token; get an access token and the next refresh token. The one that was
    /// sent is spent. A refresh token that is not exchanged is answered with **200** as well:
    /// look at `success`.
    #[oai(
        path = "/api/refresh",
        method = "post",
        operation_id = "refreshEnvelope"
    )]
    async fn refresh(
        &self,
        request: &Request,
        body: Body<EnvelopeRequest>,
    ) -> Audited<EnvelopeReply> {
        Spoken::note(request, Contract::Envelope);
        let now = self.clock.now();
        let object = body.object();
        match object.and_then(|object| refresh_token(&object)) {
            Ok(token) => self.exchange(&token, now).await,
            Err(error) => refuse_input(&error, now),
        }
    }
}

impl EnvelopeApi {
    async fn exchange(&self, token: &str, now: DateTime<Utc>) -> Audited<EnvelopeReply> {
        let attempt = attempt::renew(self.renewer.as_deref(), token, None).await;
        Audited {
            audit: attempt::audit(Contract::Envelope, &attempt),
            reply: answer(attempt, now),
        }
    }
}

/// A refresh token.
#[derive(Object)]
#[oai(rename_all = "camelCase", example)]
struct EnvelopeRequest {
    /// The refresh token of the login, or of the last refresh.
    refresh_token: String,
}

impl poem_openapi::types::Example for EnvelopeRequest {
    fn example() -> Self {
        Self {
            refresh_token: "5a0c9a8e-0d3f-4b1c-9e57-2f8d6b7a1c40".to_owned(),
        }
    }
}

/// The refresh token that the request carries.
fn refresh_token(body: &StrictObject<'_>) -> Result<String, InputError> {
    match string(body, "refreshToken")? {
        token if token.is_empty() => Err(InputError::Malformed("refreshToken is empty".to_owned())),
        token => Ok(token.into_owned()),
    }
}

fn refuse_input(error: &InputError, now: DateTime<Utc>) -> Audited<EnvelopeReply> {
    let fault = match error {
        InputError::Body(BodyError::Broken) => Fault::BadRequest,
        InputError::Body(BodyError::MediaType) => Fault::MediaType,
        InputError::Body(BodyError::Slow) => Fault::Slow,
        InputError::Body(BodyError::TooLarge) => Fault::TooLarge,
        // The frontends know one message for it; the log has the reason.
        InputError::Malformed(_) => Fault::Required,
    };
    Audited {
        reply: fault.reply(now),
        audit: error.audit(Contract::Envelope.word()),
    }
}

fn answer(attempt: Attempt, now: DateTime<Utc>) -> EnvelopeReply {
    match attempt.outcome {
        Ok(Grant {
            access_token,
            refresh_token: Some(refresh_token),
            ..
        }) => EnvelopeReply::granted(access_token, refresh_token, now),
        Err(RefreshError::Refused(refusal)) => fault(refusal).reply(now),
        Err(RefreshError::RateLimited(_)) => Fault::RateLimited.reply(now),
        Err(RefreshError::Directory(_) | RefreshError::NotOffered | RefreshError::Sessions(_)) => {
            Fault::Unavailable.reply(now)
        }
        // This contract's refresh tokens are rotated, so a grant without one is a fault of ours.
        Ok(Grant {
            refresh_token: None,
            ..
        })
        | Err(RefreshError::Sign(_)) => Fault::Internal.reply(now),
    }
}

/// One answer for all: these frontends can do nothing but log in.
fn fault(refusal: Refusal) -> Fault {
    match refusal {
        Refusal::Expired
        | Refusal::RefreshWindowOver
        | Refusal::SessionExpired
        | Refusal::CutOff
        | Refusal::SessionRevoked
        | Refusal::TokenMismatch
        | Refusal::TokenReused
        | Refusal::Unsupported(_)
        | Refusal::Unverified(_)
        | Refusal::UserInactive
        | Refusal::UserNotFound => Fault::InvalidToken,
    }
}

/// What whoever asks too often is answered with.
pub(super) fn throttled(now: DateTime<Utc>) -> impl IntoResponse {
    Fault::RateLimited.reply(now)
}

/// What a failure outside of this code is answered with.
pub(super) fn failure(is_ours: bool, now: DateTime<Utc>) -> impl IntoResponse {
    let fault = if is_ours {
        Fault::Internal
    } else {
        Fault::Unavailable
    };
    fault.reply(now)
}
