//! Forms: the bodies of OAuth 2.0 (RFC 6749 §4, appendix B).

use std::marker::PhantomData;

use percent_encoding::percent_decode;
use poem::{Request, RequestBody};
use poem_openapi::registry::{MetaMediaType, MetaRequest, MetaSchema, MetaSchemaRef};
use poem_openapi::{ApiExtractor, ApiExtractorType, ExtractParamOptions};

use super::super::body::{BodyError, media_type, read};

const MEDIA_TYPE: &str = "application/x-www-form-urlencoded";

/// The parameters that are read somewhere. Others are ignored, however often they come: those of
/// RFC 8707 may come several times.
const KNOWN: [&str; 7] = [
    "client_id",
    "client_secret",
    "grant_type",
    "refresh_token",
    "scope",
    "token",
    "token_type_hint",
];

/// Why a request has no form that can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(in crate::http) enum FormError {
    /// The body could not be had.
    #[error(transparent)]
    Body(BodyError),
    /// It is not what forms are made of.
    #[error("the body is not a form in UTF-8 with whole percent-encodings")]
    Malformed,
    /// It is labelled as something else than a form, or not at all.
    #[error("the body must be application/x-www-form-urlencoded")]
    MediaType,
    /// A parameter is not there, or empty.
    #[error("the parameter {0} is required")]
    Missing(&'static str),
    /// A parameter comes twice.
    #[error("the parameter {0} comes more than once")]
    Repeated(&'static str),
}

/// The parameters of a form.
pub(in crate::http) struct Form(Vec<(String, String)>);

impl Form {
    fn parse(body: &[u8]) -> Result<Self, FormError> {
        let parameters = parse(body).ok_or(FormError::Malformed)?;
        let times = |name| parameters.iter().filter(|(known, _)| known == name).count();
        // RFC 6749 §3.2; of two that differ, nobody can say which is meant.
        match KNOWN.into_iter().find(|name| times(*name) > 1) {
            Some(name) => Err(FormError::Repeated(name)),
            None => Ok(Self(parameters)),
        }
    }

    /// The value of that name; an empty one counts as not there (RFC 6749 §3.2).
    pub(in crate::http) fn find(&self, name: &'static str) -> Option<&str> {
        let mut parameters = self.0.iter();
        let (_, value) = parameters.find(|(known, _)| known == name)?;
        (!value.is_empty()).then_some(value)
    }

    /// The same of a parameter that must be there.
    pub(in crate::http) fn require(&self, name: &'static str) -> Result<&str, FormError> {
        self.find(name).ok_or(FormError::Missing(name))
    }
}

/// One name or value of a form, decoded.
pub(super) fn decode(part: &str) -> Option<String> {
    if part.contains(['&', '=']) {
        return None;
    }
    let (decoded, _) = parse(part.as_bytes())?.into_iter().next()?;
    Some(decoded)
}

/// Names and values.
///
/// *Why look before.* The parser of the URL standard takes a broken percent-encoding for text, and
/// writes a sign of its own for what is no UTF-8.
fn parse(text: &[u8]) -> Option<Vec<(String, String)>> {
    let is_digit = |at: usize| text.get(at).is_some_and(u8::is_ascii_hexdigit);
    let mut bytes = text.iter().enumerate();
    let is_whole = bytes.all(|(at, byte)| *byte != b'%' || (is_digit(at + 1) && is_digit(at + 2)));
    if !is_whole || percent_decode(text).decode_utf8().is_err() {
        return None;
    }
    Some(form_urlencoded::parse(text).into_owned().collect())
}

/// What the document says of one parameter.
pub(in crate::http) struct Parameter {
    pub(in crate::http) name: &'static str,
    pub(in crate::http) description: &'static str,
    /// Swagger UI sends it as it stands; nothing where it may be left out.
    pub(in crate::http) example: Option<&'static str>,
}

/// The client, where clients have no secret.
pub(in crate::http) const CLIENT_ID: Parameter = Parameter {
    name: "client_id",
    description: "That of `OAUTH_CLIENT_ID`, where it is set; else not read.",
    example: None,
};

/// What the client takes the token for.
pub(super) const TOKEN_TYPE_HINT: Parameter = Parameter {
    name: "token_type_hint",
    description: "Not read: what a token is can be seen.",
    example: None,
};

/// The parameters of an endpoint.
pub(in crate::http) trait Parameters: Send {
    /// In the document's order.
    const LIST: &'static [Parameter];
}

/// The form of a request; in the document one with those parameters.
///
/// *Why not a type of poem-openapi's.* Swagger UI fills a form in by the examples of its fields, and
/// an `Object` has one as a whole.
pub(in crate::http) struct FormBody<T>(Result<Form, FormError>, PhantomData<T>);

impl<T> FormBody<T> {
    /// The form, or why there is none.
    pub(in crate::http) fn form(&self) -> Result<&Form, FormError> {
        self.0.as_ref().map_err(|error| *error)
    }
}

/// A form with those parameters.
fn schema(parameters: &'static [Parameter]) -> MetaSchema {
    let required = parameters.iter().filter(|it| it.example.is_some());
    let property = |parameter: &Parameter| {
        let schema = MetaSchema {
            description: Some(parameter.description),
            example: Some(parameter.example.unwrap_or_default().into()),
            ..MetaSchema::new("string")
        };
        (parameter.name, MetaSchemaRef::Inline(Box::new(schema)))
    };
    MetaSchema {
        required: required.map(|it| it.name).collect(),
        properties: parameters.iter().map(property).collect(),
        ..MetaSchema::new("object")
    }
}

impl<'a, T: Parameters> ApiExtractor<'a> for FormBody<T> {
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::RequestObject];

    type ParamType = ();
    type ParamRawType = ();

    fn request_meta() -> Option<MetaRequest> {
        let content = MetaMediaType {
            content_type: MEDIA_TYPE,
            schema: MetaSchemaRef::Inline(Box::new(schema(T::LIST))),
        };
        Some(MetaRequest {
            description: None,
            content: vec![content],
            required: true,
        })
    }

    async fn from_request(
        request: &'a Request,
        body: &mut RequestBody,
        _: ExtractParamOptions<()>,
    ) -> poem::Result<Self> {
        let is_form = || media_type(request).is_some_and(|it| it.eq_ignore_ascii_case(MEDIA_TYPE));
        let form = match read(request, body).await {
            Ok(bytes) if !bytes.is_empty() && !is_form() => Err(FormError::MediaType),
            Ok(bytes) => Form::parse(&bytes),
            Err(error) => Err(FormError::Body(error)),
        };
        Ok(Self(form, PhantomData))
    }
}

