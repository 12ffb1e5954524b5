//! Reading a request's body: bounded in size and time, JSON by its media type.

use std::borrow::Cow;
use std::marker::PhantomData;
use std::pin::pin;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::FutureExt as _;
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use poem::http::header::CONTENT_TYPE;
use poem::{Body as RawBody, Request, RequestBody};
use poem_openapi::registry::{MetaMediaType, MetaRequest, Registry};
use poem_openapi::types::Type;
use poem_openapi::{ApiExtractor, ApiExtractorType, ExtractParamOptions};
use tokio::time::timeout;

use crate::json::{NotStrict, StrictObject, as_string};

use super::audit::Audit;
use super::problem::Code;

/// The largest body that is read, in bytes.
pub(super) const MAX_BODY_BYTES: usize = 16 * 1024;

/// How long a body may take to arrive.
#[derive(Debug, Clone, Copy)]
pub(super) struct BodyDeadline(pub(super) Duration);

/// Why a body was not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum BodyError {
    /// The connection broke, or its framing is wrong.
    #[error("the body could not be read")]
    Broken,
    /// It is labelled as something else than JSON.
    #[error("the body must be application/json")]
    MediaType,
    /// It did not arrive in time.
    #[error("the body took too long to arrive")]
    Slow,
    /// It is larger than the cap.
    #[error("the body is larger than 16 KiB")]
    TooLarge,
}

/// The bytes of a body, empty where there is none, or why they could not be had; in the document
/// a `T`.
///
/// *Why not parsed by poem-openapi.* It takes duplicate members, and answers bad input by itself.
pub(super) struct Body<T>(pub(super) Result<Bytes, BodyError>, PhantomData<T>);

impl<T> Body<T> {
    /// The object that was sent; one without members where there is no body.
    pub(super) fn object(&self) -> Result<StrictObject<'_>, InputError> {
        match self.0.as_deref() {
            Ok([]) => Ok(StrictObject::default()),
            Ok(bytes) => StrictObject::parse(bytes).map_err(malformed),
            Err(error) => Err((*error).into()),
        }
    }
}

/// Why a request does not carry what was asked for.
#[derive(Debug, thiserror::Error)]
pub(super) enum InputError {
    /// The body could not be had.
    #[error(transparent)]
    Body(#[from] BodyError),
    /// The body is there and not what was asked for.
    #[error("{0}")]
    Malformed(String),
}

impl InputError {
    /// The kind of problem that it is.
    pub(super) fn code(&self) -> Code {
        match self {
            Self::Body(BodyError::Broken) => Code::BadRequest,
            Self::Body(BodyError::MediaType) => Code::UnsupportedMediaType,
            Self::Body(BodyError::Slow) => Code::RequestTimeout,
            Self::Body(BodyError::TooLarge) => Code::TooLarge,
            Self::Malformed(_) => Code::MalformedRequest,
        }
    }

    /// What the log may know of it.
    pub(super) fn audit(&self, contract: &'static str) -> Audit {
        Audit {
            contract,
            outcome: self.code().word(),
            reason: self.to_string(),
            ..Audit::default()
        }
    }
}

/// What is wrong with a body that is no strict JSON object.
pub(super) fn malformed(error: NotStrict) -> InputError {
    let what = match error {
        NotStrict::Duplicate => "a member of the body stands twice",
        NotStrict::NotAnObject => "the body must be a JSON object",
        NotStrict::NotJson => "the body is not valid JSON",
    };
    InputError::Malformed(what.to_owned())
}

/// The string that is the member of that name.
pub(super) fn string<'a>(
    object: &StrictObject<'a>,
    name: &str,
) -> Result<Cow<'a, str>, InputError> {
    match object.find(name).map(as_string) {
        Some(Some(text)) => Ok(text),
        Some(None) => Err(InputError::Malformed(format!("{name} must be a string"))),
        None => Err(InputError::Malformed(format!(
            "the member {name} is required"
        ))),
    }
}

impl<'a, T: Type> ApiExtractor<'a> for Body<T> {
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::RequestObject];

    type ParamType = ();
    type ParamRawType = ();

    fn register(registry: &mut Registry) {
        T::register(registry);
    }

    fn request_meta() -> Option<MetaRequest> {
        let content = MetaMediaType {
            content_type: "application/json",
            schema: T::schema_ref(),
        };
        Some(MetaRequest {
            description: None,
            content: vec![content],
            required: T::IS_REQUIRED,
        })
    }

    async fn from_request(
        request: &'a Request,
        body: &mut RequestBody,
        _: ExtractParamOptions<()>,
    ) -> poem::Result<Self> {
        let bytes = match read(request, body).await {
            // Of no body the type does not matter: some libraries label even that as a form.
            Ok(bytes) if !bytes.is_empty() && !is_json(request) => Err(BodyError::MediaType),
            read => read,
        };
        Ok(Self(bytes, PhantomData))
    }
}

