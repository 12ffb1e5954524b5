//! `/admin/cut-offs`

use std::sync::Arc;

use chrono::{DateTime, Utc};
use poem_openapi::payload::Json;
use poem_openapi::types::Example;
use poem_openapi::{ApiResponse, Object, OpenApi};

use crate::domain::{Lookup, Subject};
use crate::json::as_string;
use crate::service::{CutOffError, Revoker, UserDirectory};

use super::super::audit::{Audit, Audited};
use super::super::body::{Body, BodyError, InputError};
use super::super::example::ExampleOf;
use super::super::problem::{Code, ProblemJson};
use super::Tag;
use super::body::members;
use super::guarded::{Guarded, Keyed};
use super::listing::rfc3339;
use super::sessions::{audit_of, malformed, unavailable};
use super::user::{self, UserKey};

pub(super) struct CutOffsApi {
    pub(super) revoker: Arc<Revoker>,
    pub(super) directory: Arc<dyn UserDirectory>,
}

/// A cut-off to set.
#[derive(Object)]
#[oai(example)]
struct CutOffRequest {
    /// The user's key in the users table.
    user: UserKey,
    /// Until when what was issued is ended, as RFC 3339 has it; now, if it is left out. What was
    /// refreshed since goes on.
    at: Option<String>,
}

impl Example for CutOffRequest {
    fn example() -> Self {
        Self {
            user: UserKey::Text("42".to_owned()),
            at: Some("2026-01-15T08:00:00Z".to_owned()),
        }
    }
}

/// The cut-off that counts from now on.
#[derive(Object)]
#[oai(example)]
struct CutOffReply {
    /// The user's key, as sessions have it.
    user: String,
    /// What was issued up to then is dead. An earlier call's, where that one lies later.
    at: String,
    /// Whether the users table has a user of that key. Missing where it did not answer; the cut-off
    /// is set all the same.
    #[oai(skip_serializing_if_is_none)]
    known: Option<bool>,
}

impl Example for CutOffReply {
    fn example() -> Self {
        Self {
            user: "42".to_owned(),
            at: "2026-01-15T08:00:00Z".to_owned(),
            known: Some(true),
        }
    }
}

/// Every answer of the operation.
#[derive(ApiResponse)]
enum CutOffAnswer {
    /// Nothing of the user's that was issued up to then is exchanged or accepted any more.
    #[oai(status = 200)]
    Ok(Json<CutOffReply>),
    /// The body broke off before it was complete.
    #[oai(status = 400, actual_type = "ExampleOf<{ Code::BadRequest as usize }>")]
    BadRequest(ProblemJson),
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
    /// The body is not what is asked for, or has more members, or `at` lies in the future; `detail`
    /// says which.
    #[oai(
        status = 422,
        actual_type = "ExampleOf<{ Code::MalformedRequest as usize }>"
    )]
    Malformed(ProblemJson),
    /// The database does not answer. Nothing was ended for sure; try again.
    #[oai(
        status = 503,
        actual_type = "ExampleOf<{ Code::Unavailable as usize }>"
    )]
    Unavailable(ProblemJson, #[oai(header = "Retry-After")] u64),
}

#[OpenApi(prefix_path = "/admin", tag = "Tag::CutOffs")]
impl CutOffsApi {
    /// End everything that a user has
    ///
    /// Also tokens that are written down nowhere. A user who logs in again goes on from there. The
    /// user need not exist: this is for those who were just removed, too; `known` says whether they do.
    #[oai(path = "/cut-offs", method = "post", operation_id = "setCutOff")]
    async fn set(&self, _key: Keyed, body: Body<CutOffRequest>) -> Guarded<CutOffAnswer> {
        let (user, at) = match body
            .0
            .map_err(InputError::from)
            .and_then(|bytes| read(&bytes))
        {
            Ok(read) => read,
            Err(error) => return Guarded(refuse_input(&error)),
        };
        let user_key = user.user_key();
        let outcome = self.revoker.cut_off(&user_key, at).await;
        let known = match outcome {
            Ok(_) => self.knows(&user).await,
            Err(_) => None,
        };
        let audit = audit_of(&user);
        Guarded(match outcome {
            Ok(at) => {
                let at = rfc3339(at);
                let user = user_key;
                Audited {
                    reply: CutOffAnswer::Ok(Json(CutOffReply { user, at, known })),
                    audit: Audit {
                        outcome: "cut_off_set",
                        ..audit
                    },
                }
            }
            Err(error @ CutOffError::Future) => {
                let error = InputError::Malformed(error.to_string());
                malformed(&error, CutOffAnswer::Malformed)
            }
            Err(CutOffError::Sessions(error)) => {
                unavailable(&error, audit, CutOffAnswer::Unavailable)
            }
        })
    }
}

impl CutOffsApi {
    /// Whether the users table has that user, if it answers.
    async fn knows(&self, user: &Subject) -> Option<bool> {
        let found = self.directory.find(user).await.ok()?;
        Some(matches!(found, Lookup::Found(_)))
    }
}

/// The user, and the moment if there is one.
fn read(bytes: &[u8]) -> Result<(Subject, Option<DateTime<Utc>>), InputError> {
    let object = members(bytes, &["user", "at"])?;
    let user = user::of_member(object.find("user"))?;
    let Some(at) = object.find("at") else {
        return Ok((user, None));
    };
    let at = as_string(at).and_then(|at| DateTime::parse_from_rfc3339(&at).ok());
    let wrong =
        || InputError::Malformed("at must be a time such as 2027-01-15T08:00:00Z".to_owned());
    Ok((user, Some(at.ok_or_else(wrong)?.with_timezone(&Utc))))
}

fn refuse_input(error: &InputError) -> Audited<CutOffAnswer> {
    malformed(
        error,
        match error {
            InputError::Body(BodyError::Broken) => CutOffAnswer::BadRequest,
            InputError::Body(BodyError::MediaType) => CutOffAnswer::MediaType,
            InputError::Body(BodyError::Slow) => CutOffAnswer::Timeout,
            InputError::Body(BodyError::TooLarge) => CutOffAnswer::TooLarge,
            InputError::Malformed(_) => CutOffAnswer::Malformed,
        },
    )
}
