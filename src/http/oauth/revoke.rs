//! `POST /oauth/revoke` (RFC 7009).

use std::sync::Arc;

use poem::Request;
use poem_openapi::{ApiResponse, OpenApi};
use tracing::error;

use crate::domain::Contract;
use crate::service::{Causes, Logouter};

use super::super::Tag;
use super::super::admission;
use super::super::audit::{Audit, Audited};
use super::super::contract::failure::Spoken;
use super::super::example::EXAMPLE_TOKEN;
use super::super::problem::Code;
use super::client::{Basic, OAuthClient};
use super::form::{CLIENT_ID, FormBody, Parameter, Parameters, TOKEN_TYPE_HINT};
use super::refusal::{Refused, Reply, RequestError};

pub(super) struct RevokeApi {
    pub(super) logouter: Arc<Logouter>,
    pub(super) client: Arc<OAuthClient>,
}

/// A token whose session is to end.
struct RevokeRequest;

impl Parameters for RevokeRequest {
    const LIST: &'static [Parameter] = &[
        Parameter {
            name: "token",
            description: "An access token, expired or not, or a refresh token, of any contract.",
            example: Some(EXAMPLE_TOKEN),
        },
        TOKEN_TYPE_HINT,
        CLIENT_ID,
    ];
}

/// The answer to a token, whatever it is.
#[derive(ApiResponse)]
enum Revoked {
    /// Nothing of that session is exchanged or accepted any more, if the token was genuine.
    #[oai(status = 200)]
    Done,
}

const CONTRACT: &str = "revoke";

#[OpenApi(tag = "Tag::OAuth")]
impl RevokeApi {
    /// End a session by OAuth 2.0
    ///
    /// Ends the session of the token (RFC 7009): as a logout does, both tokens of it and all that
    /// were exchanged before. The answer is the same whether the token was genuine or not.
    #[oai(
        path = "/oauth/revoke",
        method = "post",
        operation_id = "revokeOAuthToken"
    )]
    async fn revoke(
        &self,
        request: &Request,
        basic: Basic,
        body: FormBody<RevokeRequest>,
    ) -> Audited<Reply<Revoked>> {
        Spoken::note(request, Contract::OAuth2);
        match self.read(&basic, &body) {
            Ok(token) => self.end(request, token).await,
            Err(error) => Audited {
                reply: Reply::Refused(error.into()),
                audit: error.audit(CONTRACT),
            },
        }
    }
}

impl RevokeApi {
    fn read<'a>(
        &self,
        basic: &Basic,
        body: &'a FormBody<RevokeRequest>,
    ) -> Result<&'a str, RequestError> {
        let form = body.form()?;
        self.client.check(basic, form)?;
        Ok(form.require("token")?)
    }

    async fn end(&self, request: &Request, token: &str) -> Audited<Reply<Revoked>> {
        let going_elsewhere = || admission::leave(request);
        let ending = self.logouter.log_out(token, false, going_elsewhere);
        let (trail, outcome) = ending.await;
        let (reply, outcome, reason) = match outcome {
            Ok(true) => (Reply::Done(Revoked::Done), "logged_out", String::new()),
            Ok(false) => (Reply::Done(Revoked::Done), "ignored", String::new()),
            Err(error) => {
                let reason = error.to_string();
                error!(error = %Causes(&error), "a session could not be ended");
                let refused = Refused::failure(false);
                (Reply::Refused(refused), Code::Unavailable.word(), reason)
            }
        };
        Audited {
            reply,
            audit: Audit {
                contract: CONTRACT,
                outcome,
                reason,
                trail,
                ..Audit::default()
            },
        }
    }
}
