//! `refresh_token`: `{"refresh_token"}` in, a bare access token out (seed 000).

use std::sync::Arc;

use poem_openapi::payload::Json;
use poem_openapi::types::Example;
use poem_openapi::{ApiResponse, Object, OpenApi};

use crate::domain::{Contract, Refusal};
use crate::json::StrictObject;
use crate::service::{Attempt, Delegate, Delegation, DelegationError, RefreshError, Renewer};

use super::super::Tag;
use super::super::audit::Audited;
use super::super::body::{Body, BodyError, InputError, string};
use super::super::example::{EXAMPLE_FRESH_TOKEN, ExampleOf};
use super::super::problem::{Code, FAILED, ProblemJson, RETRY_AFTER_SECONDS, UNAVAILABLE};
use super::super::throttle::TOO_MANY;
use super::attempt;

/// Where the requests of the contract go.
pub(super) const PATH: &str = "/auth/refresh";

#[derive(Clone)]
pub(in crate::http) struct RefreshTokenApi {
    pub(in crate::http) renewer: Option<Arc<Renewer>>,
    /// Goes before the renewer.
    pub(in crate::http) delegate: Option<Arc<Delegate>>,
}

#[OpenApi(tag = "Tag::Refresh")]
impl RefreshTokenApi {
    /// Exchange a refresh token for an access token
    ///
    /// Send the refresh token of the login; get a fresh access token. The refresh token stays good
    /// until its own end, unless the answer holds another one: then use that from now on.
    #[oai(
        path = "/auth/refresh",
        method = "post",
        operation_id = "refreshByRefreshToken"
    )]
    async fn refresh(&self, body: Body<RefreshTokenRequest>) -> Audited<RefreshTokenReply> {
        match body.object() {
            Ok(object) => self.exchange(&object).await,
            Err(error) => refuse_input(&error),
        }
    }

    /// The same, on the path that is shared
    ///
    /// For frontends that post their `refresh_token` there.
    #[oai(
        path = "/api/auth/refresh#refresh_token",
        method = "post",
        operation_id = "refreshByRefreshTokenOnSharedPath"
    )]
    async fn refresh_on_shared_path(
        &self,
        body: Body<RefreshTokenRequest>,
    ) -> Audited<RefreshTokenReply> {
        self.refresh(body).await
    }
}

impl RefreshTokenApi {
    /// The answer to a body that speaks this contract.
    pub(in crate::http) async fn exchange(
        &self,
        body: &StrictObject<'_>,
    ) -> Audited<RefreshTokenReply> {
        let token = match string(body, "refresh_token") {
            Ok(token) => token,
            Err(error) => return refuse_input(&error),
        };
        if let Some(delegate) = &self.delegate {
            let delegation = delegate.refresh(&token).await;
            return Audited {
                audit: attempt::audit_delegation(Contract::RefreshToken, &delegation),
                reply: answer_delegation(delegation),
            };
        }
        let attempt = attempt::renew(self.renewer.as_deref(), &token, None).await;
        Audited {
            audit: attempt::audit(Contract::RefreshToken, &attempt),
            reply: answer(attempt),
        }
    }
}

/// A refresh token.
#[derive(Object)]
#[oai(example)]
struct RefreshTokenRequest {
    /// The refresh token of the login.
    #[oai(validator(max_length = 8192))]
    refresh_token: String,
}

impl Example for RefreshTokenRequest {
    fn example() -> Self {
        Self {
            refresh_token:
                "AdrDu2lYT0Y9vHAv36VuzXEAAAAAAAAAAB2l8oCYw6nGZ0y4m1pXq7sV3kTtJbEoRfWcHdUjN9aQ"
                    .to_owned(),
        }
    }
}

/// A fresh access token.
#[derive(Object)]
#[oai(example)]
pub(in crate::http) struct AccessToken {
    /// The new access token.
    access_token: String,
    /// The refresh token that takes the old one's place. Only where AWS Cognito rotates them.
    #[oai(skip_serializing_if_is_none)]
    refresh_token: Option<String>,
}

impl Example for AccessToken {
    fn example() -> Self {
        Self {
            access_token: EXAMPLE_FRESH_TOKEN.to_owned(),
            refresh_token: None,
        }
    }
}

/// A refresh token that is not exchanged.
#[derive(Object)]
#[oai(example)]
pub(in crate::http) struct RefreshFailed {
    /// Always `Refresh failed`.
    detail: String,
}

