//! `token_pair`: an access and a refresh token in, both of them new out (seed 002).
//!
//! The frontends write the members in Pascal or in camel case, as their backend's settings were,
//! and read the answer in the same spelling. It is that of the refresh token: `Token` may have the
//! other one. A member that is there in both spellings is refused, for nobody can say which is meant.

use std::borrow::Cow;
use std::sync::Arc;

use poem::IntoResponse;
use poem_openapi::payload::Json;
use poem_openapi::types::Example;
use poem_openapi::{ApiResponse, Object, OpenApi, Union};

use crate::domain::{Contract, Refusal};
use crate::json::{StrictObject, as_string};
use crate::service::{Attempt, Grant, RefreshError, Renewer};

use super::super::Tag;
use super::super::audit::Audited;
use super::super::body::{Body, BodyError, InputError};
use super::super::example::{ExampleOf, JsonExample, Shown};
use super::super::problem::{Code, ProblemJson, RETRY_AFTER_SECONDS};
use super::super::throttle::TRY_LATER;
use super::attempt;

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

/// How the caller writes the members.
#[derive(Clone, Copy)]
enum Spelling {
    Camel,
    Pascal,
}

/// What a request presents.
struct Posted<'a> {
    token: Cow<'a, str>,
    refresh_token: Cow<'a, str>,
    spelling: Spelling,
}

impl<'a> Posted<'a> {
    fn read(body: &StrictObject<'a>) -> Result<Self, InputError> {
        let (refresh_token, spelling) =
            member(body, ["RefreshToken", "refreshToken"], Spelling::Pascal)?;
        let (token, _) = member(body, ["Token", "token"], spelling)?;
        Ok(Self {
            token,
            refresh_token,
            spelling,
        })
    }
}

/// The string of one of the two names, and which it is; the caller is told of a missing one as
/// `expected`.
fn member<'a>(
    body: &StrictObject<'a>,
    [pascal, camel]: [&str; 2],
    expected: Spelling,
) -> Result<(Cow<'a, str>, Spelling), InputError> {
    let spelling = match (body.find(pascal), body.find(camel)) {
        (Some(_), None) => Spelling::Pascal,
        (None, Some(_)) => Spelling::Camel,
        (None, None) => expected,
        (Some(_), Some(_)) => {
            let what = format!("{pascal} and {camel} are both there");
            return Err(InputError::Malformed(what));
        }
    };
    let name = match spelling {
        Spelling::Camel => camel,
        Spelling::Pascal => pascal,
    };
    match body.find(name).map(as_string) {
        Some(Some(text)) => Ok((text, spelling)),
        Some(None) => Err(InputError::Malformed(format!("{name} must be a string"))),
        None => Err(InputError::Malformed(format!("{name} is required"))),
    }
}

/// An access token and a refresh token, as they are sent and answered.
#[derive(Union)]
#[oai(one_of)]
pub(in crate::http) enum TokenPair {
    Pascal(PascalTokenPair),
    Camel(CamelTokenPair),
}

/// The pair in Pascal case.
#[derive(Object)]
#[oai(rename_all = "PascalCase", example)]
pub(in crate::http) struct PascalTokenPair {
    /// The access token.
    token: String,
    /// The refresh token.
    refresh_token: String,
}

/// The pair in camel case.
#[derive(Object)]
#[oai(rename_all = "camelCase")]
pub(in crate::http) struct CamelTokenPair {
    /// The access token.
    token: String,
    /// The refresh token.
    refresh_token: String,
}

impl TokenPair {
    fn of(token: String, refresh_token: String, spelling: Spelling) -> Self {
        match spelling {
            Spelling::Camel => Self::Camel(CamelTokenPair {
                token,
                refresh_token,
            }),
            Spelling::Pascal => Self::Pascal(PascalTokenPair {
                token,
                refresh_token,
            }),
        }
    }
}

/// Those of seed 002. No key of anybody's has signed them.
const EXAMPLE_PAIR: [&str; 2] = [
    "eyJhbGciOiJIUzUxMiIsInR5cCI6IkpXVCJ9.eyJuYW1laWQiOiI0ZWYxYzcxMS0wNmZmLTQxZWEtODg4YS00NTY1NzllNDQ3ZDYiLCJuYmYiOjE3MjEwNzg2NDksImV4cCI6MTcyMTY4MzQ0OSwiaWF0IjoxNzIxMDc4NjQ5fQ.GUqoIBU9jR3eeZLev2pXQwh2DoQeZwKg1Vhoj1KKEED5E82RkUSLCwFDgns3rxZQHgENPTSQc4AKYSV0ELVH-A",
    "bSiwLoqiZF0ZatZpNHoDeEntfvyT4GZWRWAr0u1r7NNxeeWzMph7kDbWzi2kgyM+QYleL/F8U5JniSyHQEdTEg==",
];
const FRESH_EXAMPLE_PAIR: [&str; 2] = [
    "eyJhbGciOiJIUzUxMiIsInR5cCI6IkpXVCJ9.eyJuYW1laWQiOiI0ZWYxYzcxMS0wNmZmLTQxZWEtODg4YS00NTY1NzllNDQ3ZDYiLCJuYmYiOjE3MjEwNzg3NjksImV4cCI6MTcyMTY4MzU2OSwiaWF0IjoxNzIxMDc4NzY5fQ.2mxqDEoMr0uahxANc2vnVmvuyqhvwY3MLRtdxrvsAFeaVc6OjdQIlGZGn4gkvgvZ11Y8BWRLx1pEpP_-fDKggg",
    "WJ2gJGMQ74PZORWUAYz0FVv+hsnEW0wxI7bY/JkbRTPq5POZg26Zlitl44sf33KBqyGmeQOgBw5KfvFvnLlv5Q==",
];

impl Example for PascalTokenPair {
    fn example() -> Self {
        let [token, refresh_token] = EXAMPLE_PAIR.map(str::to_owned);
        Self {
            token,
            refresh_token,
        }
    }
}

struct FreshPair;

impl Shown for FreshPair {
    type Body = TokenPair;

    fn body() -> TokenPair {
        let [token, refresh_token] = FRESH_EXAMPLE_PAIR.map(str::to_owned);
        TokenPair::of(token, refresh_token, Spelling::Pascal)
    }
}

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
enum Fault {
    Internal,
    InvalidRefreshToken,
    RateLimited,
    Unavailable,
    UserNotFound,
}

impl Fault {
    fn refusal(self) -> Json<TokenPairRefusal> {
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

fn validation_error(message: &str) -> Json<TokenPairRefusal> {
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
