//! The answers, and what can be wrong.

use poem_openapi::payload::Json;
use poem_openapi::{ApiResponse, Object};

use super::pair::{FreshPair, TokenPair};
use crate::http::example::{ExampleOf, JsonExample, Shown};
use crate::http::problem::{Code, ProblemJson};
use crate::http::throttle::TRY_LATER;

/// Why there are no tokens.
#[derive(Object)]
pub(in crate::http) struct TokenPairRefusal {
    /// What is wrong; one entry.
    errors: Vec<TokenPairError>,
}

/// One thing that is wrong.
#[derive(Object)]
pub(in crate::http) struct TokenPairError {
    /// What is wrong, for programs.
    code: String,
    /// What is wrong, for people.
    message: String,
    /// `NotFound`, `Validation`, `RateLimit` or `Server`.
    r#type: String,
}

/// Every answer of the contract.
#[derive(ApiResponse)]
pub(in crate::http) enum TokenPairReply {
    /// The tokens were exchanged. From now on use these two.
    #[oai(status = 200, actual_type = "JsonExample<FreshPair>")]
    Ok(Json<TokenPair>),
    /// A token is missing, not a string, or there in both spellings (`validation_error`);
    /// `message` says which.
    #[oai(status = 400, actual_type = "JsonExample<At<400>>")]
    Invalid(Json<TokenPairRefusal>),
    /// The tokens are not exchanged: log in again. One of them is invalid, expired, revoked or
    /// spent, or they are not of one session, or the user is not active
    /// (`invalid_refresh_token`); or the user does not exist (`user_not_found`, `User not found`).
    #[oai(status = 404, actual_type = "JsonExample<At<404>>")]
    NotFound(Json<TokenPairRefusal>),
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
    /// The body is not a JSON object, so that nobody can say which contract it speaks.
    #[oai(
        status = 422,
        actual_type = "ExampleOf<{ Code::MalformedRequest as usize }>"
    )]
    Malformed(ProblemJson),
    /// The session was refreshed too often, or there were too many failed attempts from this address
    /// (`rate_limit_exceeded`). The tokens are as good as before: keep them and send them again.
    #[oai(status = 429, actual_type = "JsonExample<At<429>>")]
    Throttled(Json<TokenPairRefusal>),
    /// A fault of the service (`internal`). The tokens are as good as before.
    #[oai(status = 500, actual_type = "JsonExample<At<500>>")]
    Internal(Json<TokenPairRefusal>),
    /// A database does not answer, or there is too much to do (`unavailable`). The tokens are as
    /// good as before: keep them and try again.
    #[oai(status = 503, actual_type = "JsonExample<At<503>>")]
    Unavailable(Json<TokenPairRefusal>, #[oai(header = "Retry-After")] u64),
}

/// What can be wrong, but for the members of the body.
#[derive(Clone, Copy)]
pub(super) enum Fault {
    Internal,
    InvalidRefreshToken,
    RateLimited,
    Unavailable,
    UserNotFound,
}

impl Fault {
    pub(super) fn refusal(self) -> Json<TokenPairRefusal> {
        let [code, message, kind] = match self {
            Self::Internal => ["internal", "The service failed", "Server"],
            Self::InvalidRefreshToken => {
                ["invalid_refresh_token", "Invalid refresh token", "NotFound"]
            }
            Self::RateLimited => ["rate_limit_exceeded", TRY_LATER, "RateLimit"],
            Self::Unavailable => [
                "unavailable",
                "The service cannot answer at the moment",
                "Server",
            ],
            Self::UserNotFound => ["user_not_found", "User not found", "NotFound"],
        };
        refusal(code, message, kind)
    }
}

fn refusal(code: &str, message: &str, kind: &str) -> Json<TokenPairRefusal> {
    Json(TokenPairRefusal {
        errors: vec![TokenPairError {
            code: code.to_owned(),
            message: message.to_owned(),
            r#type: kind.to_owned(),
        }],
    })
}

pub(super) fn validation_error(message: &str) -> Json<TokenPairRefusal> {
    refusal("validation_error", message, "Validation")
}

/// The refusal that the document shows for a status.
struct At<const STATUS: u16>;

impl<const STATUS: u16> Shown for At<STATUS> {
    type Body = TokenPairRefusal;

    fn body() -> TokenPairRefusal {
        let Json(body) = match STATUS {
            400 => validation_error("Token is required"),
            429 => Fault::RateLimited.refusal(),
            500 => Fault::Internal.refusal(),
            503 => Fault::Unavailable.refusal(),
            _ => Fault::InvalidRefreshToken.refusal(),
        };
        body
    }
}
