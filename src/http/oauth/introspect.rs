//! `POST /oauth/introspect` (RFC 7662).
//!
//! *Why only for clients with a secret.* Whoever may ask can try tokens out (RFC 7662 §4).

use std::sync::Arc;

use poem::Request;
use poem_openapi::payload::Json;
use poem_openapi::types::{Any, Example};
use poem_openapi::{ApiResponse, Object, OpenApi};
use serde::de::DeserializeOwned;
use serde_json::Value;
use tracing::error;

use crate::domain::Contract;
use crate::service::{Active, Causes, Introspector, VerifyError};

use super::super::Tag;
use super::super::audit::{Audit, Audited};
use super::super::contract::attempt::operator_hint;
use super::super::contract::failure::Spoken;
use super::super::example::{EXAMPLE_TOKEN, ExampleOf};
use super::super::problem::{Code, NOTHING_THERE, ProblemJson};
use super::client::{Basic, OAuthClient};
use super::form::{FormBody, Parameter, Parameters, TOKEN_TYPE_HINT};
use super::refusal::{Refused, Reply, RequestError};

pub(super) struct IntrospectApi {
    pub(super) introspector: Introspector,
    pub(super) client: Arc<OAuthClient>,
}

/// A token to look at.
struct IntrospectRequest;

impl Parameters for IntrospectRequest {
    const LIST: &'static [Parameter] = &[
        Parameter {
            name: "token",
            description: "An access token or a refresh token, of any contract.",
            example: Some(EXAMPLE_TOKEN),
        },
        TOKEN_TYPE_HINT,
    ];
}

/// What a token is worth right now; of one that is worth nothing, `active` alone.
#[derive(Default, Object)]
#[oai(skip_serializing_if_is_none, example)]
struct IntrospectReply {
    /// Whether it is good: genuine, not over, not revoked, its user active.
    active: bool,
    /// The user's key.
    sub: Option<String>,
    /// When it is over, in seconds since 1970; of a refresh token, when its session is.
    exp: Option<i64>,
    /// When it was issued.
    iat: Option<i64>,
    /// From when on it is good.
    nbf: Option<i64>,
    /// Who issued it.
    iss: Option<String>,
    /// Whom it is for: a string, or a list of them.
    aud: Option<Any<Value>>,
    /// Its own name.
    jti: Option<String>,
    /// `Bearer` of an access token; refresh tokens have none.
    token_type: Option<String>,
    /// The claim `scope`, where it is a string.
    scope: Option<String>,
}

impl Example for IntrospectReply {
    fn example() -> Self {
        Self {
            active: true,
            sub: Some("42".to_owned()),
            exp: Some(1_900_000_000),
            iat: Some(1_899_998_200),
            jti: Some("7d5bd26e-6825-4797-8fa3-75bd26bc0848".to_owned()),
            token_type: Some("Bearer".to_owned()),
            ..Self::default()
        }
    }
}

impl From<Active> for IntrospectReply {
    fn from(token: Active) -> Self {
        let is_access_token = token.claims.is_some();
        let claims = token.claims.unwrap_or_default();
        let text = |name| claims.find(name).and_then(|value| read(value.as_str()));
        Self {
            active: true,
            sub: Some(token.subject.to_string()),
            exp: Some(token.expires_at.timestamp()),
            iat: token.issued_at.map(|time| time.timestamp()),
            nbf: token.not_before.map(|time| time.timestamp()),
            iss: text("iss"),
            aud: claims
                .find("aud")
                .and_then(|value| read(value.as_str()))
                .map(Any),
            jti: text("jti"),
            token_type: is_access_token.then(|| "Bearer".to_owned()),
            scope: text("scope"),
        }
    }
}

/// A value of that type, where it is one.
fn read<T: DeserializeOwned>(json: &str) -> Option<T> {
    serde_json::from_str(json).ok()
}

/// The answers to a token.
#[derive(ApiResponse)]
enum Introspected {
    /// What the token is worth; `{"active":false}` if it is worth nothing, whatever the reason.
    #[oai(status = 200)]
    Ok(Json<IntrospectReply>),
    /// There is no such address, because `OAUTH_CLIENT_SECRET` is not set.
    #[oai(status = 404, actual_type = "ExampleOf<{ Code::NotFound as usize }>")]
    NotOffered(ProblemJson),
}

const CONTRACT: &str = "introspect";

#[OpenApi(tag = "Tag::OAuth")]
impl IntrospectApi {
    /// Look at a token
    ///
    /// For a resource server that asks what a token is worth (RFC 7662): checks what
    /// `/api/auth/verify` checks, and knows refresh tokens as well. Only where
    /// `OAUTH_CLIENT_SECRET` is set.
    #[oai(
        path = "/oauth/introspect",
        method = "post",
        operation_id = "introspectOAuthToken"
    )]
    async fn introspect(
        &self,
        request: &Request,
        basic: Basic,
        body: FormBody<IntrospectRequest>,
    ) -> Audited<Reply<Introspected>> {
        if !self.client.is_confidential() {
            return not_offered();
        }
        Spoken::note(request, Contract::OAuth2);
        match self.read(&basic, &body) {
            Ok(token) => self.look(token).await,
            Err(error) => Audited {
                reply: Reply::Refused(error.into()),
                audit: error.audit(CONTRACT),
            },
        }
    }
}

impl IntrospectApi {
    fn read<'a>(
        &self,
        basic: &Basic,
        body: &'a FormBody<IntrospectRequest>,
    ) -> Result<&'a str, RequestError> {
        let form = body.form()?;
        self.client.check(basic, form)?;
        Ok(form.require("token")?)
    }

    async fn look(&self, token: &str) -> Audited<Reply<Introspected>> {
        let (trail, outcome) = self.introspector.introspect(token).await;
        let audit = Audit {
            contract: CONTRACT,
            outcome: "verified",
            trail,
            ..Audit::default()
        };
        match outcome {
            Ok(active) => Audited {
                reply: said(active.into()),
                audit,
            },
            Err(error) => refuse(&error, audit),
        }
    }
}

fn said(reply: IntrospectReply) -> Reply<Introspected> {
    Reply::Done(Introspected::Ok(Json(reply)))
}

fn refuse(error: &VerifyError, audit: Audit) -> Audited<Reply<Introspected>> {
    let (code, hint, reply) = match error {
        VerifyError::Refused(refusal) => {
            let reply = said(IntrospectReply::default());
            (Code::of(*refusal), operator_hint(*refusal), reply)
        }
        VerifyError::Directory(_) | VerifyError::Sessions(_) => {
            error!(
                error = %Causes(error),
                "a token could not be looked at"
            );
            let reply = Reply::Refused(Refused::failure(false));
            (Code::Unavailable, "", reply)
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
            reason: error.to_string(),
            hint,
            refusal,
            ..audit
        },
    }
}

/// As any other address that is not there.
fn not_offered() -> Audited<Reply<Introspected>> {
    let code = Code::NotFound;
    Audited {
        reply: Reply::Done(Introspected::NotOffered(code.problem(NOTHING_THERE))),
        audit: Audit {
            contract: "none",
            outcome: code.word(),
            ..Audit::default()
        },
    }
}
