//! `POST /oauth/revoke` (RFC 7009).

use std::sync::Arc;

use poem::Request;
use poem_openapi::types::Example;
use poem_openapi::{ApiResponse, Object, OpenApi};
use tracing::error;

use crate::domain::Contract;
use crate::service::Logouter;

use super::super::Tag;
use super::super::audit::{Audit, Audited};
use super::super::contract::failure::Spoken;
use super::super::example::EXAMPLE_TOKEN;
use super::super::problem::Code;
use super::client::{Basic, OAuthClient};
use super::form::FormBody;
use super::refusal::{Refused, Reply, RequestError};

pub(super) struct RevokeApi {
    pub(super) logouter: Arc<Logouter>,
    pub(super) client: Arc<OAuthClient>,
}

/// A token whose session is to end.
#[derive(Object)]
#[oai(example)]
struct RevokeRequest {
    /// An access token, expired or not, or a refresh token, of any contract.
    token: String,
    /// Not read: what a token is can be seen.
    token_type_hint: Option<String>,
    /// Where `OAUTH_CLIENT_ID` is set, that one; else not read.
    client_id: Option<String>,
}

impl Example for RevokeRequest {
    fn example() -> Self {
        Self {
            token: EXAMPLE_TOKEN.to_owned(),
            token_type_hint: None,
            client_id: None,
        }
    }
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
            Ok(token) => self.end(token).await,
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

    async fn end(&self, token: &str) -> Audited<Reply<Revoked>> {
        let (trail, outcome) = self.logouter.log_out(token, false).await;
        let (reply, outcome, reason) = match outcome {
            Ok(Some(_)) => (Reply::Done(Revoked::Done), "logged_out", String::new()),
            Ok(None) => (Reply::Done(Revoked::Done), "ignored", String::new()),
            Err(error) => {
                let reason = error.to_string();
                let error = &error as &dyn std::error::Error;
                error!(error, "a session could not be ended");
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
