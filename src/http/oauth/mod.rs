//! OAuth 2.0 beside the exchange of tokens, and what its endpoints share.

pub(super) mod client;
pub(super) mod form;
pub(super) mod refusal;

use std::sync::Arc;

use poem_openapi::OpenApi;

use crate::domain::Contract;

use super::Parts;
use super::contract::oauth2::OAuth2Api;

/// The endpoints.
pub(super) fn apis(parts: &Parts) -> impl OpenApi + use<> {
    OAuth2Api {
        refresher: Arc::clone(&parts.refresher),
        renewer: parts.renewer(Contract::OAuth2),
        client: Arc::new(parts.settings.oauth_client.clone()),
    }
}
