//! The answers in their envelopes.

use chrono::{DateTime, Utc};
use poem_openapi::payload::Json;
use poem_openapi::{ApiResponse, Object, Union};
use serde::Serialize;

use crate::http::example::{EXAMPLE_HS512_TOKEN, JsonExample, Shown};
use crate::http::json_reply::JsonReply;
use crate::http::problem::RETRY_AFTER_SECONDS;
use crate::http::throttle::TRY_LATER;
use crate::json::serialize_plain;

/// What every answer with status 200 is; `success` says which of the two.
#[derive(Union, Serialize)]
#[oai(one_of)]
#[serde(untagged)]
pub(super) enum Envelope {
    Granted(EnvelopeGrant),
    Refused(EnvelopeRefusal),
}

impl Envelope {
    fn granted(data: EnvelopeTokens, timestamp: String) -> Self {
        Self::Granted(EnvelopeGrant {
            success: true,
            data,
            timestamp,
        })
    }
}

/// Fresh tokens.
#[derive(Object, Serialize)]
pub(super) struct EnvelopeGrant {
    /// Always `true`.
    success: bool,
    /// The tokens.
    data: EnvelopeTokens,
    /// When the service answered: UTC, without a zone.
    timestamp: String,
}

/// An access token and a refresh token.
#[derive(Object, Serialize)]
#[oai(rename_all = "camelCase")]
#[serde(rename_all = "camelCase")]
pub(super) struct EnvelopeTokens {
    /// The new access token.
    #[serde(serialize_with = "serialize_plain")]
    access_token: String,
    /// The new refresh token; the one that was sent is spent.
    #[serde(serialize_with = "serialize_plain")]
    refresh_token: String,
}

/// Why there are no tokens.
#[derive(Object, Serialize)]
pub(super) struct EnvelopeRefusal {
    /// Always `false`.
    success: bool,
    /// What is wrong.
    errors: Vec<EnvelopeError>,
    /// When the service answered: UTC, without a zone.
    timestamp: String,
}

/// One thing that is wrong.
#[derive(Object, Serialize)]
pub(super) struct EnvelopeError {
    /// What it is about: `refreshToken`, `body` or `service`.
    field: String,
    /// What is wrong, for people.
    message: String,
    /// What is wrong, for programs.
    code: String,
}

/// Every answer of the contract.
#[derive(ApiResponse)]
pub(super) enum EnvelopeReply {
    /// With `success`, the tokens were exchanged: from now on use those in `data`. Without, the
    /// refresh token is invalid, expired, revoked or spent, or its user is gone or not active: log
    /// in again. Then `errors` has one entry, with `code` `INVALID_TOKEN`, `field`
    /// `refreshToken` and `message` `Invalid or expired refresh token`.
    #[oai(status = 200, actual_type = "JsonExample<GrantExample>")]
    Answered(JsonReply<Envelope>),
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

impl EnvelopeReply {
    pub(super) fn granted(access_token: String, refresh_token: String, now: DateTime<Utc>) -> Self {
        let data = EnvelopeTokens {
            access_token,
            refresh_token,
        };
        Self::Answered(JsonReply(Envelope::granted(data, timestamp(now))))
    }
}

/// What can be wrong.
#[derive(Clone, Copy)]
pub(super) enum Fault {
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

    pub(super) fn reply(self, now: DateTime<Utc>) -> EnvelopeReply {
        let refusal = self.refusal(timestamp(now));
        match self {
            Self::BadRequest | Self::Required => EnvelopeReply::Invalid(Json(refusal)),
            Self::Internal => EnvelopeReply::Internal(Json(refusal)),
            Self::InvalidToken => EnvelopeReply::Answered(JsonReply(Envelope::Refused(refusal))),
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
        Envelope::granted(data, EXAMPLE_TIMESTAMP.to_owned())
    }
}

/// As the legacy backend wrote its local times.
fn timestamp(now: DateTime<Utc>) -> String {
    now.format("%Y-%m-%dT%H:%M:%S").to_string()
}
