//! Tokens as anybody might make them: any header, any payload, any key.
//!
//! Nothing here asks whether the result makes sense. [`TestToken`](super::TestToken) makes those that
//! do.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::Value;
use sha2::{Sha256, Sha384, Sha512};

pub use crate::token::HmacAlgorithm;

/// The token of that header and payload, byte for byte, signed by `algorithm` whatever its header
/// says.
///
/// ```
/// use remint::testing::jwt::{self, HmacAlgorithm};
///
/// let lying = jwt::token(HmacAlgorithm::Hs256, r#"{"alg":"none"}"#, r#"{"sub":"alice"}"#, "secret");
///
/// assert_eq!(jwt::payload(&lying), Some(serde_json::json!({"sub": "alice"})));
/// ```
pub fn token(
    algorithm: HmacAlgorithm,
    header: impl AsRef<[u8]>,
    payload: impl AsRef<[u8]>,
    secret: impl AsRef<[u8]>,
) -> String {
    let signing_input = format!("{}.{}", encode(header), encode(payload));
    sign(algorithm, &signing_input, secret)
}

/// `signing_input` and its signature.
pub fn sign(algorithm: HmacAlgorithm, signing_input: &str, secret: impl AsRef<[u8]>) -> String {
    let (secret, message) = (secret.as_ref(), signing_input.as_bytes());
    let signature = match algorithm {
        HmacAlgorithm::Hs256 => encode(code::<Hmac<Sha256>>(secret, message)),
        HmacAlgorithm::Hs384 => encode(code::<Hmac<Sha384>>(secret, message)),
        HmacAlgorithm::Hs512 => encode(code::<Hmac<Sha512>>(secret, message)),
    };
    format!("{signing_input}.{signature}")
}

fn code<M: Mac + KeyInit>(secret: &[u8], message: &[u8]) -> Vec<u8> {
    // HMAC takes keys of every length (RFC 2104 §2), so there is no error to speak of.
    let mac =
        M::new_from_slice(secret).unwrap_or_else(|_| M::new(&hmac::digest::Key::<M>::default()));
    mac.chain_update(message).finalize().into_bytes().to_vec()
}

/// Base64url without padding, as all parts of a token are written.
pub fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// What the middle part of `token` says, whoever signed it; [`None`] where that is no JSON.
pub fn payload(token: &str) -> Option<Value> {
    serde_json::from_str(&payload_text(token)?).ok()
}

/// The middle part of `token` as text; [`None`] where it is none.
pub fn payload_text(token: &str) -> Option<String> {
    let part = token.split('.').nth(1)?;
    String::from_utf8(URL_SAFE_NO_PAD.decode(part).ok()?).ok()
}
