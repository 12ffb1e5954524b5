//! `cookie`: a refresh token in a cookie, a fresh access token in another one (seed 001).

use std::sync::Arc;

use poem::Request;
use poem_openapi::payload::Json;
use poem_openapi::{ApiResponse, Object, OpenApi};

use crate::domain::{Contract, Refusal};
use crate::service::{Attempt, RefreshError, Renewer};

use super::super::Tag;
use super::super::audit::{Audit, Audited};
use super::super::cookie::{CookieSettings, CookieValue, Cookies};
use super::super::cross_site::{CROSS_SITE, CrossSite, CrossSiteGuard};
use super::super::example::{JsonExample, Shown};
use super::super::problem::{Code, RETRY_AFTER_SECONDS};
use super::super::throttle::TRY_LATER;
use super::attempt;

/// Answers requests that carry the refresh cookie, or nothing.
pub(in crate::http) struct CookieRefresh {
    pub(in crate::http) renewer: Option<Arc<Renewer>>,
    pub(in crate::http) settings: CookieSettings,
    pub(in crate::http) guard: CrossSiteGuard,
}

/// The operation in the document; requests come by way of the path that the contracts share.
pub(in crate::http) struct CookieApi(pub(in crate::http) Arc<CookieRefresh>);

#[OpenApi(tag = "Tag::Refresh")]
impl CookieApi {
    /// Renew the access cookie
    ///
    /// Send no body; the browser sends the refresh cookie by itself. The answer sets a fresh access
    /// cookie; the refresh cookie stays as it is and keeps its end. Pages of other origins must be
    /// listed in `CORS_ALLOWED_ORIGINS`.
    #[oai(
        path = "/api/auth/refresh#cookie",
        method = "post",
        operation_id = "refreshCookie"
    )]
    async fn refresh(&self, request: &Request, cookies: Cookies) -> Audited<Renewed> {
        self.0.exchange(request, &cookies).await
    }
}

/// What became of it.
#[derive(Object)]
pub(in crate::http) struct CookieReply {
    /// Whether there is a new access cookie.
    success: bool,
    /// The same in words.
    message: String,
}

/// Why there is none for now.
#[derive(Object)]
pub(in crate::http) struct CookieThrottled {
    /// Always `false`.
    success: bool,
    /// What happened, for people.
    message: String,
    /// What happened, for programs: always `rate_limit_exceeded`.
    error: String,
}

/// Every answer of the contract.
#[derive(ApiResponse)]
pub(in crate::http) enum Renewed {
    /// The access cookie is a fresh one.
    #[oai(status = 200, actual_type = "JsonExample<RefreshedExample>")]
    Ok(
        Json<CookieReply>,
        /// The access cookie.
        #[oai(header = "Set-Cookie")]
        String,
    ),
    /// There is no refresh cookie, or its token is not good any more: log in again.
    #[oai(status = 401, actual_type = "JsonExample<InvalidExample>")]
    Unauthorized(Json<CookieReply>),
    /// The page that sent the request is of an origin that is not listed.
    #[oai(status = 403, actual_type = "JsonExample<CrossSiteExample>")]
    Forbidden(Json<CookieReply>),
    /// The session's user does not exist any more.
    #[oai(status = 404, actual_type = "JsonExample<UserNotFoundExample>")]
    NotFound(Json<CookieReply>),
    /// The session was refreshed too often, or there were too many failed attempts from this address.
    /// The session is untouched: try again.
    #[oai(status = 429, actual_type = "JsonExample<ThrottledExample>")]
    Throttled(Json<CookieThrottled>),
    /// A fault of the service. The session is untouched.
    #[oai(status = 500, actual_type = "JsonExample<FailedExample>")]
    Internal(Json<CookieReply>),
    /// A database does not answer, or there is too much to do. The session is untouched: try again.
    #[oai(status = 503, actual_type = "JsonExample<FailedExample>")]
    Unavailable(Json<CookieReply>, #[oai(header = "Retry-After")] u64),
}

const REFRESHED: &str = "Token refreshed successfully";
const MISSING: &str = "No refresh token provided";
const INVALID: &str = "Invalid or expired refresh token";
const USER_NOT_FOUND: &str = "User not found";
const FAILED: &str = "An error occurred while refreshing token";

/// What the document shows for one of the messages.
macro_rules! examples {
    ($($name:ident $message:ident)*) => {$(
        struct $name;

        impl Shown for $name {
            type Body = CookieReply;

            fn body() -> CookieReply {
                say($message).0
            }
        }
    )*};
}

examples! {
    RefreshedExample REFRESHED
    InvalidExample INVALID
    CrossSiteExample CROSS_SITE
    UserNotFoundExample USER_NOT_FOUND
    FailedExample FAILED
}

struct ThrottledExample;

impl Shown for ThrottledExample {
    type Body = CookieThrottled;

