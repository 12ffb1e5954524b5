//! How OAuth 2.0 says no (RFC 6749 §5.2), the same at each of its endpoints.

use poem::{IntoResponse, Response};
use poem_openapi::payload::Json;
use poem_openapi::registry::{MetaResponse, MetaResponses, Registry};
use poem_openapi::{ApiResponse, Enum, Object};

use super::super::audit::Audit;
use super::super::body::BodyError;
use super::super::example::{JsonExample, Shown};
use super::super::problem::{Code, RETRY_AFTER_SECONDS};
use super::super::throttle::TOO_MANY;
use super::client::ClientError;
use super::form::FormError;

/// What is wrong, for programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[oai(rename_all = "snake_case")]
pub(in crate::http) enum OAuthErrorCode {
    /// The client is not who it should be.
    InvalidClient,
    /// The refresh token is not good, or not any more: log in again.
    InvalidGrant,
    /// The request is not as it should be.
    InvalidRequest,
    /// A fault of the service: try again.
    ServerError,
    /// A database does not answer, there is too much to do, or there were too many attempts: try
    /// again.
    TemporarilyUnavailable,
    /// Another grant than `refresh_token`.
    UnsupportedGrantType,
}

/// Why there is no answer.
#[derive(Object)]
#[oai(rename = "OAuthError")]
pub(in crate::http) struct OAuthError {
    /// What is wrong, for programs.
    error: OAuthErrorCode,
    /// What is wrong, for people.
    #[oai(skip_serializing_if_is_none)]
    error_description: Option<String>,
}

/// What may be wrong, whatever is asked for.
#[derive(ApiResponse)]
pub(in crate::http) enum Refused {
    /// The body is not a form, or a parameter is missing, empty or there twice (`invalid_request`);
    /// `error_description` says which.
    #[oai(status = 400, actual_type = "JsonExample<At<400>>")]
    BadRequest(Json<OAuthError>),
    /// The client has not shown that it is the one that is configured (`invalid_client`). The
    /// answer is the same for an unknown id and for a wrong secret.
    #[oai(status = 401, actual_type = "JsonExample<At<401>>")]
    Unauthorized(
        Json<OAuthError>,
        /// `Basic` with the realm `remint`.
        #[oai(header = "WWW-Authenticate")]
        String,
    ),
    /// The body took too long to arrive.
    #[oai(status = 408, actual_type = "JsonExample<At<408>>")]
    Timeout(Json<OAuthError>),
    /// The body is larger than 16 KiB.
    #[oai(status = 413, actual_type = "JsonExample<At<413>>")]
    TooLarge(Json<OAuthError>),
    /// The body is labelled as something else than a form, or not at all.
    #[oai(status = 415, actual_type = "JsonExample<At<415>>")]
    MediaType(Json<OAuthError>),
    /// The session was refreshed too often, or there were too many failed attempts from this address
    /// (`temporarily_unavailable`). Nothing is spent: keep the token and send it again.
    #[oai(status = 429, actual_type = "JsonExample<At<429>>")]
    Throttled(Json<OAuthError>),
    /// A fault of the service. Nothing is spent.
    #[oai(status = 500, actual_type = "JsonExample<At<500>>")]
    Internal(Json<OAuthError>),
    /// A database does not answer, or there is too much to do. Nothing is spent: try again.
    #[oai(status = 503, actual_type = "JsonExample<At<503>>")]
    Unavailable(Json<OAuthError>, #[oai(header = "Retry-After")] u64),
}

/// Why a request asks for nothing that could be tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(in crate::http) enum RequestError {
    /// The client is not who it should be.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// There is no form, or something is missing from it.
    #[error(transparent)]
    Form(#[from] FormError),
    /// Another grant.
    #[error("the grant_type must be refresh_token")]
    UnsupportedGrantType,
}

impl RequestError {
    /// What the log may know of it.
    pub(in crate::http) fn audit(self, contract: &'static str) -> Audit {
        Audit {
            contract,
            outcome: self.outcome(),
            is_failure: self.is_guess(),
            reason: match self {
                Self::Client(ClientError::Rejected) => "another id or secret".to_owned(),
                Self::Client(_) | Self::Form(_) | Self::UnsupportedGrantType => self.to_string(),
            },
            ..Audit::default()
        }
    }

    /// Whether somebody may be trying secrets out.
    fn is_guess(self) -> bool {
        match self {
            Self::Client(error) => error != ClientError::Ambiguous,
            Self::Form(_) | Self::UnsupportedGrantType => false,
        }
    }

    fn outcome(self) -> &'static str {
        let code = match self {
            Self::Client(
                ClientError::InBody
                | ClientError::NotAuthenticated
                | ClientError::Rejected
                | ClientError::Unknown,
            ) => return "invalid_client",
            Self::Form(FormError::Body(BodyError::Broken)) => Code::BadRequest,
            Self::Form(FormError::Body(BodyError::Slow)) => Code::RequestTimeout,
            Self::Form(FormError::Body(BodyError::TooLarge)) => Code::TooLarge,
            Self::Form(FormError::Body(BodyError::MediaType) | FormError::MediaType) => {
                Code::UnsupportedMediaType
            }
            Self::Client(ClientError::Ambiguous)
            | Self::Form(FormError::Malformed | FormError::Missing(_) | FormError::Repeated(_))
            | Self::UnsupportedGrantType => Code::MalformedRequest,
        };
        code.word()
    }
}

