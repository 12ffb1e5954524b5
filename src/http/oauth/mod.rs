//! OAuth 2.0 beside the exchange of tokens, and what its endpoints share.

pub(super) mod client;
pub(super) mod form;
mod introspect;
mod issuer;
pub(super) mod metadata;
pub(super) mod refusal;
mod revoke;

use std::sync::Arc;

use poem_openapi::OpenApi;

use crate::domain::Contract;
use crate::service::{Introspector, Renewer};

use super::Parts;
use super::contract::oauth2::OAuth2Api;
use introspect::IntrospectApi;
use metadata::{Metadata, MetadataApi};
use revoke::RevokeApi;

pub use client::{ClientSecret, OAuthClient};
pub use issuer::{Issuer, NotAnIssuer};

/// Who may ask, and how clients know the service.
#[derive(Debug, Clone)]
pub struct OAuthSettings {
    /// The client.
    pub client: OAuthClient,
    /// How the service is named; by the address of each request, if it is not said.
    pub issuer: Option<Issuer>,
}

/// The endpoints.
pub(super) fn apis(parts: &Parts) -> impl OpenApi + use<> {
    let client = Arc::new(parts.settings.oauth.client.clone());
    (
        OAuth2Api {
            refresher: Arc::clone(&parts.refresher),
            renewer: parts.renewer(Contract::OAuth2),
            client: Arc::clone(&client),
        },
        RevokeApi {
            logouter: Arc::clone(&parts.logouter),
            client: Arc::clone(&client),
        },
        IntrospectApi {
            introspector: Introspector {
                verifier: Arc::clone(&parts.verifier),
                renewers: offered(parts),
                clock: Arc::clone(&parts.clock),
            },
            client,
        },
        MetadataApi(metadata(parts)),
    )
}

/// Those that exchange tokens: not those whose sessions an identity provider has.
fn offered(parts: &Parts) -> Vec<Arc<Renewer>> {
    let is_elsewhere = |renewer: &Renewer| {
        parts.delegate.is_some() && renewer.minter.contract() == Contract::RefreshToken
    };
    let renewers = parts.renewers.iter().filter(|it| !is_elsewhere(it));
    renewers.map(Arc::clone).collect()
}

/// What says where they are.
pub(super) fn metadata(parts: &Parts) -> Metadata {
    let settings = &parts.settings;
    Metadata {
        issuer: settings.oauth.issuer.clone(),
        trusted_proxies: settings.trusted_proxies.clone(),
        client: Arc::new(settings.oauth.client.clone()),
    }
}