impl Example for RefreshFailed {
    fn example() -> Self {
        Self {
            detail: "Refresh failed".to_owned(),
        }
    }
}

/// Every answer of the contract.
#[derive(ApiResponse)]
pub(in crate::http) enum RefreshTokenReply {
    /// The refresh token was exchanged. From now on use `access_token`.
    #[oai(status = 200)]
    Ok(Json<AccessToken>),
    /// The refresh token is invalid, expired or revoked, or its user is gone or not active: log in
    /// again.
    #[oai(status = 400)]
    Failed(Json<RefreshFailed>),
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
    /// The body broke off, or is not a JSON object, or has no `refresh_token`, or its
    /// `refresh_token` is not a string; `detail` says which.
    #[oai(
        status = 422,
        actual_type = "ExampleOf<{ Code::MalformedRequest as usize }>"
    )]
    Malformed(ProblemJson),
    /// The session was refreshed too often, or there were too many failed attempts from this address.
    /// The session is untouched: keep the refresh token and send it again.
    #[oai(
        status = 429,
        actual_type = "ExampleOf<{ Code::RateLimited as usize }>"
    )]
    Throttled(ProblemJson),
    /// A fault of the service. The session is untouched.
    #[oai(status = 500, actual_type = "ExampleOf<{ Code::Internal as usize }>")]
    Internal(ProblemJson),
    /// A database or AWS Cognito does not answer, or there is too much to do. The session is
    /// untouched: keep the refresh token and try again.
    #[oai(
        status = 503,
        actual_type = "ExampleOf<{ Code::Unavailable as usize }>"
    )]
    Unavailable(ProblemJson, #[oai(header = "Retry-After")] u64),
}

fn refuse_input(error: &InputError) -> Audited<RefreshTokenReply> {
    let problem = |code: Code| code.problem(error.to_string());
    let reply = match error {
        InputError::Body(BodyError::MediaType) => {
            RefreshTokenReply::MediaType(problem(Code::UnsupportedMediaType))
        }
        InputError::Body(BodyError::Slow) => {
            RefreshTokenReply::Timeout(problem(Code::RequestTimeout))
        }
        InputError::Body(BodyError::TooLarge) => {
            RefreshTokenReply::TooLarge(problem(Code::TooLarge))
        }
        // A 400 would make these frontends log their user out.
        InputError::Body(BodyError::Broken) | InputError::Malformed(_) => {
            RefreshTokenReply::Malformed(problem(Code::MalformedRequest))
        }
    };
    Audited {
        reply,
        audit: error.audit(Contract::RefreshToken.word()),
    }
}

fn answer(attempt: Attempt) -> RefreshTokenReply {
    match attempt.outcome {
        Ok(grant) => RefreshTokenReply::Ok(Json(AccessToken {
            access_token: grant.access_token,
            // This service keeps the one that it was sent.
            refresh_token: None,
        })),
        Err(RefreshError::Refused(refusal)) => refuse(refusal),
        Err(RefreshError::RateLimited(_)) => {
            RefreshTokenReply::Throttled(Code::RateLimited.problem(TOO_MANY))
        }
        Err(RefreshError::Directory(_) | RefreshError::NotOffered | RefreshError::Sessions(_)) => {
            unavailable()
        }
        Err(RefreshError::Sign(_)) => RefreshTokenReply::Internal(Code::Internal.problem(FAILED)),
    }
}

fn answer_delegation(delegation: Delegation) -> RefreshTokenReply {
    match delegation.outcome {
        Ok((grant, _)) => RefreshTokenReply::Ok(Json(AccessToken {
            access_token: grant.access_token,
            refresh_token: grant.refresh_token,
        })),
        Err(DelegationError::Refused(refusal)) => refuse(refusal),
        Err(
            DelegationError::Directory(_)
            | DelegationError::Provider(_)
            | DelegationError::Sessions(_),
        ) => unavailable(),
    }
}

fn unavailable() -> RefreshTokenReply {
    let problem = Code::Unavailable.problem(UNAVAILABLE);
    RefreshTokenReply::Unavailable(problem, RETRY_AFTER_SECONDS)
}

/// One answer for all: these frontends can do nothing but log in.
fn refuse(refusal: Refusal) -> RefreshTokenReply {
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
        | Refusal::UserNotFound => RefreshTokenReply::Failed(Json(RefreshFailed::example())),
    }
}
