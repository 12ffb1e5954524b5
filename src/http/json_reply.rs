//! Answers of JSON.

use poem::http::header;
use poem::{IntoResponse, Response};
use poem_openapi::payload::{Json, Payload};
use poem_openapi::registry::{MetaSchemaRef, Registry};
use poem_openapi::types::Type;
use serde::Serialize;
use tracing::error;

use super::problem::{Code, FAILED};

/// There is room from the start for most answers, in bytes.
const USUAL_BODY: usize = 1024;

/// A body of JSON; in the document what `T` is there.
///
/// *Why not poem-openapi's.* It makes a tree of values of each answer before it writes it.
pub(super) struct JsonReply<T>(pub(super) T);

impl<T: Type> Payload for JsonReply<T> {
    const CONTENT_TYPE: &'static str = Json::<T>::CONTENT_TYPE;

    fn schema_ref() -> MetaSchemaRef {
        T::schema_ref()
    }

    fn register(registry: &mut Registry) {
        T::register(registry);
    }
}

impl<T: Type + Serialize> IntoResponse for JsonReply<T> {
    fn into_response(self) -> Response {
        let mut body = Vec::with_capacity(USUAL_BODY);
        match serde_json::to_writer(&mut body, &self.0) {
            Ok(()) => Response::builder()
                .header(header::CONTENT_TYPE, Self::CONTENT_TYPE)
                .body(body),
            Err(error) => {
                error!(%error, "an answer could not be written");
                Code::Internal.problem(FAILED).into_response()
            }
        }
    }
}
