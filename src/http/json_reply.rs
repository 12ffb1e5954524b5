//! Answers of JSON.

use poem::{IntoResponse, Response};
use poem_openapi::payload::{Json, Payload};
use poem_openapi::registry::{MetaSchemaRef, Registry};
use poem_openapi::types::Type;
use serde::Serialize;

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

impl<T: Serialize + Send> IntoResponse for JsonReply<T> {
    fn into_response(self) -> Response {
        poem::web::Json(self.0).into_response()
    }
}
