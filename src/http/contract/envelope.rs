//! `envelope`: a uuid in, both tokens out, every answer in an envelope with a timestamp (seed 003).

use std::sync::Arc;

use chrono::{DateTime, Utc};
use poem::{IntoResponse, Request};
use poem_openapi::payload::Json;
use poem_openapi::{ApiResponse, Object, OpenApi, Union};

use crate::domain::{Clock, Contract, Refusal};
use crate::json::StrictObject;
use crate::service::{Attempt, Grant, RefreshError, Renewer};

use super::super::Tag;
use super::super::audit::Audited;
use super::super::body::{Body, BodyError, InputError, string};
use super::super::example::{EXAMPLE_HS512_TOKEN, JsonExample, Shown};
use super::super::problem::RETRY_AFTER_SECONDS;
use super::super::throttle::TRY_LATER;
use super::attempt;
use super::failure::Spoken;

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

/// What every answer with status 200 is; `success` says which of the two.
#[derive(Union)]
#[oai(one_of)]
enum Envelope {
    Granted(EnvelopeGrant),
    Refused(EnvelopeRefusal),
}

/// Fresh tokens.
#[derive(Object)]
struct EnvelopeGrant {
    /// Always `true`.
    success: bool,
    /// The tokens.
    data: EnvelopeTokens,
    /// When the service answered: UTC, without a zone.
    timestamp: String,
}

/// An access token and a refresh token.
#[derive(Object)]
#[oai(rename_all = "camelCase")]
struct EnvelopeTokens {
    /// The new access token.
    access_token: String,
    /// The new refresh token; the one that was sent is spent.
    refresh_token: String,
}

/// Why there are no tokens.
#[derive(Object)]
struct EnvelopeRefusal {
    /// Always `false`.
    success: bool,
    /// What is wrong.
    errors: Vec<EnvelopeError>,
    /// When the service answered: UTC, without a zone.
    timestamp: String,
}

/// One thing that is wrong.
#[derive(Object)]
struct EnvelopeError {
    /// What it is about: `refreshToken`, `body` or `service`.
    field: String,
    /// What is wrong, for people.
    message: String,
    /// What is wrong, for programs.
    code: String,
}

/// Every answer of the contract.
#[derive(ApiResponse)]
enum EnvelopeReply {
    /// With `success`, the tokens were exchanged: from now on use those in `data`. Without, the
    /// refresh token is invalid, expired, revoked or spent, or its user is gone or not active: log
    /// in again. Then `errors` has one entry, with `code` `INVALID_TOKEN`, `field`
    /// `refreshToken` and `message` `Invalid or expired refresh token`.
    #[oai(status = 200, actual_type = "JsonExample<GrantExample>")]
    Answered(Json<Envelope>),
    /// There is no refresh token: the body is not a JSON object, or `refreshToken` is missing,
    /// empty or not a string (`VALIDATION_ERROR`). Or the body broke off (`BAD_REQUEST`).
    #[oai(status = 400, actual_type = "JsonExample<At<400>>")]
    Invalid(Json<EnvelopeRefusal>),
    /// The body took too long to arrive.
    #[oai(status = 408, actual_type = "JsonExample<At<408>>")]
    Timeout(Json<EnvelopeRefusal>),
    /// The body is larger than 16 KiB.
    #[oai(status = 413, actual_type = "JsonExample<At<413>>")]
    TooLarge(Json<EnvelopeRefusal>),
    /// The body is labelled as something else than JSON.
    #[oai(status = 415, actual_type = "JsonExample<At<415>>")]
    MediaType(Json<EnvelopeRefusal>),
    /// The session was refreshed too often, or there were too many failed attempts from this address
    /// (`RATE_LIMITED`). The refresh token is not spent: keep it and send it again.
    #[oai(status = 429, actual_type = "JsonExample<At<429>>")]
    Throttled(Json<EnvelopeRefusal>),
    /// A fault of the service. The refresh token is not spent.
    #[oai(status = 500, actual_type = "JsonExample<At<500>>")]
    Internal(Json<EnvelopeRefusal>),
    /// A database does not answer, or there is too much to do. The refresh token is not spent: keep
    /// it and try again.
    #[oai(status = 503, actual_type = "JsonExample<At<503>>")]
    Unavailable(Json<EnvelopeRefusal>, #[oai(header = "Retry-After")] u64),
}

/// What can be wrong.
#[derive(Clone, Copy)]
enum Fault {
    BadRequest,
    Internal,
    InvalidToken,
    MediaType,
    RateLimited,
    Required,
    Slow,
    TooLarge,
    Unavailable,
}

impl Fault {
    /// `field`, `message` and `code`.
    fn words(self) -> [&'static str; 3] {
        match self {
            Self::BadRequest => ["body", "The body could not be read", "BAD_REQUEST"],
            Self::Internal => ["service", "The service failed", "INTERNAL_ERROR"],
            Self::InvalidToken => [
                "refreshToken",
                "Invalid or expired refresh token",
                "INVALID_TOKEN",
            ],
            Self::MediaType => [
                "body",
                "The body must be application/json",
                "UNSUPPORTED_MEDIA_TYPE",
            ],
            Self::RateLimited => ["service", TRY_LATER, "RATE_LIMITED"],
            Self::Required => [
                "refreshToken",
                "Refresh token is required",
                "VALIDATION_ERROR",
            ],
            Self::Slow => [
                "body",
                "The body took too long to arrive",
                "REQUEST_TIMEOUT",
            ],
            Self::TooLarge => ["body", "The body is larger than 16 KiB", "TOO_LARGE"],
            Self::Unavailable => [
                "service",
                "The service cannot answer at the moment",
                "UNAVAILABLE",
            ],
        }
    }

