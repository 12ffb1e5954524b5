//! Starting a session: what is answered.

use poem_openapi::payload::Json;
use poem_openapi::types::{Any, Example};
use poem_openapi::{ApiResponse, Object};
use serde_json::{Value, json};
use tracing::error;

use crate::domain::Refusal;
use crate::service::{Causes, Login, StartError, Started, Trail};

use super::super::audit::{Audit, Audited};
use super::super::body::{BodyError, InputError};
use super::super::contract::attempt::operator_hint;
use super::super::contract::expired_token::explain;
use super::super::cookie::CookieSettings;
use super::super::example::{EXAMPLE_FRESH_TOKEN, ExampleOf};
use super::super::problem::{Code, FAILED, ProblemJson, RETRY_AFTER_SECONDS, UNAVAILABLE};
use super::login::ContractName;
use super::{ADMIN, hand_over};

/// The statuses of refusals that a frontend would be told by a 401, which here is about the key.
const NOT_FOUND: u16 = 404;
const CONFLICT: u16 = 409;

/// A session that was started, with its first tokens.
#[derive(Object)]
#[oai(example)]
pub(super) struct StartReply {
    /// The session's name, for revoking it. Not a secret.
    session_id: String,
    /// What the frontend speaks.
    contract: ContractName,
    /// The access token.
    access_token: String,
    /// For how many seconds it lives.
    expires_in: i64,
    /// The refresh token, where the contract has one.
    #[oai(skip_serializing_if_is_none)]
    refresh_token: Option<String>,
    /// For how many seconds it is good if nobody uses it.
    #[oai(skip_serializing_if_is_none)]
    refresh_expires_in: Option<i64>,
    /// What the login can answer its frontend with as it is: the body of the contract's own refresh.
    /// Of `cookie` the tokens are not in it.
    body: Any<Value>,
    /// Of `cookie`, what the login answers as `Set-Cookie`, one header each: the access and the
    /// refresh cookie.
    #[oai(skip_serializing_if_is_none)]
    set_cookie: Option<Vec<String>>,
}

impl Example for StartReply {
    fn example() -> Self {
        let refresh_token = "AX1b0m5oJUeXj6N1vSa8CEgAAAAAAAAAAA…";
        Self {
            session_id: "7d5bd26e-6825-4797-8fa3-75bd26bc0848".to_owned(),
            contract: ContractName::TokenPair,
            access_token: EXAMPLE_FRESH_TOKEN.to_owned(),
            expires_in: 604_800,
            refresh_token: Some(refresh_token.to_owned()),
            refresh_expires_in: Some(2_592_000),
            body: Any(json!({"Token": EXAMPLE_FRESH_TOKEN, "RefreshToken": refresh_token})),
            set_cookie: None,
        }
    }
}

/// Every answer of the operation.
#[derive(ApiResponse)]
pub(super) enum StartAnswer {
    /// The session has begun.
    #[oai(status = 201)]
    Started(Json<StartReply>),
    /// The body broke off before it was complete.
    #[oai(status = 400, actual_type = "ExampleOf<{ Code::BadRequest as usize }>")]
    BadRequest(ProblemJson),
    /// The users table does not have this user (`user_not_found`).
    #[oai(
        status = 404,
        actual_type = "ExampleOf<{ Code::UserNotFound as usize }, NOT_FOUND>"
    )]
    NotFound(ProblemJson),
    /// The body took too long to arrive.
    #[oai(
        status = 408,
        actual_type = "ExampleOf<{ Code::RequestTimeout as usize }>"
    )]
    Timeout(ProblemJson),
    /// No session now: the user is not active (`user_inactive`), everything of the user's was ended
    /// while the session began (`session_revoked`), or the contract is off
    /// (`contract_not_offered`).
    #[oai(
        status = 409,
        actual_type = "ExampleOf<{ Code::ContractNotOffered as usize }>"
    )]
    Conflict(ProblemJson),
    /// The body is larger than 16 KiB.
    #[oai(status = 413, actual_type = "ExampleOf<{ Code::TooLarge as usize }>")]
    TooLarge(ProblemJson),
    /// The body is labelled as something else than JSON.
    #[oai(
        status = 415,
        actual_type = "ExampleOf<{ Code::UnsupportedMediaType as usize }>"
    )]
    MediaType(ProblemJson),
    /// The body is not what is asked for, or has more members; `detail` says which.
    #[oai(
        status = 422,
        actual_type = "ExampleOf<{ Code::MalformedRequest as usize }>"
    )]
    Malformed(ProblemJson),
    /// A fault of the service.
    #[oai(status = 500, actual_type = "ExampleOf<{ Code::Internal as usize }>")]
    Internal(ProblemJson),
    /// A database does not answer. No tokens were given out.
    #[oai(
        status = 503,
        actual_type = "ExampleOf<{ Code::Unavailable as usize }>"
    )]
    Unavailable(ProblemJson, #[oai(header = "Retry-After")] u64),
}