    fn body() -> CookieThrottled {
        CookieThrottled {
            success: false,
            message: TRY_LATER.to_owned(),
            error: "rate_limit_exceeded".to_owned(),
        }
    }
}

fn say(message: &str) -> Json<CookieReply> {
    Json(CookieReply {
        success: message == REFRESHED,
        message: message.to_owned(),
    })
}

impl CookieRefresh {
    /// Whether the request carries the cookie.
    pub(in crate::http) fn is_in(&self, cookies: &Cookies) -> bool {
        !matches!(
            cookies.find(&self.settings.refresh_name),
            CookieValue::Missing
        )
    }

    /// Exchanges the refresh cookie for a fresh access cookie.
    pub(in crate::http) async fn exchange(
        &self,
        request: &Request,
        cookies: &Cookies,
    ) -> Audited<Renewed> {
        if let Err(cross_site) = self.guard.check(request) {
            return refuse_page(cross_site);
        }
        let token = match cookies.find(&self.settings.refresh_name) {
            CookieValue::Credential(token) => token,
            CookieValue::Missing => return missing(),
            // Which of several is meant nobody can say, and no token has those bytes.
            CookieValue::Ambiguous | CookieValue::Unreadable => String::new(),
        };
        let attempt = attempt::renew(self.renewer.as_deref(), &token, None).await;
        Audited {
            audit: attempt::audit(Contract::Cookie, &attempt),
            reply: self.answer(attempt),
        }
    }

    fn answer(&self, attempt: Attempt) -> Renewed {
        match attempt.outcome {
            Ok(grant) => Renewed::Ok(
                say(REFRESHED),
                self.settings.access(&grant.access_token, grant.expires_in),
            ),
            Err(error) => refuse(&error),
        }
    }
}

fn refuse(error: &RefreshError) -> Renewed {
    match error {
        RefreshError::Refused(Refusal::UserNotFound) => Renewed::NotFound(say(USER_NOT_FOUND)),
        RefreshError::Refused(_) => Renewed::Unauthorized(say(INVALID)),
        RefreshError::RateLimited(_) => throttled(),
        RefreshError::Directory(_) | RefreshError::NotOffered | RefreshError::Sessions(_) => {
            Renewed::Unavailable(say(FAILED), RETRY_AFTER_SECONDS)
        }
        RefreshError::Sign(_) => Renewed::Internal(say(FAILED)),
    }
}

fn missing() -> Audited<Renewed> {
    Audited {
        reply: Renewed::Unauthorized(say(MISSING)),
        audit: Audit {
            contract: Contract::Cookie.word(),
            outcome: Code::MissingToken.word(),
            ..Audit::default()
        },
    }
}

fn refuse_page(cross_site: CrossSite) -> Audited<Renewed> {
    Audited {
        reply: Renewed::Forbidden(say(CROSS_SITE)),
        audit: cross_site.audit(Contract::Cookie.word()),
    }
}

/// What whoever asks too often is answered with.
pub(super) fn throttled() -> Renewed {
    Renewed::Throttled(Json(ThrottledExample::body()))
}

/// What a failure outside of this code is answered with.
pub(super) fn failure(is_ours: bool) -> Renewed {
    if is_ours {
        Renewed::Internal(say(FAILED))
    } else {
        Renewed::Unavailable(say(FAILED), RETRY_AFTER_SECONDS)
    }
}
