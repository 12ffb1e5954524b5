//! `Authorization: Bearer` (RFC 6750 §2.1), optional, read by hand.
//!
//! *Why not poem-openapi's.* Its extractor answers a missing header by itself, in plain text.

use poem::http::header::AUTHORIZATION;
use poem::{Request, RequestBody, Result};
use poem_openapi::registry::{MetaSecurityScheme, Registry};
use poem_openapi::{ApiExtractor, ApiExtractorType, ExtractParamOptions};

/// The credential of the request's header.
pub(super) enum Bearer {
    /// One `Bearer` credential; it need not be a token.
    Credential(String),
    /// No such header, or one of another scheme.
    Missing,
    /// Several headers, or bytes that no token has.
    Unreadable,
}

impl Bearer {
    /// The credential of that request.
    pub(super) fn read(request: &Request) -> Self {
        let mut headers = request.headers().get_all(AUTHORIZATION).iter();
        let (Some(header), None) = (headers.next(), headers.next()) else {
            let missing = !request.headers().contains_key(AUTHORIZATION);
            return if missing {
                Self::Missing
            } else {
                Self::Unreadable
            };
        };
        // Another scheme is another party's credential, a proxy's for example.
        let mut words = header.as_bytes().splitn(2, |byte| *byte == b' ');
        if !words
            .next()
            .is_some_and(|scheme| scheme.eq_ignore_ascii_case(b"bearer"))
        {
            return Self::Missing;
        }
        match std::str::from_utf8(words.next().unwrap_or_default()) {
            Ok(token) => Self::Credential(token.trim_start_matches(' ').to_owned()),
            Err(_) => Self::Unreadable,
        }
    }
}

impl<'a> ApiExtractor<'a> for Bearer {
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::SecurityScheme];

    type ParamType = ();
    type ParamRawType = ();

    fn register(registry: &mut Registry) {
        let scheme = MetaSecurityScheme {
            ty: "http",
            description: Some("The token alone, without the word Bearer."),
            name: None,
            key_in: None,
            scheme: Some("bearer"),
            bearer_format: Some("JWT"),
            flows: None,
            openid_connect_url: None,
        };
        registry.create_security_scheme("bearer", scheme);
    }

    fn security_schemes() -> Vec<&'static str> {
        vec!["bearer"]
    }

    fn has_security_fallback() -> bool {
        true
    }

    async fn from_request(
        request: &'a Request,
        _: &mut RequestBody,
        _: ExtractParamOptions<()>,
    ) -> Result<Self> {
        Ok(Self::read(request))
    }
}
