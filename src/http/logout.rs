//! `POST /api/auth/logout`

use std::sync::Arc;

use poem::{Request, RequestBody, Result};
use poem_openapi::registry::{MetaMediaType, MetaRequest, Registry};
use poem_openapi::types::Type;
use poem_openapi::{
    ApiExtractor, ApiExtractorType, ApiResponse, ExtractParamOptions, Object, OpenApi,
};
use serde_json::value::RawValue;
use tracing::error;

use crate::json::{StrictObject, as_string};
use crate::service::Logouter;

use super::Tag;
use super::audit::{Audit, Audited};
use super::bearer::Bearer;
use super::body::{self, BodyError};
use super::contract::expired_token::{InputError, malformed};
use super::example::{EXAMPLE_TOKEN, ExampleOf};
use super::problem::{Code, ProblemJson, RETRY_AFTER_SECONDS};

pub(super) struct LogoutApi {
    pub(super) logouter: Arc<Logouter>,
}

/// A session to end.
#[derive(Object)]
#[oai(example)]
struct LogoutRequest {
    /// A token of the session, expired or not; may be left out where the header carries it.
    token: Option<String>,
    /// End every session of the user, not only this one; takes a token that could still be
    /// exchanged.
    everywhere: Option<bool>,
}

impl poem_openapi::types::Example for LogoutRequest {
    fn example() -> Self {
        Self {
            token: Some(EXAMPLE_TOKEN.to_owned()),
            everywhere: Some(false),
        }
    }
}

/// Every answer of the endpoint.
#[derive(ApiResponse)]
enum LoggedOut {
    /// Nothing of that session is exchanged or accepted any more, if the token was genuine.
    #[oai(status = 204)]
    Done,
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
    /// The body is not a JSON object, or there is no token, or a member is of the wrong type;
    /// `detail` says which.
    #[oai(
        status = 422,
        actual_type = "ExampleOf<{ Code::MalformedRequest as usize }>"
    )]
    Malformed(ProblemJson),
    /// A database does not answer. Nothing was ended for sure; try again.
    #[oai(
        status = 503,
        actual_type = "ExampleOf<{ Code::Unavailable as usize }>"
    )]
    Unavailable(ProblemJson, #[oai(header = "Retry-After")] u64),
}

const CONTRACT: &str = "logout";

#[OpenApi(tag = "Tag::Refresh")]
impl LogoutApi {
    /// End a session
    ///
    /// Ends the session of the token, or with `everywhere` all sessions of its user. The answer
    /// is the same whether the token was genuine or not.
    #[oai(path = "/api/auth/logout", method = "post", operation_id = "logOut")]
    async fn log_out(&self, bearer: Bearer, body: LogoutBody) -> Audited<LoggedOut> {
        let (token, everywhere) = match body.read(bearer) {
            Ok(read) => read,
            Err(error) => return refuse(&error),
        };

        let (trail, outcome) = self.logouter.log_out(&token, everywhere).await;
        let audit = Audit {
            contract: CONTRACT,
            trail,
            ..Audit::default()
        };
        match outcome {
            Ok(ended) => Audited {
                reply: LoggedOut::Done,
                audit: Audit {
                    outcome: if ended.is_some() {
                        "logged_out"
                    } else {
                        "ignored"
                    },
                    ..audit
                },
            },
            Err(error) => {
                error!(
                    error = &error as &dyn std::error::Error,
                    "a session could not be ended"
                );
                let problem = Code::Unavailable.problem("the service cannot answer at the moment");
                Audited {
                    reply: LoggedOut::Unavailable(problem, RETRY_AFTER_SECONDS),
                    audit: Audit {
                        outcome: Code::Unavailable.word(),
                        reason: error.to_string(),
                        ..audit
                    },
                }
            }
        }
    }
}

fn refuse(error: &InputError) -> Audited<LoggedOut> {
    let reply = match error {
        InputError::Body(BodyError::Broken) => LoggedOut::BadRequest,
        InputError::Body(BodyError::MediaType) => LoggedOut::MediaType,
        InputError::Body(BodyError::Slow) => LoggedOut::Timeout,
        InputError::Body(BodyError::TooLarge) => LoggedOut::TooLarge,
        InputError::Malformed(_) => LoggedOut::Malformed,
    };
    Audited {
        reply: reply(error.code().problem(error.to_string())),
        audit: error.audit(CONTRACT),
    }
}

/// The body of a logout as bytes, or why it could not be had.
struct LogoutBody(Result<Vec<u8>, BodyError>);

impl LogoutBody {
    /// The token, and whether all of its user's sessions are meant.
    fn read(self, bearer: Bearer) -> Result<(String, bool), InputError> {
        let bytes = self.0?;
        let object = match bytes.as_slice() {
            [] => StrictObject::default(),
            bytes => StrictObject::parse(bytes).map_err(malformed)?,
        };
        let everywhere = match object.find("everywhere").map(RawValue::get) {
            None | Some("false") => false,
            Some("true") => true,
            Some(_) => {
                return Err(InputError::Malformed(
                    "everywhere must be true or false".to_owned(),
                ));
            }
        };
        let token = match (object.find("token").map(as_string), bearer) {
            (Some(Some(token)), _) => token.into_owned(),
            (Some(None), _) => {
                return Err(InputError::Malformed("token must be a string".to_owned()));
            }
            (None, Bearer::Credential(token)) => token,
            // No token has these bytes, and what is no token ends nothing.
            (None, Bearer::Unreadable) => String::new(),
            (None, Bearer::Missing) => {
                return Err(InputError::Malformed(
                    "the member token is required".to_owned(),
                ));
            }
        };
        Ok((token, everywhere))
    }
}

impl<'a> ApiExtractor<'a> for LogoutBody {
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::RequestObject];

    type ParamType = ();
    type ParamRawType = ();

    fn register(registry: &mut Registry) {
        LogoutRequest::register(registry);
    }

    fn request_meta() -> Option<MetaRequest> {
        let content = MetaMediaType {
            content_type: "application/json",
            schema: LogoutRequest::schema_ref(),
        };
        let description = "The token; may be left out where the header carries it.";
        Some(MetaRequest {
            description: Some(description),
            content: vec![content],
            required: false,
        })
    }

    async fn from_request(
        request: &'a Request,
        body: &mut RequestBody,
        _: ExtractParamOptions<()>,
    ) -> Result<Self> {
        Ok(Self(body::read(request, body).await))
    }
}
