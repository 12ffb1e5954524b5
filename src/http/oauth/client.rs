//! Who the client is (RFC 6749 §2.3).

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use poem::http::header::AUTHORIZATION;
use poem::{Request, RequestBody, Result};
use poem_openapi::registry::{MetaSecurityScheme, Registry};
use poem_openapi::{ApiExtractor, ApiExtractorType, ExtractParamOptions};
use sha2::{Digest, Sha256};
use subtle::{Choice, ConstantTimeEq};

use super::form::{Form, decode};

/// The client whose users' tokens these are.
#[derive(Debug, Clone)]
pub enum OAuthClient {
    /// It has a secret and must show it.
    Confidential(ClientSecret),
    /// It has none, as what runs at its users' cannot keep one. Whoever says another id than this
    /// one is turned away.
    Public(Option<String>),
}

/// What a confidential client has to know.
///
/// Only hashes are kept. Comparing hashes takes the same time for every guess, however long it is
/// and however much of it is right.
#[derive(Clone)]
pub struct ClientSecret {
    id: [u8; 32],
    secret: [u8; 32],
}

impl ClientSecret {
    /// The client of that id and secret.
    pub fn new(id: &str, secret: &str) -> Self {
        Self {
            id: Sha256::digest(id).into(),
            secret: Sha256::digest(secret).into(),
        }
    }

    fn is(&self, sent: &Pair) -> Choice {
        let sent = Self::new(&sent.id, &sent.secret);
        // Both, always: an unknown id must not be answered faster than a wrong secret.
        self.id.ct_eq(&sent.id) & self.secret.ct_eq(&sent.secret)
    }
}

impl fmt::Debug for ClientSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClientSecret(..)")
    }
}

/// Why a request is none of the client's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(in crate::http) enum ClientError {
    /// Two clients are named, or one is by two methods.
    #[error("the client is named twice")]
    Ambiguous,
    /// The secret stands in the body, where it ends up in logs and forms.
    #[error("the client secret is read from HTTP Basic only, not from the body")]
    InBody,
    /// No id and secret.
    #[error("the client must authenticate by HTTP Basic with its id and secret")]
    NotAuthenticated,
    /// Another id or secret; whoever guesses is told no more than who sends none.
    #[error("the client must authenticate by HTTP Basic with its id and secret")]
    Rejected,
    /// A public client that is not the configured one.
    #[error("the client is unknown")]
    Unknown,
}

impl OAuthClient {
    /// Whether it has to authenticate.
    pub(super) fn is_confidential(&self) -> bool {
        matches!(self, Self::Confidential(_))
    }

    /// Whether that request is the client's.
    ///
    /// Where no secret is configured, a header proves nothing, and some libraries send one with an
    /// empty secret for public clients. So only its id is looked at, as if it stood in the body.
    pub(in crate::http) fn check(&self, basic: &Basic, form: &Form) -> Result<(), ClientError> {
        match self {
            Self::Confidential(secret) => secret.check(basic, form),
            Self::Public(None) => Ok(()),
            Self::Public(Some(id)) => {
                let in_body = form.find("client_id");
                let is_it = match basic {
                    Basic::Several => return Err(ClientError::Ambiguous),
                    Basic::Unreadable => false,
                    Basic::Missing => true,
                    Basic::Credentials(sent) => sent.names(id),
                };
                if is_it && in_body.is_none_or(|sent| sent == id) {
                    Ok(())
                } else {
                    Err(ClientError::Unknown)
                }
            }
        }
    }
}

impl ClientSecret {
    fn check(&self, basic: &Basic, form: &Form) -> Result<(), ClientError> {
        let in_body = form.find("client_secret").is_some();
        let sent = match basic {
            Basic::Several => return Err(ClientError::Ambiguous),
            Basic::Missing if in_body => return Err(ClientError::InBody),
            // RFC 6749 §2.3: one method in each request.
            Basic::Credentials(_) | Basic::Unreadable if in_body => {
                return Err(ClientError::Ambiguous);
            }
            Basic::Missing | Basic::Unreadable => return Err(ClientError::NotAuthenticated),
            Basic::Credentials(sent) => sent,
        };
        if form.find("client_id").is_some_and(|id| !sent.names(id)) {
            return Err(ClientError::Ambiguous);
        }
        let decoded = sent.decoded.as_ref().unwrap_or(&sent.raw);
        if bool::from(self.is(&sent.raw) | self.is(decoded)) {
            Ok(())
        } else {
            Err(ClientError::Rejected)
        }
    }
}

/// `Authorization: Basic`, optional, read by hand for the reason that [`Bearer`] is.
///
/// [`Bearer`]: super::super::bearer::Bearer
pub(in crate::http) enum Basic {
    /// One header with an id and a secret.
    Credentials(Credentials),
    /// No such header, or one of another scheme, which is another party's.
    Missing,
    /// Several headers.
    Several,
    /// Something else than an id and a secret.
    Unreadable,
}

/// What a header says.
///
/// Id and secret are encoded as in a form before they are (RFC 6749 §2.3.1), but curl and many
/// libraries leave that out, which differs for a secret with `+` or `%` in it. Both are taken.
pub(in crate::http) struct Credentials {
    raw: Pair,
    decoded: Option<Pair>,
}

struct Pair {
    id: String,
    secret: String,
}

impl Credentials {
    fn read(encoded: &[u8]) -> Option<Self> {
        let text = String::from_utf8(STANDARD.decode(encoded).ok()?).ok()?;
        let (id, secret) = text.split_once(':')?;
        let decoded = decode(id).zip(decode(secret));
        Some(Self {
            decoded: decoded.map(|(id, secret)| Pair { id, secret }),
            raw: Pair {
                id: id.to_owned(),
                secret: secret.to_owned(),
            },
        })
    }

    fn names(&self, id: &str) -> bool {
        let mut pairs = [Some(&self.raw), self.decoded.as_ref()].into_iter();
        pairs.any(|pair| pair.is_some_and(|pair| pair.id == id))
    }
}

impl Basic {
    fn read(request: &Request) -> Self {
        let mut headers = request.headers().get_all(AUTHORIZATION).iter();
        let header = match (headers.next(), headers.next()) {
            (None, _) => return Self::Missing,
            (Some(_), Some(_)) => return Self::Several,
            (Some(header), None) => header.as_bytes(),
        };
        let mut words = header.splitn(2, |byte| *byte == b' ');
        let scheme = words.next().unwrap_or_default();
        if !scheme.eq_ignore_ascii_case(b"basic") {
            return Self::Missing;
        }
        let encoded = words.next().unwrap_or_default().trim_ascii();
        Credentials::read(encoded).map_or(Self::Unreadable, Self::Credentials)
    }
}

impl<'a> ApiExtractor<'a> for Basic {
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::SecurityScheme];

    type ParamType = ();
    type ParamRawType = ();

    fn register(registry: &mut Registry) {
        let scheme = MetaSecurityScheme {
            ty: "http",
            description: Some("OAUTH_CLIENT_ID and OAUTH_CLIENT_SECRET, where they are set."),
            name: None,
            key_in: None,
            scheme: Some("basic"),
            bearer_format: None,
            flows: None,
            openid_connect_url: None,
        };
        registry.create_security_scheme("basic", scheme);
    }

    fn security_schemes() -> Vec<&'static str> {
        vec!["basic"]
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
