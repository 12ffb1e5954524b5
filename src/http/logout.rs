//! `POST /api/auth/logout`

use std::sync::Arc;

use poem::{IntoResponse, Request, Response};
use poem_openapi::registry::{MetaResponses, Registry};
use poem_openapi::{ApiResponse, Object, OpenApi};
use serde_json::value::RawValue;
use tracing::error;

use crate::json::{StrictObject, as_string};
use crate::service::{Causes, LogoutError, Logouter};

use super::Tag;
use super::admission;
use super::audit::{Audit, Audited};
use super::bearer::Bearer;
use super::body::{Body, BodyError, InputError, malformed};
use super::cookie::{CookieSettings, CookieValue, Cookies};
use super::cross_site::{CROSS_SITE, CrossSite, CrossSiteGuard};
use super::example::{EXAMPLE_TOKEN, ExampleOf};
use super::problem::{Code, ProblemJson, RETRY_AFTER_SECONDS, UNAVAILABLE};
use super::throttle;

pub(super) struct LogoutApi {
    pub(super) logouter: Arc<Logouter>,
    pub(super) cookies: CookieSettings,
    pub(super) guard: CrossSiteGuard,
}

/// A session to end.
#[derive(Object)]
#[oai(example)]
struct LogoutRequest {
    /// An access token of the session, expired or not, or its refresh token; may be left out where
    /// the header or the cookie carries it. The names of the other contracts, such as
    /// `refreshToken`, are understood as well.
    token: Option<String>,
    /// End every session of the user, not only this one; takes a token that could still be
    /// exchanged, or used where only a refresh token is exchanged.
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
    /// The session was to be found by the cookie, and the page that sent the request is of an
    /// origin that is not listed.
    #[oai(status = 403, actual_type = "ExampleOf<{ Code::CrossSite as usize }>")]
    Forbidden(ProblemJson),
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
    /// A database does not answer, or there is too much to do. Nothing was ended for sure; try
    /// again.
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
    /// is the same whether the token was genuine or not. A token comes in the body, in the cookie,
    /// or as `Authorization: Bearer`; the cookies are deleted if it came in one.
    #[oai(path = "/api/auth/logout", method = "post", operation_id = "logOut")]
    async fn log_out(
        &self,
        request: &Request,
        bearer: Bearer,
        cookies: Cookies,
        body: Body<Option<LogoutRequest>>,
    ) -> Answer {
        let input = body
            .0
            .map_err(InputError::from)
            .and_then(|body| Input::read(&body));
        let Input { token, everywhere } = match input {
            Ok(input) => input,
            Err(error) => return Answer::of(refuse(&error)),
        };
        let cookie = cookies.find(&self.cookies.refresh_name);
        let (credential, by_cookie) = match token {
            Some(token) => (token, false),
            None => match (cookie, bearer) {
                (CookieValue::Credential(token), _) => (token, true),
                // No token has these bytes, and what is no token ends nothing.
                (CookieValue::Ambiguous | CookieValue::Unreadable, _) => (String::new(), true),
                (CookieValue::Missing, Bearer::Credential(token)) => (token, false),
                (CookieValue::Missing, Bearer::Unreadable) => (String::new(), false),
                (CookieValue::Missing, Bearer::Missing) => {
                    let what =
                        "a token is required, in the body, a cookie or the header".to_owned();
                    return Answer::of(refuse(&InputError::Malformed(what)));
                }
            },
        };
        if !by_cookie {
            return Answer::of(self.end(request, &credential, everywhere).await);
        }
        if let Err(cross_site) = self.guard.check(request) {
            return Answer::of(refuse_page(cross_site));
        }
        let reply = self.end(request, &credential, everywhere).await;
        let is_done = matches!(reply.reply, LoggedOut::Done);
        let mut answer = Answer::of(reply);
        if is_done {
            self.cookies.clear(answer.0.headers_mut());
        }
        answer
    }
}

impl LogoutApi {
    async fn end(
        &self,
        request: &Request,
        credential: &str,
        everywhere: bool,
    ) -> Audited<LoggedOut> {
        let going_elsewhere = || admission::leave(request);
        let ending = self
            .logouter
            .log_out(credential, everywhere, going_elsewhere);
        let (trail, outcome) = ending.await;
        let audit = Audit {
            contract: CONTRACT,
            trail,
            ..Audit::default()
        };
        let ended = match outcome {
            Ok(ended) => ended,
            Err(error) => return unavailable(&error, audit),
        };
        Audited {
            reply: LoggedOut::Done,
            audit: Audit {
                outcome: if ended { "logged_out" } else { "ignored" },
                ..audit
            },
        }
    }
}

fn unavailable(error: &LogoutError, audit: Audit) -> Audited<LoggedOut> {
    error!(error = %Causes(error), "a session could not be ended");
    let problem = Code::Unavailable.problem(UNAVAILABLE);
    Audited {
        reply: LoggedOut::Unavailable(problem, RETRY_AFTER_SECONDS),
        audit: Audit {
            outcome: Code::Unavailable.word(),
            reason: error.to_string(),
            ..audit
        },
    }
}

/// An answer that may delete two cookies, which poem-openapi has no words for.
struct Answer(Response);

impl Answer {
    fn of(reply: Audited<LoggedOut>) -> Self {
        Self(reply.into_response())
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        self.0
    }
}

impl ApiResponse for Answer {
    fn meta() -> MetaResponses {
        throttle::bounded(LoggedOut::meta())
    }

    fn register(registry: &mut Registry) {
        LoggedOut::register(registry);
    }
}

/// What the body says.
struct Input {
    token: Option<String>,
    everywhere: bool,
}

/// What the contracts call their tokens. A refresh token goes before an access token, which may be
/// too old to say anything.
const TOKENS: [&str; 5] = [
    "RefreshToken",
    "refreshToken",
    "refresh_token",
    "token",
    "Token",
];

impl Input {
    fn read(bytes: &[u8]) -> Result<Self, InputError> {
        let object = match bytes {
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
        let named = TOKENS
            .iter()
            .find_map(|name| object.find(name).map(|value| (name, as_string(value))));
        let token = match named {
            None => None,
            Some((_, Some(token))) => Some(token.into_owned()),
            Some((name, None)) => {
                return Err(InputError::Malformed(format!("{name} must be a string")));
            }
        };
        Ok(Self { token, everywhere })
    }
}

fn refuse_page(cross_site: CrossSite) -> Audited<LoggedOut> {
    let problem = Code::CrossSite.problem(CROSS_SITE);
    Audited {
        reply: LoggedOut::Forbidden(problem),
        audit: cross_site.audit(CONTRACT),
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