    fn refusal(self, timestamp: String) -> EnvelopeRefusal {
        let [field, message, code] = self.words().map(str::to_owned);
        EnvelopeRefusal {
            success: false,
            errors: vec![EnvelopeError {
                field,
                message,
                code,
            }],
            timestamp,
        }
    }

    fn reply(self, now: DateTime<Utc>) -> EnvelopeReply {
        let refusal = self.refusal(timestamp(now));
        match self {
            Self::BadRequest | Self::Required => EnvelopeReply::Invalid(Json(refusal)),
            Self::Internal => EnvelopeReply::Internal(Json(refusal)),
            Self::InvalidToken => EnvelopeReply::Answered(Json(Envelope::Refused(refusal))),
            Self::MediaType => EnvelopeReply::MediaType(Json(refusal)),
            Self::RateLimited => EnvelopeReply::Throttled(Json(refusal)),
            Self::Slow => EnvelopeReply::Timeout(Json(refusal)),
            Self::TooLarge => EnvelopeReply::TooLarge(Json(refusal)),
            Self::Unavailable => EnvelopeReply::Unavailable(Json(refusal), RETRY_AFTER_SECONDS),
        }
    }
}

const EXAMPLE_TIMESTAMP: &str = "2025-01-01T00:00:00";

/// The refusal that the document shows for a status.
struct At<const STATUS: u16>;

impl<const STATUS: u16> Shown for At<STATUS> {
    type Body = EnvelopeRefusal;

    fn body() -> EnvelopeRefusal {
        let fault = match STATUS {
            408 => Fault::Slow,
            413 => Fault::TooLarge,
            415 => Fault::MediaType,
            429 => Fault::RateLimited,
            500 => Fault::Internal,
            503 => Fault::Unavailable,
            _ => Fault::Required,
        };
        fault.refusal(EXAMPLE_TIMESTAMP.to_owned())
    }
}

struct GrantExample;

impl Shown for GrantExample {
    type Body = Envelope;

    fn body() -> Envelope {
        let data = EnvelopeTokens {
            access_token: EXAMPLE_HS512_TOKEN.to_owned(),
            refresh_token: "c1f7e2d3-6a4b-4f08-8d91-b3a5c7e9f012".to_owned(),
        };
        granted(data, EXAMPLE_TIMESTAMP.to_owned())
    }
}

/// As the legacy backend wrote its local times.
fn timestamp(now: DateTime<Utc>) -> String {
    now.format("%Y-%m-%dT%H:%M:%S").to_string()
}

fn granted(data: EnvelopeTokens, timestamp: String) -> Envelope {
    Envelope::Granted(EnvelopeGrant {
        success: true,
        data,
        timestamp,
    })
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
        }) => {
            let data = EnvelopeTokens {
                access_token,
                refresh_token,
            };
            EnvelopeReply::Answered(Json(granted(data, timestamp(now))))
        }
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
