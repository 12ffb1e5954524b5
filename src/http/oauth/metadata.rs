//! `/.well-known/oauth-authorization-server` (RFC 8414): what is offered, for libraries to find.

use std::sync::Arc;

use poem::endpoint::make;
use poem::error::NotFoundError;
use poem::{Endpoint, IntoResponse, Request};
use poem_openapi::payload::{Json, Payload};
use poem_openapi::types::Example;
use poem_openapi::{ApiResponse, Object, OpenApi};

use super::super::Tag;
use super::super::client_address::TrustedProxies;
use super::super::example::{JsonExample, Shown};
use super::super::own_address;
use super::super::problem::{Code, Problem, ProblemJson};
use super::client::OAuthClient;
use super::issuer::Issuer;

/// Where it is, and below that of an issuer with a path (RFC 8414 §3.1).
pub(in crate::http) const WELL_KNOWN: &str = "/.well-known/oauth-authorization-server";

/// Says where the endpoints are, and how clients authenticate there.
#[derive(Clone)]
pub(in crate::http) struct Metadata {
    pub(super) issuer: Option<Issuer>,
    pub(super) trusted_proxies: TrustedProxies,
    pub(super) client: Arc<OAuthClient>,
}

/// The operation in the document.
pub(super) struct MetadataApi(pub(super) Metadata);

#[OpenApi(tag = "Tag::OAuth")]
impl MetadataApi {
    /// What of OAuth 2.0 there is
    ///
    /// Says where the endpoints are and how clients authenticate there (RFC 8414). The addresses
    /// are those below `OAUTH_ISSUER`, or else below the one that the request was sent to.
    #[oai(
        path = "/.well-known/oauth-authorization-server",
        method = "get",
        operation_id = "oauthMetadata"
    )]
    #[expect(clippy::unused_async, reason = "the macro wants it so")]
    async fn metadata(&self, request: &Request) -> MetadataReply {
        self.0.describe(request)
    }
}

/// What is offered (RFC 8414 §2).
#[derive(Object)]
#[oai(rename = "OAuthMetadata", skip_serializing_if_is_none, example)]
struct Offered {
    /// How the service is named.
    issuer: String,
    /// Where refresh tokens are exchanged.
    token_endpoint: String,
    /// `none`, or with `OAUTH_CLIENT_SECRET` `client_secret_basic`; so are the next ones.
    token_endpoint_auth_methods_supported: Vec<String>,
    /// Where sessions are ended.
    revocation_endpoint: String,
    /// How clients authenticate there.
    revocation_endpoint_auth_methods_supported: Vec<String>,
    /// Where tokens are looked at, with `OAUTH_CLIENT_SECRET`.
    introspection_endpoint: Option<String>,
    /// How clients authenticate there.
    introspection_endpoint_auth_methods_supported: Option<Vec<String>>,
    /// Always `refresh_token` alone.
    grant_types_supported: Vec<String>,
    /// Always empty: nobody logs in here.
    response_types_supported: Vec<String>,
}

/// Every answer of the operation.
#[derive(ApiResponse)]
enum MetadataReply {
    /// What is offered.
    #[oai(status = 200)]
    Ok(Json<Offered>),
    /// The request does not say which host it was sent to, and `OAUTH_ISSUER` is not set.
    #[oai(status = 400, actual_type = "JsonExample<NoHost>")]
    NoHost(ProblemJson),
}

struct NoHost;

impl Shown for NoHost {
    type Body = Problem;

    const CONTENT_TYPE: &'static str = ProblemJson::CONTENT_TYPE;

    fn body() -> Problem {
        no_host().0
    }
}

fn no_host() -> ProblemJson {
    Code::BadRequest.problem("the request does not say which host it was sent to")
}

impl Offered {
    fn by(issuer: &Issuer, client: &OAuthClient) -> Self {
        let is_confidential = client.is_confidential();
        let method = if is_confidential {
            "client_secret_basic"
        } else {
            "none"
        };
        let methods = vec![method.to_owned()];
        let below = |path| format!("{}{path}", issuer.text());
        Self {
            issuer: issuer.text().to_owned(),
            token_endpoint: below("/oauth/token"),
            token_endpoint_auth_methods_supported: methods.clone(),
            revocation_endpoint: below("/oauth/revoke"),
            revocation_endpoint_auth_methods_supported: methods.clone(),
            introspection_endpoint: is_confidential.then(|| below("/oauth/introspect")),
            introspection_endpoint_auth_methods_supported: is_confidential.then_some(methods),
            grant_types_supported: vec!["refresh_token".to_owned()],
            // Required (RFC 8414 §2), although §3.2 leaves empty lists out.
            response_types_supported: Vec::new(),
        }
    }
}

impl Example for Offered {
    fn example() -> Self {
        let below = |path| format!("https://auth.example.com{path}");
        let methods = vec!["none".to_owned()];
        Self {
            issuer: below(""),
            token_endpoint: below("/oauth/token"),
            token_endpoint_auth_methods_supported: methods.clone(),
            revocation_endpoint: below("/oauth/revoke"),
            revocation_endpoint_auth_methods_supported: methods,
            introspection_endpoint: None,
            introspection_endpoint_auth_methods_supported: None,
            grant_types_supported: vec!["refresh_token".to_owned()],
            response_types_supported: Vec::new(),
        }
    }
}

impl Metadata {
    fn describe(&self, request: &Request) -> MetadataReply {
        let configured = self.issuer.clone();
        let Some(issuer) = configured.or_else(|| self.own(request)) else {
            return MetadataReply::NoHost(no_host());
        };
        MetadataReply::Ok(Json(Offered::by(&issuer, &self.client)))
    }

    /// The address that the request was sent to.
    fn own(&self, request: &Request) -> Option<Issuer> {
        let proxies = &self.trusted_proxies;
        let host = own_address::host(request, proxies)?;
        Issuer::of_host(own_address::is_https(request, proxies), host)
    }

    /// Answers below [`WELL_KNOWN`], where the issuer's path comes after it.
    pub(in crate::http) fn below_well_known(self) -> impl Endpoint + 'static {
        make(move |request: Request| {
            let asked = request.uri().path().strip_prefix(WELL_KNOWN);
            let path = self.issuer.as_ref().map(Issuer::path);
            let is_issuers = asked.is_some() && asked == path;
            let answer = is_issuers.then(|| self.describe(&request).into_response());
            async move { answer.ok_or(poem::Error::from(NotFoundError)) }
        })
    }
}