/// A body that was waited for before anybody asked for it.
#[derive(Clone)]
struct Arrived(Result<Bytes, BodyError>);

/// Waits for the body of `request`; whoever reads it later gets what came of that.
pub(super) async fn arrive(request: &mut Request, deadline: Duration) {
    let arrived = Arrived(within(deadline, request.take_body()).await);
    request.extensions_mut().insert(arrived);
}

/// The bytes of a body that has arrived; empty where it did not.
pub(super) fn arrived(request: &Request) -> &[u8] {
    match request.extensions().get() {
        Some(Arrived(Ok(bytes))) => bytes,
        Some(Arrived(Err(_))) | None => &[],
    }
}

/// The bytes of the body, of whatever type it is; empty where there is none.
pub(super) async fn read(request: &Request, body: &mut RequestBody) -> Result<Bytes, BodyError> {
    if let Some(Arrived(arrived)) = request.extensions().get() {
        return arrived.clone();
    }
    let BodyDeadline(deadline) = *request
        .data()
        .unwrap_or(&BodyDeadline(Duration::from_secs(10)));
    let body = body.take().map_err(|_| BodyError::Broken)?;
    within(deadline, body).await
}

async fn within(deadline: Duration, body: RawBody) -> Result<Bytes, BodyError> {
    let mut read = pin!(whole(body));
    // Most bodies come with their heads, and nobody has to look at the clock.
    if let Some(read) = read.as_mut().now_or_never() {
        return read;
    }
    match timeout(deadline, read).await {
        Ok(read) => read,
        Err(_) => Err(BodyError::Slow),
    }
}

/// The bytes of a body.
///
/// *Why not poem's.* It reads by way of 4 KiB, which every future around it would have in itself.
///
/// *Why each piece is copied.* It holds the buffer that it was read into: who sends byte by byte would
/// get 8 KiB of memory for each.
async fn whole(body: RawBody) -> Result<Bytes, BodyError> {
    let mut body = Limited::new(BoxBody::from(body), MAX_BODY_BYTES);
    let mut whole = BytesMut::new();
    while let Some(frame) = body.frame().await {
        match frame {
            Ok(frame) => whole.extend_from_slice(frame.data_ref().map_or(&[], |data| data)),
            Err(error) if error.is::<LengthLimitError>() => return Err(BodyError::TooLarge),
            Err(_) => return Err(BodyError::Broken),
        }
    }
    Ok(whole.freeze())
}

/// Whether the body is JSON or says nothing of what it is, as curl without `-H` and old XHR do not.
fn is_json(request: &Request) -> bool {
    media_type(request).is_none_or(|it| it.eq_ignore_ascii_case("application/json"))
}

/// What the body is labelled as, without parameters; empty where that cannot be told.
pub(super) fn media_type(request: &Request) -> Option<&str> {
    let mut types = request.headers().get_all(CONTENT_TYPE).iter();
    let (media_type, others) = (types.next()?, types.next());
    let text = media_type.to_str().ok().filter(|_| others.is_none());
    let essence = text.unwrap_or_default().split(';').next();
    Some(essence.unwrap_or_default().trim())
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::Arc;

    use futures_util::stream;

    use super::*;

    /// A buffer that says, by its count, whether it is still held.
    struct Buffer(#[expect(dead_code, reason = "it is counted")] Arc<()>);

    impl AsRef<[u8]> for Buffer {
        fn as_ref(&self) -> &[u8] {
            b"x"
        }
    }

    #[tokio::test]
    async fn a_body_in_many_pieces_holds_none_of_their_buffers() {
        let held = Arc::new(());
        let counted = Arc::clone(&held);
        let pieces = (0..MAX_BODY_BYTES).map(move |_| {
            assert!(Arc::strong_count(&counted) <= 3, "buffers are held");
            Ok::<_, io::Error>(Bytes::from_owner(Buffer(Arc::clone(&counted))))
        });

        let body = RawBody::from_bytes_stream(stream::iter(pieces));
        let read = within(Duration::from_secs(10), body).await.unwrap();

        assert_eq!(read.len(), MAX_BODY_BYTES);
        assert_eq!(Arc::strong_count(&held), 1);
    }
}
