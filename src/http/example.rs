//! What the document shows as examples: tokens, and for each status a real problem.
//!
//! *Why a type of its own.* poem-openapi can hang an example only on a type, and all problems are
//! of one type. So a response names `ExampleOf` its code, whose schema is the problem's with that
//! code's example on top; what is sent is a [`ProblemJson`] all the same.

use std::marker::PhantomData;

use poem_openapi::payload::Payload;
use poem_openapi::registry::{MetaSchema, MetaSchemaRef, Registry};
use poem_openapi::types::{ToJSON, Type};

use crate::domain::{Contract, Refusal, Unsupported};
use crate::service::StartError;

use super::admin::REFUSED;
use super::body::BodyError;
use super::cross_site::CROSS_SITE;
use super::problem::{Code, FAILED, Problem, ProblemJson, UNAVAILABLE};
use super::throttle::TOO_MANY;

/// Stands in the document where a demo has a token that works. Its signature fits no key.
pub(super) const EXAMPLE_TOKEN: &str = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.\
    eyJzdWIiOiI0MiIsImV4cCI6MTcwMDAwMDAwMH0.c2lnbmF0dXJlIG9mIHlvdXIgYmFja2VuZHMga2V5";

/// The answer's example in the document, as far from working as the other one.
pub(super) const EXAMPLE_FRESH_TOKEN: &str = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.\
    eyJzdWIiOiI0MiIsImV4cCI6MTkwMDAwMDAwMH0.c2lnbmF0dXJlIG9mIHlvdXIgYmFja2VuZHMga2V5";

/// The access token in the answers of the contracts that sign with HS512.
pub(super) const EXAMPLE_HS512_TOKEN: &str = "eyJhbGciOiJIUzUxMiIsInR5cCI6IkpXVCJ9.\
    eyJzdWIiOiI0MiIsImV4cCI6MTkwMDAwMDAwMH0.c2lnbmF0dXJlIG9mIHlvdXIgYmFja2VuZHMga2V5";

/// Stands for the status that the code itself has.
const OWN: u16 = 0;

/// Stands in the document for the problem of one code, given as `{ Code::… as usize }`, perhaps with
/// another status than its own.
pub(super) struct ExampleOf<const CODE: usize, const STATUS: u16 = OWN>;

impl<const CODE: usize, const STATUS: u16> Payload for ExampleOf<CODE, STATUS> {
    const CONTENT_TYPE: &'static str = ProblemJson::CONTENT_TYPE;

    fn schema_ref() -> MetaSchemaRef {
        let problem = Code::ALL.get(CODE).map(|code| {
            let problem = code.problem(detail(*code));
            let own = problem.0.status;
            problem.with_status(if STATUS == OWN { own } else { STATUS })
        });
        MetaSchemaRef::Inline(Box::new(MetaSchema {
            all_of: vec![Problem::schema_ref()],
            example: problem.and_then(|problem| problem.0.to_json()),
            ..MetaSchema::ANY
        }))
    }

    fn register(registry: &mut Registry) {
        Problem::register(registry);
    }
}

/// A JSON body that the document shows as the example of one answer.
pub(super) trait Shown {
    /// The type of the body.
    type Body: Type + ToJSON;

    /// The media type that it is sent as.
    const CONTENT_TYPE: &'static str = "application/json; charset=utf-8";

    /// The example.
    fn body() -> Self::Body;
}

/// Stands in the document for a body whose example is that of `E`.
pub(super) struct JsonExample<E>(PhantomData<E>);

impl<E: Shown + Send> Payload for JsonExample<E> {
    const CONTENT_TYPE: &'static str = E::CONTENT_TYPE;

    fn schema_ref() -> MetaSchemaRef {
        MetaSchemaRef::Inline(Box::new(MetaSchema {
            all_of: vec![E::Body::schema_ref()],
            example: E::body().to_json(),
            ..MetaSchema::ANY
        }))
    }

    fn register(registry: &mut Registry) {
        E::Body::register(registry);
    }
}

/// What `detail` says of such a problem, or of one of them where it says several things.
fn detail(code: Code) -> String {
    match code {
        Code::CrossSite => CROSS_SITE.to_owned(),
        Code::AdminRefused => REFUSED.to_owned(),
        Code::BadRequest => BodyError::Broken.to_string(),
        Code::ContractNotOffered => StartError::NotOffered(Contract::TokenPair).to_string(),
        Code::MissingToken => {
            "send the token as Authorization: Bearer, or in the access cookie".to_owned()
        }
        Code::RefreshWindowOver => Refusal::RefreshWindowOver.to_string(),
        Code::SessionExpired => Refusal::SessionExpired.to_string(),
        Code::SessionRevoked => Refusal::SessionRevoked.to_string(),
        Code::TokenExpired => Refusal::Expired.to_string(),
        Code::TokenReused => Refusal::TokenReused.to_string(),
        Code::UnsupportedToken => Unsupported::ExpiryMissing.to_string(),
        Code::UserInactive => Refusal::UserInactive.to_string(),
        Code::UserNotFound => Refusal::UserNotFound.to_string(),
        Code::RateLimited => TOO_MANY.to_owned(),
        Code::RequestTimeout => BodyError::Slow.to_string(),
        Code::TooLarge => BodyError::TooLarge.to_string(),
        Code::UnsupportedMediaType => BodyError::MediaType.to_string(),
        Code::MalformedRequest => "the body is not valid JSON".to_owned(),
        Code::Internal => FAILED.to_owned(),
        Code::Unavailable => UNAVAILABLE.to_owned(),
        Code::InvalidToken | Code::NotFound | Code::MethodNotAllowed => code.title().to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use poem_openapi::ApiResponse;

    use super::super::contract::expired_token::Refreshed;
    use super::*;

    #[test]
    fn every_refusal_in_the_document_shows_a_problem_of_its_own_status() {
        let mut responses = Refreshed::meta().responses;
        responses.retain(|response| response.status != Some(200));

        assert!(!responses.is_empty());
        for response in responses {
            let MetaSchemaRef::Inline(schema) = &response.content[0].schema else {
                panic!("{response:?} has no example");
            };
            let example = schema.example.as_ref().unwrap();
            assert_eq!(example["status"], response.status.unwrap());
        }
    }
}
