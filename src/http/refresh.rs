//! `POST /api/auth/refresh`, the path that several legacy backends share.

use std::sync::Arc;

use poem::{IntoResponse, Request, Response};
use poem_openapi::registry::{MetaResponses, Registry};
use poem_openapi::{ApiResponse, OpenApi};

use crate::domain::Contract;
use crate::json::{StrictObject, as_string};
use crate::service::Refresher;

use super::Tag;
use super::audit::Audited;
use super::bearer::Bearer;
use super::body::{Body, InputError};
use super::contract::cookie::CookieRefresh;
use super::contract::expired_token::{self, RefreshRequest, Refreshed};
use super::contract::failure::Spoken;
use super::contract::refresh_token::RefreshTokenApi;
use super::contract::token_pair::TokenPairApi;
use super::contract::{Beside, Shape};
use super::cookie::Cookies;

pub(super) struct RefreshApi {
    pub(super) refresher: Arc<Refresher>,
    pub(super) cookie: Arc<CookieRefresh>,
    pub(super) refresh_token: RefreshTokenApi,
    pub(super) token_pair: TokenPairApi,
}

#[OpenApi(tag = "Tag::Refresh")]
impl RefreshApi {
    /// Exchange an expired token
    ///
    /// Send the token that ran out, in the body or, with no body, as `Authorization: Bearer`;
    /// get a fresh one for the same user. A token that is still good is exchanged as well.
    #[oai(
        path = "/api/auth/refresh",
        method = "post",
        operation_id = "refreshToken"
    )]
    async fn refresh(
        &self,
        request: &Request,
        bearer: Bearer,
        body: Body<Option<RefreshRequest>>,
    ) -> Routed {
        match body.object() {
            Ok(object) => self.route(&object, request, bearer).await,
            Err(error) => Routed::of(expired_token::refuse_input(&error)),
        }
    }
}

impl RefreshApi {
    /// Hands the request to the contract that it speaks.
    async fn route(&self, body: &StrictObject<'_>, request: &Request, bearer: Bearer) -> Routed {
        let cookies = Cookies::read(request);
        let beside = Beside {
            bearer: !matches!(bearer, Bearer::Missing),
            cookie: self.cookie.is_in(&cookies),
        };
        match Shape::of(body, beside) {
            Shape::ExpiredToken => Routed::of(self.exchange(body, bearer).await),
            Shape::Cookie => {
                Spoken::note(request, Contract::Cookie);
                Routed::of(self.cookie.exchange(request, &cookies).await)
            }
            Shape::RefreshToken => Routed::of(self.refresh_token.exchange(body).await),
            Shape::TokenPair => {
                Spoken::note(request, Contract::TokenPair);
                Routed::of(self.token_pair.exchange(body).await)
            }
            Shape::Unknown => {
                let what = "the member token is required".to_owned();
                Routed::of(expired_token::refuse_input(&InputError::Malformed(what)))
            }
        }
    }

    async fn exchange(&self, body: &StrictObject<'_>, bearer: Bearer) -> Audited<Refreshed> {
        let token = match (body.find("token").map(as_string), bearer) {
            (Some(Some(token)), _) => token.into_owned(),
            (Some(None), _) => {
                let what = "token must be a string".to_owned();
                return expired_token::refuse_input(&InputError::Malformed(what));
            }
            (None, Bearer::Credential(token)) => token,
            // No token has these bytes, so it gets what every token that is none gets.
            (None, Bearer::Unreadable | Bearer::Missing) => String::new(),
        };
        // So that what surrounds it stays small, and is moved at little cost.
        expired_token::answer(Box::pin(self.refresher.refresh(&token)).await)
    }
}

/// The answer of the contract that was meant; in the document that of the main job, since the
/// others have operations of their own there.
struct Routed(Response);

impl Routed {
    fn of(reply: impl IntoResponse) -> Self {
        Self(reply.into_response())
    }
}

impl IntoResponse for Routed {
    fn into_response(self) -> Response {
        self.0
    }
}

impl ApiResponse for Routed {
    fn meta() -> MetaResponses {
        Audited::<Refreshed>::meta()
    }

    fn register(registry: &mut Registry) {
        Refreshed::register(registry);
    }
}
