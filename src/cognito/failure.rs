//! What the answers of Cognito mean that are no tokens.
//!
//! Their messages may quote the request, so they are read and never repeated.

use std::error::Error;
use std::sync::Arc;

use aws_sdk_cognitoidentityprovider::config::http::HttpResponse;
use aws_sdk_cognitoidentityprovider::error::{ProvideErrorMetadata, SdkError};

use crate::service::{Change, ProviderError};

const NO_CLIENT: &str = "COGNITO_REGION and COGNITO_CLIENT_ID name no app client";

const SECRET: &str =
    "COGNITO_CLIENT_SECRET must be the secret of the app client, and not set if it has none";

const FLOW: &str = "the app client has to allow what is asked of it: COGNITO_ROTATION must say \
     whether it rotates refresh tokens; if it does not, ALLOW_REFRESH_TOKEN_AUTH must be on; for \
     logouts, token revocation";

/// What is wrong with Cognito, without a word of what it said.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    /// An answer that is none of those foreseen.
    #[error("Cognito answered {status} {code}")]
    Answered {
        /// The status.
        status: u16,
        /// The name of the exception; empty where it has none.
        code: String,
    },
    /// A success with nothing in it.
    #[error("the answer of Cognito holds no access token")]
    NoAccessToken,
    /// A success, and nobody knows whose.
    #[error(
        "the access token of Cognito does not say whose it is; COGNITO_USER_CLAIM must be one of \
         its claims"
    )]
    NoLogin,
    /// The request could not even be made.
    #[error("there is no request to Cognito")]
    Unasked,
    /// Nothing that the SDK understands.
    #[error("the answer of Cognito, {status}, could not be read")]
    Unreadable {
        /// The status.
        status: u16,
    },
}

/// Why there are no tokens.
pub(super) fn judge<E>(error: SdkError<E, HttpResponse>) -> ProviderError
where
    E: ProvideErrorMetadata + Error + Send + Sync + 'static,
{
    match Reply::of(error) {
        Ok(reply) => reply.judge(),
        Err(error) => error,
    }
}

/// The same for an end: a token that is not good is as good as ended.
pub(super) fn judge_revocation<E>(error: SdkError<E, HttpResponse>) -> Result<Change, ProviderError>
where
    E: ProvideErrorMetadata + Error + Send + Sync + 'static,
{
    let reply = Reply::of(error)?;
    match (reply.is_about_the_request(), reply.code.as_str()) {
        (true, "UnauthorizedException" | "UnsupportedTokenTypeException") => Ok(Change::Lost),
        _ => match reply.judge() {
            ProviderError::Refused | ProviderError::Reused => Ok(Change::Lost),
            error @ (ProviderError::Misconfigured(_)
            | ProviderError::Timeout
            | ProviderError::Unavailable(_)) => Err(error),
        },
    }
}

/// An answer that says that something is wrong.
struct Reply {
    status: u16,
    code: String,
    message: String,
}

impl Reply {
    /// The answer, if there is one.
    fn of<E>(error: SdkError<E, HttpResponse>) -> Result<Self, ProviderError>
    where
        E: ProvideErrorMetadata + Error + Send + Sync + 'static,
    {
        if let SdkError::ServiceError(context) = &error {
            let meta = context.err().meta();
            let code = meta.code().filter(|code| is_a_name(code));
            return Ok(Self {
                status: context.raw().status().as_u16(),
                code: code.unwrap_or_default().to_owned(),
                message: meta.message().unwrap_or_default().to_ascii_lowercase(),
            });
        }
        let is_late = matches!(&error, SdkError::TimeoutError(_))
            || matches!(&error, SdkError::DispatchFailure(failure) if failure.is_timeout());
        if is_late {
            return Err(ProviderError::Timeout);
        }
        if let Some(answer) = error.raw_response() {
            let status = answer.status().as_u16();
            return Err(unavailable(Failure::Unreadable { status }));
        }
        // Says which host could not be reached, and why.
        Err(error.into_source().map_or_else(
            |_| unavailable(Failure::Unasked),
            |source| ProviderError::Unavailable(Arc::from(source)),
        ))
    }

    fn judge(self) -> ProviderError {
        if self.is_about_the_request() {
            match self.code.as_str() {
                "NotAuthorizedException" if self.message.contains("secret") => {
                    return ProviderError::Misconfigured(SECRET);
                }
                // "Auth flow not enabled for this client", and whatever else is no user's fault.
                "NotAuthorizedException" if self.message.contains("client") => {
                    return ProviderError::Misconfigured(FLOW);
                }
                "NotAuthorizedException"
                | "PasswordResetRequiredException"
                | "UserNotConfirmedException"
                | "UserNotFoundException" => return ProviderError::Refused,
                "RefreshTokenReuseException" => return ProviderError::Reused,
                "ResourceNotFoundException" => return ProviderError::Misconfigured(NO_CLIENT),
                "InvalidParameterException"
                | "OperationNotEnabledException"
                | "UnsupportedOperationException" => return ProviderError::Misconfigured(FLOW),
                _ => {}
            }
        }
        let Self { status, code, .. } = self;
        unavailable(Failure::Answered { status, code })
    }

    /// Cognito's own trouble has other statuses, whatever the body says.
    fn is_about_the_request(&self) -> bool {
        self.status == 400
    }
}

fn unavailable(failure: Failure) -> ProviderError {
    ProviderError::Unavailable(Arc::new(failure))
}

/// Whether it looks like the name of an exception, and not like something to be kept quiet.
fn is_a_name(code: &str) -> bool {
    let is_short = code.len() <= 64 && code.bytes().all(|byte| byte.is_ascii_alphabetic());
    is_short && (code.ends_with("Exception") || code.ends_with("Error"))
}