#[cfg(test)]
mod tests {
    use form_urlencoded::Serializer;
    use proptest::prelude::*;

    use super::*;

    fn found(body: &[u8], name: &'static str) -> Result<Option<String>, FormError> {
        Form::parse(body).map(|form| form.find(name).map(str::to_owned))
    }

    #[test]
    fn names_and_values_are_decoded_once() {
        let token = |body: &[u8]| found(body, "token");

        assert_eq!(token(b"token=a%2Bb%252B"), Ok(Some("a+b%2B".to_owned())));
        assert_eq!(token(b"&&t%6Fken=a+b&"), Ok(Some("a b".to_owned())));
        assert_eq!(token(b"token=%C3%A9="), Ok(Some("é=".to_owned())));
    }

    #[test]
    fn an_empty_value_is_none() {
        assert_eq!(found(b"token=", "token"), Ok(None));
        assert_eq!(found(b"token", "token"), Ok(None));
        assert_eq!(found(b"", "token"), Ok(None));
    }

    #[test]
    fn what_is_no_form_is_refused_as_a_whole() {
        for body in [
            &b"a=%"[..],
            b"a=%2",
            b"a=%zz",
            b"%ff=a",
            b"a=\xff",
            b"token=%C3",
        ] {
            assert_eq!(found(body, "token"), Err(FormError::Malformed), "{body:?}");
        }
    }

    #[test]
    fn only_parameters_that_nobody_reads_may_come_twice() {
        let twice = found(b"token=a&x=1&t%6Fken=a", "token");
        assert_eq!(twice, Err(FormError::Repeated("token")));
        let empty = found(b"scope=&scope=", "token");
        assert_eq!(empty, Err(FormError::Repeated("scope")));
        assert_eq!(found(b"resource=a&resource=b", "token"), Ok(None));
    }

    #[test]
    fn a_single_part_is_decoded_as_in_a_form() {
        assert_eq!(decode("a%3A+b").as_deref(), Some("a: b"));
        for part in ["", "a=b", "a&b", "a%", "%ff"] {
            assert_eq!(decode(part), None, "{part}");
        }
    }

    proptest! {
        /// Whatever a library has encoded arrives as it was, and nothing else is a panic.
        #[test]
        fn what_was_encoded_is_read_back(value in ".*", other in "[^t]*", body: Vec<u8>) {
            let mut form = Serializer::new(String::new());
            let form = form.append_pair(&other, "1").append_pair("token", &value).finish();

            let found = found(form.as_bytes(), "token");

            let expected = (!value.is_empty()).then_some(value);
            prop_assert_eq!(found, Ok(expected));
            prop_assert!(Form::parse(&body).is_ok() || !body.is_empty());
        }
    }
}
