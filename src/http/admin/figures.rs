//! `GET /metrics`, for Prometheus.

use std::sync::Arc;

use poem::http::HeaderValue;
use poem::http::header::CONTENT_TYPE;
use poem::{IntoResponse, Response};
use poem_openapi::payload::Payload;
use poem_openapi::registry::{
    MetaMediaType, MetaResponse, MetaResponses, MetaSchema, MetaSchemaRef, Registry,
};
use poem_openapi::{ApiResponse, OpenApi};
use tracing::error;

use crate::metrics::Metrics;

use super::super::audit::{Audit, Audited};
use super::super::example::ExampleOf;
use super::super::problem::{Code, FAILED, ProblemJson};
use super::guarded::{Guarded, Keyed};
use super::{ADMIN, Tag};

pub(super) struct MetricsApi {
    pub(super) metrics: Arc<Metrics>,
}

/// The answers of `/metrics`.
#[derive(ApiResponse)]
pub(super) enum Scraped {
    /// All figures, in the text format of Prometheus.
    #[oai(status = 200)]
    Ok(Exposition),
    /// The figures could not be written.
    #[oai(status = 500, actual_type = "ExampleOf<{ Code::Internal as usize }>")]
    Internal(ProblemJson),
}

#[OpenApi(tag = "Tag::Metrics")]
impl MetricsApi {
    /// Read the metrics
    ///
    /// For Prometheus. `METRICS_API_KEY`, where it is set, opens this operation and no other.
    #[oai(path = "/metrics", method = "get", operation_id = "readMetrics")]
    #[expect(clippy::unused_async, reason = "the macro wants it so")]
    async fn read(&self, _key: Keyed) -> Guarded<Scraped> {
        let (outcome, reply) = match self.metrics.text() {
            Ok(text) => ("served", Scraped::Ok(Exposition(text))),
            Err(error) => {
                error!(%error, "the metrics could not be written");
                let code = Code::Internal;
                let problem = code.problem(FAILED);
                (code.word(), Scraped::Internal(problem))
            }
        };
        let audit = Audit {
            contract: ADMIN,
            outcome,
            ..Audit::default()
        };
        Guarded(Audited { reply, audit })
    }
}

/// Figures as Prometheus reads them.
pub(super) struct Exposition(String);

impl Payload for Exposition {
    const CONTENT_TYPE: &'static str = "text/plain; version=0.0.4; charset=utf-8";

    fn schema_ref() -> MetaSchemaRef {
        MetaSchemaRef::Inline(Box::new(MetaSchema::new("string")))
    }
}

impl IntoResponse for Exposition {
    fn into_response(self) -> Response {
        let mut response = self.0.into_response();
        let media_type = HeaderValue::from_static(Self::CONTENT_TYPE);
        response.headers_mut().insert(CONTENT_TYPE, media_type);
        response
    }
}

impl ApiResponse for Exposition {
    fn meta() -> MetaResponses {
        let content = MetaMediaType {
            content_type: Self::CONTENT_TYPE,
            schema: Self::schema_ref(),
        };
        MetaResponses {
            responses: vec![MetaResponse {
                description: "",
                status: None,
                status_range: None,
                content: vec![content],
                headers: Vec::new(),
            }],
        }
    }

    fn register(_: &mut Registry) {}
}
