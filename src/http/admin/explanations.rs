//! `/admin/explanations`

use std::borrow::Cow;
use std::sync::Arc;

use poem_openapi::payload::Json;
use poem_openapi::types::Example;
use poem_openapi::{ApiResponse, Object, OpenApi};
use tracing::error;

use crate::service::{
    Causes, ExplainError, Explainer, Explanation, RecordsError, SignError, Trail,
};

use super::super::audit::{Audit, Audited};
use super::super::body::{Body, BodyError, InputError, string};
use super::super::example::{EXAMPLE_TOKEN, ExampleOf};
use super::super::problem::{Code, FAILED, ProblemJson, RETRY_AFTER_SECONDS, UNAVAILABLE};
use super::body::members;
use super::explanation::ExplanationReply;
use super::guarded::{Guarded, Keyed};
use super::sessions::malformed;
use super::{ADMIN, Tag};

pub(super) struct ExplanationsApi {
    pub(super) explainer: Arc<Explainer>,
}

/// A token to explain.
#[derive(Object)]
#[oai(example)]
struct ExplanationRequest {
    /// An access or a refresh token, of whichever contract. It stays as good as it is.
    token: String,
}

impl Example for ExplanationRequest {
    fn example() -> Self {
        Self {
            token: EXAMPLE_TOKEN.to_owned(),
        }
    }
}

/// Every answer of the operation.
#[derive(ApiResponse)]
enum Explained {
    /// What would become of the token, and why.
    #[oai(status = 200)]
    Ok(Json<ExplanationReply>),
    /// The body broke off before it was complete.
    #[oai(status = 400, actual_type = "ExampleOf<{ Code::BadRequest as usize }>")]
    BadRequest(ProblemJson),
    /// The body took too long to arrive.
    #[oai(
        status = 408,
        actual_type = "ExampleOf<{ Code::RequestTimeout as usize }>"
    )]
    Timeout(ProblemJson),
    /// The token is of a contract that is off.
    #[oai(
        status = 409,
        actual_type = "ExampleOf<{ Code::ContractNotOffered as usize }>"
    )]
    NotOffered(ProblemJson),
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
    /// The new token could not be made, which a refresh would be told as well: what the users table adds
    /// may leave it no room.
    #[oai(status = 500, actual_type = "ExampleOf<{ Code::Internal as usize }>")]
    Internal(ProblemJson),
    /// A database that has to be asked about the token does not answer. Tokens that are refused
    /// before are explained all the same.
    #[oai(
        status = 503,
        actual_type = "ExampleOf<{ Code::Unavailable as usize }>"
    )]
    Unavailable(ProblemJson, #[oai(header = "Retry-After")] u64),
}

#[OpenApi(prefix_path = "/admin", tag = "Tag::Explanations")]
impl ExplanationsApi {
    /// Explain a token
    ///
    /// Says what a refresh would say now, check by check, as `remint explain` does. Changes nothing
    /// and issues nothing: a token that is good once still is. Asks no identity provider.
    #[oai(path = "/explanations", method = "post", operation_id = "explainToken")]
    async fn explain(&self, _key: Keyed, body: Body<ExplanationRequest>) -> Guarded<Explained> {
        let token = body
            .0
            .map_err(InputError::from)
            .and_then(|bytes| read(&bytes));
        let token = match token {
            Ok(token) => token,
            Err(error) => return Guarded(refuse_input(&error)),
        };
        Guarded(match self.explainer.explain(&token).await {
            Ok(explanation) => explained(explanation),
            Err(ExplainError::NotOffered(contract)) => {
                let (code, reason) = (
                    Code::ContractNotOffered,
                    ExplainError::NotOffered(contract).to_string(),
                );
                let reply = Explained::NotOffered(code.problem(&reason));
                let audit = audit(code.word(), reason, Trail::default());
                Audited { reply, audit }
            }
            Err(ExplainError::Records(error)) => unavailable(&error),
            Err(ExplainError::Sign(error)) => failed(&error),
        })
    }
}

/// The token.
fn read(bytes: &[u8]) -> Result<String, InputError> {
    let object = members(bytes, &["token"])?;
    string(&object, "token").map(Cow::into_owned)
}

fn explained(explanation: Explanation) -> Audited<Explained> {
    let trail = Trail {
        // Nobody presented it, so its key is no more needed than before.
        key: None,
        ..explanation.trail.clone()
    };
    let reason = explanation.refusal.map(|refusal| refusal.to_string());
    Audited {
        audit: audit("token_explained", reason.unwrap_or_default(), trail),
        reply: Explained::Ok(Json(explanation.into())),
    }
}

fn audit(outcome: &'static str, reason: String, trail: Trail) -> Audit {
    Audit {
        contract: ADMIN,
        outcome,
        reason,
        trail,
        ..Audit::default()
    }
}

fn failed(error: &SignError) -> Audited<Explained> {
    error!(error = %Causes(error), "a token could not be signed");
    let code = Code::Internal;
    Audited {
        reply: Explained::Internal(code.problem(FAILED)),
        audit: audit(code.word(), error.to_string(), Trail::default()),
    }
}

fn unavailable(error: &RecordsError) -> Audited<Explained> {
    error!(error = %Causes(error), "a token could not be explained");
    let code = Code::Unavailable;
    let problem = code.problem(UNAVAILABLE);
    Audited {
        reply: Explained::Unavailable(problem, RETRY_AFTER_SECONDS),
        audit: audit(code.word(), error.to_string(), Trail::default()),
    }
}

fn refuse_input(error: &InputError) -> Audited<Explained> {
    malformed(
        error,
        match error {
            InputError::Body(BodyError::Broken) => Explained::BadRequest,
            InputError::Body(BodyError::MediaType) => Explained::MediaType,
            InputError::Body(BodyError::Slow) => Explained::Timeout,
            InputError::Body(BodyError::TooLarge) => Explained::TooLarge,
            InputError::Malformed(_) => Explained::Malformed,
        },
    )
}
