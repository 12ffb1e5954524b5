//! `POST /api/auth/refresh`, the path that several legacy backends share.

use std::sync::Arc;

use poem::{IntoResponse, Request, RequestBody, Response, Result};
use poem_openapi::registry::{MetaMediaType, MetaRequest, MetaResponses, Registry};
use poem_openapi::types::Type;
use poem_openapi::{ApiExtractor, ApiExtractorType, ApiResponse, ExtractParamOptions, OpenApi};

use crate::json::{StrictObject, as_string};
use crate::service::Refresher;

use super::Tag;
use super::audit::Audited;
use super::bearer::Bearer;
use super::body;
use super::contract::expired_token::{self, InputError, RefreshRequest, Refreshed, malformed};
use super::contract::{Beside, Shape};

pub(super) struct RefreshApi {
    pub(super) refresher: Arc<Refresher>,
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
    async fn refresh(&self, bearer: Bearer, body: RefreshBody) -> Routed {
        let bytes = match body.0 {
            Ok(bytes) => bytes,
            Err(error) => return Routed::of(expired_token::refuse_input(&error.into())),
        };
        let object = match bytes.as_slice() {
            [] => Ok(StrictObject::default()),
            bytes => StrictObject::parse(bytes).map_err(malformed),
        };
        match object {
            Ok(object) => self.route(&object, bearer).await,
            Err(error) => Routed::of(expired_token::refuse_input(&error)),
        }
    }
}

impl RefreshApi {
    /// Hands the request to the contract that it speaks.
    async fn route(&self, body: &StrictObject<'_>, bearer: Bearer) -> Routed {
        let beside = Beside {
            bearer: !matches!(bearer, Bearer::Missing),
            cookie: false,
        };
        match Shape::of(body, beside) {
            Shape::ExpiredToken => Routed::of(self.exchange(body, bearer).await),
            Shape::Cookie | Shape::RefreshToken | Shape::TokenPair | Shape::Unknown => {
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
        expired_token::answer(self.refresher.refresh(&token).await)
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
        Refreshed::meta()
    }

    fn register(registry: &mut Registry) {
        Refreshed::register(registry);
    }
}

/// The body of a refresh request as bytes, or why it could not be had.
struct RefreshBody(Result<Vec<u8>, body::BodyError>);

impl<'a> ApiExtractor<'a> for RefreshBody {
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::RequestObject];

    type ParamType = ();
    type ParamRawType = ();

    fn register(registry: &mut Registry) {
        RefreshRequest::register(registry);
    }

    fn request_meta() -> Option<MetaRequest> {
        let content = MetaMediaType {
            content_type: "application/json",
            schema: RefreshRequest::schema_ref(),
        };
        Some(MetaRequest {
            description: Some("The expired token; may be left out where the header carries it."),
            content: vec![content],
            required: false,
        })
    }

    async fn from_request(
        request: &'a Request,
        body: &mut RequestBody,
        _: ExtractParamOptions<()>,
    ) -> Result<Self> {
        Ok(Self(body::read(request, body).await))
    }
}
