//! `expired_token`, the main job: `{"token"}` in, a bearer token out (seed 004).

use poem_openapi::{ApiResponse, Object};
use serde::Serialize;

use crate::domain::{Contract, Refusal};
use crate::json::serialize_plain;
use crate::service::{Attempt, RefreshError};

use super::super::audit::Audited;
use super::super::body::{BodyError, InputError};
use super::super::example::{EXAMPLE_FRESH_TOKEN, EXAMPLE_TOKEN, ExampleOf};
use super::super::json_reply::JsonReply;
use super::super::problem::{Code, FAILED, ProblemJson, RETRY_AFTER_SECONDS, UNAVAILABLE};
use super::super::throttle::TOO_MANY;
use super::attempt;

/// An expired token.
#[derive(Debug, Object)]
#[oai(example)]
pub(in crate::http) struct RefreshRequest {
    /// The token that ran out, or is about to.
    #[oai(validator(max_length = 8192))]
    token: String,
}

impl poem_openapi::types::Example for RefreshRequest {
    fn example() -> Self {
        Self {
            token: EXAMPLE_TOKEN.to_owned(),
        }
    }
}

/// A fresh token.
#[derive(Object, Serialize)]
#[oai(example)]
pub(in crate::http) struct RefreshReply {
    /// The new token, for the same user with the same claims.
    #[serde(serialize_with = "serialize_plain")]
    access_token: String,
    /// Always `bearer`.
    token_type: String,
    /// For how many seconds it lives: less than usual where the session ends before.
    expires_in: i64,
}

impl poem_openapi::types::Example for RefreshReply {
    fn example() -> Self {
        Self {
            access_token: EXAMPLE_FRESH_TOKEN.to_owned(),
            token_type: "bearer".to_owned(),
            expires_in: 1800,
        }
    }
}

/// Every answer of the contract.
#[derive(ApiResponse)]
pub(in crate::http) enum Refreshed {
    /// The token was exchanged. From now on use `access_token`.
    #[oai(status = 200)]
    Ok(JsonReply<RefreshReply>),
    /// The body broke off before it was complete.
    #[oai(status = 400, actual_type = "ExampleOf<{ Code::BadRequest as usize }>")]
    BadRequest(ProblemJson),
    /// The token is not exchanged; log in again. As long as its signature has not verified, `code`
    /// is `invalid_token`, whatever is wrong with it. After that it is `unsupported_token`,
    /// `refresh_window_over`, `session_expired`, `session_revoked`, `token_reused`,
    /// `user_not_found` or `user_inactive`.
    #[oai(
        status = 401,
        actual_type = "ExampleOf<{ Code::UserInactive as usize }>"
    )]
    Unauthorized(
        ProblemJson,
        /// `Bearer` with the error and its description (RFC 6750).
        #[oai(header = "WWW-Authenticate")]
        String,
    ),
    /// The body took too long to arrive.
    #[oai(
        status = 408,
        actual_type = "ExampleOf<{ Code::RequestTimeout as usize }>"
    )]
    Timeout(ProblemJson),
    /// The body is larger than 16 KiB.
    #[oai(status = 413, actual_type = "ExampleOf<{ Code::TooLarge as usize }>")]
    TooLarge(ProblemJson),
    /// The body is labelled as something else than JSON.
    #[oai(
        status = 415,
        actual_type = "ExampleOf<{ Code::UnsupportedMediaType as usize }>"
    )]
    MediaType(ProblemJson),
    /// The body is not a JSON object, or has no `token`, or its `token` is not a string; `detail`
    /// says which.
    #[oai(
        status = 422,
        actual_type = "ExampleOf<{ Code::MalformedRequest as usize }>"
    )]
    Malformed(ProblemJson),
    /// The session was refreshed too often, or there were too many failed attempts from this address.
    /// The session is untouched: keep the token and send it again.
    #[oai(
        status = 429,
        actual_type = "ExampleOf<{ Code::RateLimited as usize }>"
    )]
    Throttled(ProblemJson),
    /// A fault of the service. The session is untouched.
    #[oai(status = 500, actual_type = "ExampleOf<{ Code::Internal as usize }>")]
    Internal(ProblemJson),
    /// A database does not answer, or there is too much to do. The session is untouched: keep the
    /// token and try again.
    #[oai(
        status = 503,
        actual_type = "ExampleOf<{ Code::Unavailable as usize }>"
    )]
    Unavailable(ProblemJson, #[oai(header = "Retry-After")] u64),
}

/// The answer to a request that carries no readable credential.
pub(in crate::http) fn refuse_input(error: &InputError) -> Audited<Refreshed> {
    let reply = match error {
        InputError::Body(BodyError::Broken) => Refreshed::BadRequest,
        InputError::Body(BodyError::MediaType) => Refreshed::MediaType,
        InputError::Body(BodyError::Slow) => Refreshed::Timeout,
        InputError::Body(BodyError::TooLarge) => Refreshed::TooLarge,
        InputError::Malformed(_) => Refreshed::Malformed,
    };
    Audited {
        reply: reply(error.code().problem(error.to_string())),
        audit: error.audit(Contract::ExpiredToken.word()),
    }
}

/// The answer to a credential that was tried.
pub(in crate::http) fn answer(attempt: Attempt) -> Audited<Refreshed> {
    let audit = attempt::audit(Contract::ExpiredToken, &attempt);
    let reply = match attempt.outcome {
        Ok(grant) => Refreshed::Ok(JsonReply(RefreshReply {
            access_token: grant.access_token,
            token_type: "bearer".to_owned(),
            expires_in: grant.expires_in,
        })),
        Err(error) => refuse(&error),
    };
    Audited { reply, audit }
}

fn refuse(error: &RefreshError) -> Refreshed {
    match error {
        RefreshError::Refused(refusal) => {
            let (code, detail) = explain(*refusal);
            let challenge = challenge(&detail);
            Refreshed::Unauthorized(code.problem(detail), challenge)
        }
        RefreshError::RateLimited(_) => Refreshed::Throttled(Code::RateLimited.problem(TOO_MANY)),
        RefreshError::Directory(_) | RefreshError::NotOffered | RefreshError::Sessions(_) => {
            let problem = Code::Unavailable.problem(UNAVAILABLE);
            Refreshed::Unavailable(problem, RETRY_AFTER_SECONDS)
        }
        RefreshError::Sign(_) => Refreshed::Internal(Code::Internal.problem(FAILED)),
    }
}

/// The code and the detail that a caller is told.
pub(in crate::http) fn explain(refusal: Refusal) -> (Code, String) {
    let code = Code::of(refusal);
    if code == Code::InvalidToken {
        // One answer for all of them: telling them apart would tell a forger how far they got.
        return (code, "the token is not valid".to_owned());
    }
    (code, refusal.to_string())
}

/// `WWW-Authenticate` (RFC 6750 §3). Every detail is plain ASCII without quotes.
pub(in crate::http) fn challenge(detail: &str) -> String {
    format!(r#"Bearer error="invalid_token", error_description="{detail}""#)
}