impl From<RequestError> for Refused {
    fn from(error: RequestError) -> Self {
        let body = |code| body(code, Some(error.to_string()));
        let invalid = || body(OAuthErrorCode::InvalidRequest);
        match error {
            RequestError::Client(
                ClientError::InBody
                | ClientError::NotAuthenticated
                | ClientError::Rejected
                | ClientError::Unknown,
            ) => {
                let challenge = r#"Basic realm="remint""#.to_owned();
                Self::Unauthorized(body(OAuthErrorCode::InvalidClient), challenge)
            }
            RequestError::Form(FormError::Body(BodyError::Slow)) => Self::Timeout(invalid()),
            RequestError::Form(FormError::Body(BodyError::TooLarge)) => Self::TooLarge(invalid()),
            RequestError::Form(FormError::Body(BodyError::MediaType) | FormError::MediaType) => {
                Self::MediaType(invalid())
            }
            RequestError::Client(ClientError::Ambiguous)
            | RequestError::Form(
                FormError::Body(BodyError::Broken)
                | FormError::Malformed
                | FormError::Missing(_)
                | FormError::Repeated(_),
            ) => Self::BadRequest(invalid()),
            RequestError::UnsupportedGrantType => {
                Self::BadRequest(body(OAuthErrorCode::UnsupportedGrantType))
            }
        }
    }
}

impl Refused {
    /// Where the service itself is in trouble: by its own fault, or because it has to wait.
    pub(in crate::http) fn failure(is_ours: bool) -> Self {
        if is_ours {
            Self::Internal(body(OAuthErrorCode::ServerError, None))
        } else {
            let body = body(OAuthErrorCode::TemporarilyUnavailable, None);
            Self::Unavailable(body, RETRY_AFTER_SECONDS)
        }
    }
}

impl Refused {
    /// Where there were too many attempts.
    pub(in crate::http) fn throttled() -> Self {
        let what = Some(TOO_MANY.to_owned());
        Self::Throttled(body(OAuthErrorCode::TemporarilyUnavailable, what))
    }
}

impl OAuthError {
    /// For a token that is not exchanged. `description` is plain ASCII without quotes.
    pub(in crate::http) fn invalid_grant(description: String) -> Self {
        let Json(body) = body(OAuthErrorCode::InvalidGrant, Some(description));
        body
    }
}

fn body(error: OAuthErrorCode, error_description: Option<String>) -> Json<OAuthError> {
    Json(OAuthError {
        error,
        error_description,
    })
}

/// The refusal that the document shows for a status.
struct At<const STATUS: u16>;

impl<const STATUS: u16> Shown for At<STATUS> {
    type Body = OAuthError;

    fn body() -> OAuthError {
        let refused: Refused = match STATUS {
            401 => RequestError::from(ClientError::NotAuthenticated).into(),
            408 => RequestError::from(FormError::Body(BodyError::Slow)).into(),
            413 => RequestError::from(FormError::Body(BodyError::TooLarge)).into(),
            415 => RequestError::from(FormError::MediaType).into(),
            429 => Refused::throttled(),
            500 => Refused::failure(true),
            503 => Refused::failure(false),
            _ => RequestError::from(FormError::Missing("token")).into(),
        };
        match refused {
            Refused::BadRequest(Json(body))
            | Refused::Unauthorized(Json(body), _)
            | Refused::Timeout(Json(body))
            | Refused::TooLarge(Json(body))
            | Refused::MediaType(Json(body))
            | Refused::Throttled(Json(body))
            | Refused::Internal(Json(body))
            | Refused::Unavailable(Json(body), _) => body,
        }
    }
}

/// What was asked for, or a refusal.
pub(in crate::http) enum Reply<R> {
    Done(R),
    Refused(Refused),
}

impl<R: IntoResponse> IntoResponse for Reply<R> {
    fn into_response(self) -> Response {
        match self {
            Self::Done(reply) => reply.into_response(),
            Self::Refused(refused) => refused.into_response(),
        }
    }
}

impl<R: ApiResponse> ApiResponse for Reply<R> {
    fn meta() -> MetaResponses {
        let mut meta = R::meta();
        let is_own = |refused: &MetaResponse| {
            let mut own = meta.responses.iter();
            own.any(|own| own.status == refused.status)
        };
        // What an endpoint says of a status itself goes before what all say.
        let mut refused = Refused::meta().responses;
        refused.retain(|refused| !is_own(refused));
        meta.responses.extend(refused);
        meta.responses.sort_by_key(|response| response.status);
        meta
    }

    fn register(registry: &mut Registry) {
        Refused::register(registry);
        R::register(registry);
    }
}
