//! Problem details (RFC 9457): the one shape of refusal that is not a legacy contract's own.

use poem::http::header::CONTENT_TYPE;
use poem::http::{HeaderValue, StatusCode};
use poem::{IntoResponse, Response};
use poem_openapi::payload::{Json, Payload};
use poem_openapi::registry::{MetaMediaType, MetaResponse, MetaResponses, MetaSchemaRef, Registry};
use poem_openapi::types::Type;
use poem_openapi::{ApiResponse, Enum, Object};

use crate::domain::Refusal;

/// How many seconds to wait before trying again, where the service itself is in trouble.
pub(super) const RETRY_AFTER_SECONDS: u64 = 2;

/// What is said where the service, or what it depends on, has no answer for now.
pub(super) const UNAVAILABLE: &str = "the service cannot answer at the moment";

/// What is said of a failure of the service, of which the log knows more.
pub(super) const FAILED: &str = "the service failed";

/// What is said of an address that is not there.
pub(super) const NOTHING_THERE: &str = "there is nothing at this address";

/// What to do about a refusal. `reauthenticate`: log in again, no retry will help. `refresh`:
/// exchange the token for a fresh one. `retry`: correct the request, or send it again later.
/// `wait`: send it again as it is, once `Retry-After` is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[oai(rename_all = "snake_case")]
pub(super) enum Action {
    /// Log in again: no retry will help.
    Reauthenticate,
    /// Exchange the token for a fresh one.
    Refresh,
    /// Correct the request, or send it again later.
    Retry,
    /// Wait as long as `Retry-After` says, then send it again.
    Wait,
}

/// A refusal, for people (`title`, `detail`) and programs (`code`, `action`).
#[derive(Debug, Clone, PartialEq, Eq, Object)]
pub(super) struct Problem {
    /// Names this kind of problem; relative to the service, a page that explains it.
    pub(super) r#type: String,
    /// The kind of problem in a few words; the same for every occurrence.
    pub(super) title: String,
    /// The status of the answer.
    pub(super) status: u16,
    /// What happened this time.
    pub(super) detail: String,
    /// The kind of problem as one word of a closed set; the one to program against.
    pub(super) code: String,
    /// What to do about it.
    pub(super) action: Action,
}

/// Declares the closed set of codes: name, word, status, action, title. Each has a chapter in the book.
macro_rules! codes {
    ($($variant:ident $word:literal $status:literal $action:ident $title:literal)*) => {
        /// A kind of problem.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(super) enum Code { $(#[doc = $title] $variant,)* }

        impl Code {
            pub(super) const ALL: &[Self] = &[$(Self::$variant),*];

            /// The word for programs.
            pub(super) fn word(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }

            /// The status of the answer.
            pub(super) fn status(self) -> u16 {
                match self { $(Self::$variant => $status,)* }
            }

            /// What to do about it.
            pub(super) fn action(self) -> Action {
                match self { $(Self::$variant => Action::$action,)* }
            }

            /// The problem in a few words.
            pub(super) fn title(self) -> &'static str {
                match self { $(Self::$variant => $title,)* }
            }

            /// The chapter that explains it, in Markdown.
            pub(super) fn chapter(self) -> &'static str {
                match self {
                    $(Self::$variant => include_str!(concat!("../../docs/problems/", $word, ".md")),)*
                }
            }
        }
    };
}

codes! {
    BadRequest "bad_request" 400 Retry "Bad request"
    AdminRefused "admin_refused" 401 Retry "Admin key refused"
    InvalidToken "invalid_token" 401 Reauthenticate "Invalid token"
    MissingToken "missing_token" 401 Reauthenticate "No token"
    RefreshWindowOver "refresh_window_over" 401 Reauthenticate "Expired too long ago"
    SessionExpired "session_expired" 401 Reauthenticate "Session too old"
    SessionRevoked "session_revoked" 401 Reauthenticate "Session revoked"
    TokenExpired "token_expired" 401 Refresh "Token expired"
    TokenReused "token_reused" 401 Reauthenticate "Token reused"
    UnsupportedToken "unsupported_token" 401 Reauthenticate "Unsupported token"
    UserInactive "user_inactive" 401 Reauthenticate "User inactive"
    UserNotFound "user_not_found" 401 Reauthenticate "User not found"
    CrossSite "cross_site" 403 Retry "Cross-site request"
    NotFound "not_found" 404 Retry "Not found"
    MethodNotAllowed "method_not_allowed" 405 Retry "Method not allowed"
    ContractNotOffered "contract_not_offered" 409 Retry "Contract not offered"
    RequestTimeout "request_timeout" 408 Retry "Request too slow"
    TooLarge "too_large" 413 Retry "Request too large"
    UnsupportedMediaType "unsupported_media_type" 415 Retry "Unsupported media type"
    MalformedRequest "malformed_request" 422 Retry "Malformed request"
    RateLimited "rate_limited" 429 Wait "Too many requests"
    Internal "internal" 500 Retry "Internal error"
    Unavailable "unavailable" 503 Wait "Temporarily unavailable"
}

impl Code {
    /// The kind of problem that a refusal is.
    pub(super) fn of(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Expired => Self::TokenExpired,
            Refusal::RefreshWindowOver => Self::RefreshWindowOver,
            Refusal::SessionExpired => Self::SessionExpired,
            Refusal::CutOff | Refusal::SessionRevoked => Self::SessionRevoked,
            Refusal::TokenReused => Self::TokenReused,
            Refusal::Unsupported(_) => Self::UnsupportedToken,
            Refusal::TokenMismatch | Refusal::Unverified(_) => Self::InvalidToken,
            Refusal::UserInactive => Self::UserInactive,
            Refusal::UserNotFound => Self::UserNotFound,
        }
    }

    /// The problem, with what happened this time.
    pub(super) fn problem(self, detail: impl Into<String>) -> ProblemJson {
        ProblemJson(Problem {
            r#type: format!("/problems/{}", self.word()),
            title: self.title().to_owned(),
            status: self.status(),
            detail: detail.into(),
            code: self.word().to_owned(),
            action: self.action(),
        })
    }
}

impl ProblemJson {
    /// The same where another status says it better.
    pub(super) fn with_status(mut self, status: u16) -> Self {
        self.0.status = status;
        self
    }
}

/// A problem as a body of type `application/problem+json`.
#[derive(Debug)]
pub(super) struct ProblemJson(pub(super) Problem);

impl Payload for ProblemJson {
    const CONTENT_TYPE: &'static str = "application/problem+json";

    fn schema_ref() -> MetaSchemaRef {
        Problem::schema_ref()
    }

    fn register(registry: &mut Registry) {
        Problem::register(registry);
    }
}

impl IntoResponse for ProblemJson {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.0.status).unwrap_or_default();
        let mut response = Json(self.0).into_response();
        let media_type = HeaderValue::from_static(Self::CONTENT_TYPE);
        response.headers_mut().insert(CONTENT_TYPE, media_type);
        response.set_status(status);
        response
    }
}

impl ApiResponse for ProblemJson {
    fn meta() -> MetaResponses {
        let content = MetaMediaType {
            content_type: Self::CONTENT_TYPE,
            schema: Self::schema_ref(),
        };
        let response = MetaResponse {
            description: "",
            status: None,
            status_range: None,
            content: vec![content],
            headers: Vec::new(),
        };
        MetaResponses {
            responses: vec![response],
        }
    }

    fn register(registry: &mut Registry) {
        Problem::register(registry);
    }
}
