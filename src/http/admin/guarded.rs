//! What the document says of the gate.

use poem::{IntoResponse, Request, RequestBody, Response, Result};
use poem_openapi::registry::{MetaResponses, MetaSecurityScheme, Registry};
use poem_openapi::{ApiExtractor, ApiExtractorType, ApiResponse, ExtractParamOptions};

use super::super::audit::Audited;
use super::super::example::ExampleOf;
use super::super::problem::{Code, ProblemJson};
use super::super::throttle;

/// The answer of the gate.
#[derive(ApiResponse)]
pub(super) enum Refused {
    /// The request does not carry the admin key. The answer is the same whatever is wrong with it.
    #[oai(
        status = 401,
        actual_type = "ExampleOf<{ Code::AdminRefused as usize }>"
    )]
    Unauthorized(
        ProblemJson,
        /// Always `Bearer`.
        #[oai(header = "WWW-Authenticate")]
        String,
    ),
}

/// The answer of an operation behind the gate.
pub(super) struct Guarded<R>(pub(super) Audited<R>);

impl<R: IntoResponse> IntoResponse for Guarded<R> {
    fn into_response(self) -> Response {
        self.0.into_response()
    }
}

impl<R: ApiResponse> ApiResponse for Guarded<R> {
    fn meta() -> MetaResponses {
        let mut meta = R::meta();
        meta.responses.extend(Refused::meta().responses);
        throttle::bounded(meta)
    }

    fn register(registry: &mut Registry) {
        Refused::register(registry);
        R::register(registry);
    }
}

/// Tells the document which key an operation needs. The gate has looked at it before.
pub(super) struct Keyed;

impl<'a> ApiExtractor<'a> for Keyed {
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::SecurityScheme];

    type ParamType = ();
    type ParamRawType = ();

    fn register(registry: &mut Registry) {
        let scheme = MetaSecurityScheme {
            ty: "http",
            description: Some("ADMIN_API_KEY alone, without the word Bearer."),
            name: None,
            key_in: None,
            scheme: Some("bearer"),
            bearer_format: None,
            flows: None,
            openid_connect_url: None,
        };
        registry.create_security_scheme("adminKey", scheme);
    }

    fn security_schemes() -> Vec<&'static str> {
        vec!["adminKey"]
    }

    async fn from_request(
        _: &'a Request,
        _: &mut RequestBody,
        _: ExtractParamOptions<()>,
    ) -> Result<Self> {
        Ok(Self)
    }
}
