//! `POST /api/auth/refresh`, the path that several legacy backends share.

use std::sync::Arc;

use poem::{Request, RequestBody, Result};
use poem_openapi::registry::{MetaMediaType, MetaRequest, Registry};
use poem_openapi::types::Type;
use poem_openapi::{ApiExtractor, ApiExtractorType, ExtractParamOptions, OpenApi};

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
    async fn refresh(&self, bearer: Bearer, body: RefreshBody) -> Audited<Refreshed> {
        match body.credential(bearer) {
            Ok(token) => expired_token::answer(self.refresher.refresh(&token).await),
            Err(error) => expired_token::refuse_input(&error),
        }
    }
}

/// The body of a refresh request as bytes, or why it could not be had.
struct RefreshBody(Result<Vec<u8>, body::BodyError>);

impl RefreshBody {
    /// The token that the request carries.
    fn credential(self, bearer: Bearer) -> Result<String, InputError> {
        let bytes = self.0?;
        let object = match bytes.as_slice() {
            [] => None,
            bytes => Some(StrictObject::parse(bytes).map_err(malformed)?),
        };
        let bearer = match bearer {
            Bearer::Credential(token) => Some(token),
            // No token has these bytes, so it gets what every token that is none gets.
            Bearer::Unreadable => Some(String::new()),
            Bearer::Missing => None,
        };

        let beside = Beside {
            bearer: bearer.is_some(),
            cookie: false,
        };
        match (Shape::of(object.as_ref(), beside), bearer) {
            (Shape::ExpiredToken, bearer) => {
                let token = object.as_ref().and_then(|object| object.find("token"));
                match token.map(as_string) {
                    Some(Some(token)) => Ok(token.into_owned()),
                    Some(None) => Err(InputError::Malformed("token must be a string".to_owned())),
                    None => Ok(bearer.unwrap_or_default()),
                }
            }
            (Shape::Cookie | Shape::RefreshToken | Shape::TokenPair | Shape::Unknown, _) => Err(
                InputError::Malformed("the member token is required".to_owned()),
            ),
        }
    }
}

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