/// The answer to a request that asks for nothing that could be started.
pub(super) fn refuse_input(error: &InputError) -> Audited<StartAnswer> {
    let reply = match error {
        InputError::Body(BodyError::Broken) => StartAnswer::BadRequest,
        InputError::Body(BodyError::MediaType) => StartAnswer::MediaType,
        InputError::Body(BodyError::Slow) => StartAnswer::Timeout,
        InputError::Body(BodyError::TooLarge) => StartAnswer::TooLarge,
        InputError::Malformed(_) => StartAnswer::Malformed,
    };
    Audited {
        reply: reply(error.code().problem(error.to_string())),
        audit: error.audit(ADMIN),
    }
}

/// The answer to a login that was tried.
pub(super) fn answer(
    login: &Login,
    outcome: Result<Started, StartError>,
    cookies: &CookieSettings,
) -> Audited<StartAnswer> {
    let mut trail = Trail::default();
    trail.note_subject(&login.user);
    let audit = Audit {
        contract: login.contract.word(),
        trail,
        ..Audit::default()
    };
    let started = match outcome {
        Ok(started) => started,
        Err(error) => return refuse(&error, audit),
    };
    let audit = Audit {
        outcome: "session_started",
        trail: Trail {
            session: Some(started.session),
            ..audit.trail
        },
        ..audit
    };
    let body = hand_over::body(login.contract, &started);
    let set_cookie = hand_over::set_cookie(login.contract, &started.grant, cookies);
    let Started { session, grant, .. } = started;
    let has_refresh_token = grant.refresh_token.is_some();
    let reply = StartReply {
        session_id: session.to_string(),
        contract: login.contract.into(),
        access_token: grant.access_token,
        expires_in: grant.expires_in,
        refresh_token: grant.refresh_token,
        refresh_expires_in: has_refresh_token.then_some(grant.session_expires_in),
        body: Any(body),
        set_cookie,
    };
    Audited {
        reply: StartAnswer::Started(Json(reply)),
        audit,
    }
}

fn refuse(error: &StartError, audit: Audit) -> Audited<StartAnswer> {
    let reason = error.to_string();
    let (code, hint, reply) = match error {
        StartError::Claim(_) => {
            let code = Code::MalformedRequest;
            (code, "", StartAnswer::Malformed(code.problem(&reason)))
        }
        StartError::Elsewhere(_) | StartError::NotOffered(_) => {
            let code = Code::ContractNotOffered;
            (code, "", StartAnswer::Conflict(code.problem(&reason)))
        }
        StartError::Refused(refusal) => {
            let (code, reply) = of_refusal(*refusal);
            (code, operator_hint(*refusal), reply)
        }
        StartError::Directory(_) | StartError::Sessions(_) => {
            error!(error = %Causes(error), "a session could not be started");
            let code = Code::Unavailable;
            let problem = code.problem(UNAVAILABLE);
            let reply = StartAnswer::Unavailable(problem, RETRY_AFTER_SECONDS);
            (code, "", reply)
        }
        StartError::Sign(_) => {
            error!(error = %Causes(error), "a token could not be signed");
            let code = Code::Internal;
            let reply = StartAnswer::Internal(code.problem(FAILED));
            (code, "", reply)
        }
    };
    let refusal = if let StartError::Refused(refusal) = error {
        Some(*refusal)
    } else {
        None
    };
    Audited {
        reply,
        audit: Audit {
            outcome: code.word(),
            reason,
            hint,
            refusal,
            ..audit
        },
    }
}

fn of_refusal(refusal: Refusal) -> (Code, StartAnswer) {
    let (code, detail) = explain(refusal);
    match refusal {
        Refusal::UserNotFound => {
            let problem = code.problem(detail).with_status(NOT_FOUND);
            (code, StartAnswer::NotFound(problem))
        }
        Refusal::Unsupported(_) => {
            let code = Code::MalformedRequest;
            (code, StartAnswer::Malformed(code.problem(detail)))
        }
        Refusal::UserInactive
        | Refusal::CutOff
        | Refusal::SessionRevoked
        | Refusal::Expired
        | Refusal::RefreshWindowOver
        | Refusal::SessionExpired
        | Refusal::TokenMismatch
        | Refusal::TokenReused
        | Refusal::Unverified(_) => {
            let problem = code.problem(detail).with_status(CONFLICT);
            (code, StartAnswer::Conflict(problem))
        }
    }
}
