//! `GET /api/auth/verify`: forward-auth for nginx `auth_request`, Traefik and Caddy.

use std::sync::Arc;

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use poem_openapi::{ApiResponse, OpenApi};
use tracing::error;

use crate::domain::Subject;
use crate::service::{Causes, Verifier, VerifyError};

use super::Tag;
use super::audit::{Audit, Audited};
use super::bearer::Bearer;
use super::contract::attempt::operator_hint;
use super::contract::expired_token::{challenge, explain};
use super::cookie::{AccessCookies, CookieValue};
use super::example::ExampleOf;
use super::problem::{Code, ProblemJson, RETRY_AFTER_SECONDS, UNAVAILABLE};

pub(super) struct VerifyApi {
    pub(super) verifier: Arc<Verifier>,
    /// The name of the cookie that carries access tokens.
    pub(super) cookie_name: String,
}

/// Every answer of the endpoint.
#[derive(ApiResponse)]
enum Verified {
    /// The token is good; the header names whom it is about.
    #[oai(status = 204)]
    Ok(
        /// The user's key, as the token names it. Whatever is not visible ASCII or a space, and `%` itself,
        /// is percent-encoded as UTF-8.
        #[oai(header = "X-Auth-Subject")]
        String,
    ),
    /// There is no token (`missing_token`), it has expired (`token_expired`: exchange it), or it is
    /// not good for another reason, with the codes of the refresh.
    #[oai(
        status = 401,
        actual_type = "ExampleOf<{ Code::TokenExpired as usize }>"
    )]
    Unauthorized(
        ProblemJson,
        /// `Bearer`, with the error where a token was sent (RFC 6750).
        #[oai(header = "WWW-Authenticate")]
        String,
    ),
    /// A database does not answer, or there is too much to do, so nobody knows.
    #[oai(
        status = 503,
        actual_type = "ExampleOf<{ Code::Unavailable as usize }>"
    )]
    Unavailable(ProblemJson, #[oai(header = "Retry-After")] u64),
}

const CONTRACT: &str = "verify";

#[OpenApi(tag = "Tag::Verify")]
impl VerifyApi {
    /// Check an access token
    ///
    /// For a reverse proxy that asks before it lets a request through: checks the signature, the
    /// expiry, and that the user still exists, is active, and has not revoked the token. Without an
    /// `Authorization` header the access cookie is checked.
    #[oai(
        path = "/api/auth/verify",
        method = "get",
        operation_id = "verifyToken"
    )]
    async fn verify(&self, bearer: Bearer, cookies: AccessCookies) -> Audited<Verified> {
        let token = match (bearer, cookies.0.find(&self.cookie_name)) {
            (Bearer::Credential(token), _) | (Bearer::Missing, CookieValue::Credential(token)) => {
                token
            }
            (Bearer::Unreadable, _)
            | (Bearer::Missing, CookieValue::Ambiguous | CookieValue::Unreadable) => String::new(),
            (Bearer::Missing, CookieValue::Missing) => return missing(),
        };

        let (trail, outcome) = self.verifier.verify(&token).await;
        let audit = Audit {
            contract: CONTRACT,
            trail,
            ..Audit::default()
        };
        match outcome {
            Ok(subject) => {
                let audit = Audit {
                    outcome: "verified",
                    ..audit
                };
                Audited {
                    reply: Verified::Ok(header_value(&subject)),
                    audit,
                }
            }
            Err(error) => refuse(&error, audit),
        }
    }
}

/// The subject as a header can carry it: whatever is not visible ASCII is percent-encoded, and so
/// is the percent sign, so that no two subjects look the same.
fn header_value(subject: &Subject) -> String {
    const ESCAPED: &AsciiSet = &CONTROLS.add(b'%');

    utf8_percent_encode(&subject.to_string(), ESCAPED).to_string()
}

/// RFC 6750 §3.1: who sent nothing learns the scheme and no error code.
fn missing() -> Audited<Verified> {
    let problem = Code::MissingToken
        .problem("send the token as Authorization: Bearer, or in the access cookie");
    let audit = Audit {
        contract: CONTRACT,
        outcome: Code::MissingToken.word(),
        ..Audit::default()
    };
    Audited {
        reply: Verified::Unauthorized(problem, "Bearer".to_owned()),
        audit,
    }
}

fn refuse(error: &VerifyError, audit: Audit) -> Audited<Verified> {
    let reason = error.to_string();
    let (code, hint, reply) = match error {
        VerifyError::Refused(refusal) => {
            let (code, detail) = explain(*refusal);
            let challenge = challenge(&detail);
            let reply = Verified::Unauthorized(code.problem(detail), challenge);
            (code, operator_hint(*refusal), reply)
        }
        VerifyError::Directory(_) | VerifyError::Sessions(_) => {
            error!(
                error = %Causes(error),
                "a token could not be checked"
            );
            let problem = Code::Unavailable.problem(UNAVAILABLE);
            (
                Code::Unavailable,
                "",
                Verified::Unavailable(problem, RETRY_AFTER_SECONDS),
            )
        }
    };
    let refusal = if let VerifyError::Refused(refusal) = error {
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
