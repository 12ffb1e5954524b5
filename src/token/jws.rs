//! JWS in compact form (RFC 7515), read strictly and before anything is trusted.

use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::domain::{Claim, Unverified};
use crate::json::{StrictObject, as_string};

/// The longest token that is looked at, in bytes.
pub const MAX_TOKEN_BYTES: usize = 8 * 1024;

/// The three parts of a token. Only the header has been read.
pub(super) struct Compact<'a> {
    /// What the signature covers: header, dot, payload, as sent.
    pub(super) signing_input: &'a str,
    /// The decoded signature.
    pub(super) signature: Vec<u8>,
    /// The header.
    pub(super) header: Header,
    /// The decoded payload.
    pub(super) payload: Vec<u8>,
}

/// What counts of the header. `jwk`, `jku`, `x5u`, `x5c` are never even read.
pub(super) struct Header {
    pub(super) algorithm: String,
    pub(super) key_id: Option<String>,
    pub(super) kind: Claim<String>,
}

impl<'a> Compact<'a> {
    /// Takes `token` apart.
    pub(super) fn parse(token: &'a str) -> Result<Self, Unverified> {
        if token.len() > MAX_TOKEN_BYTES {
            return Err(Unverified::TooLong);
        }
        let (signing_input, signature) = token.rsplit_once('.').ok_or(Unverified::Format)?;
        let (header, payload) = signing_input.split_once('.').ok_or(Unverified::Format)?;

        // A dot is not in the alphabet, so a fourth part fails here. So do padding, the standard
        // alphabet, white space, and bits left over in the last character.
        let signature = decode(signature)?;
        let header = Header::parse(&decode(header)?)?;
        let payload = decode(payload)?;
        Ok(Self {
            signing_input,
            signature,
            header,
            payload,
        })
    }
}

impl Header {
    fn parse(text: &[u8]) -> Result<Self, Unverified> {
        let header = StrictObject::parse(text).map_err(|_| Unverified::Format)?;
        // RFC 7515 §4.1.11: whoever does not understand an extension must refuse. We understand
        // none. `b64`, `zip` and `enc` change what is signed; without `crit` they are a trap.
        if ["crit", "b64", "zip", "enc"]
            .iter()
            .any(|name| header.find(name).is_some())
        {
            return Err(Unverified::Extension);
        }

        let string = |name| {
            header
                .find(name)
                .map(|value| as_string(value).map(Cow::into_owned))
        };
        let algorithm = string("alg").flatten().ok_or(Unverified::Format)?;
        let key_id = string("kid")
            .map(|kid| kid.ok_or(Unverified::Format))
            .transpose()?;
        let kind = match string("typ") {
            None => Claim::Absent,
            Some(None) => Claim::Malformed,
            Some(Some(kind)) => Claim::Is(kind),
        };
        Ok(Self {
            algorithm,
            key_id,
            kind,
        })
    }
}

/// Canonical base64url without padding (RFC 7515 §2).
pub(super) fn decode(part: &str) -> Result<Vec<u8>, Unverified> {
    URL_SAFE_NO_PAD.decode(part).map_err(|_| Unverified::Format)
}

/// The same, the other way.
pub(super) fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}
