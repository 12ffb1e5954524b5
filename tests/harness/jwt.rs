//! Tokens as anybody might make them: any header, any payload, any key.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::Value;
use sha2::{Sha256, Sha384, Sha512};

/// The header of most legacy tokens.
pub(crate) const HS256: &str = r#"{"alg":"HS256","typ":"JWT"}"#;

pub(crate) fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// What the middle part of `token` says.
pub(crate) fn payload(token: &str) -> Value {
    serde_json::from_str(&payload_text(token)).unwrap()
}

/// The middle part of `token` as text.
pub(crate) fn payload_text(token: &str) -> String {
    let part = token.split('.').nth(1).unwrap();
    String::from_utf8(URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}

/// A token with HMAC-SHA256, whatever its header says.
pub(crate) fn hs256(header: &str, payload: impl AsRef<[u8]>, secret: &str) -> String {
    sign(&format!("{}.{}", encode(header), encode(payload)), secret)
}

/// `signing_input` with its HMAC-SHA256.
pub(crate) fn sign(signing_input: &str, secret: &str) -> String {
    let mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    let signature = mac.chain_update(signing_input).finalize().into_bytes();
    format!("{signing_input}.{}", encode(signature))
}

/// A token with HMAC-SHA384.
pub(crate) fn hs384(header: &str, payload: &str, secret: &str) -> String {
    let signing_input = format!("{}.{}", encode(header), encode(payload));
    let mac = Hmac::<Sha384>::new_from_slice(secret.as_bytes()).unwrap();
    let signature = mac.chain_update(&signing_input).finalize().into_bytes();
    format!("{signing_input}.{}", encode(signature))
}

/// A token with HMAC-SHA512.
pub(crate) fn hs512(header: &str, payload: &str, secret: &str) -> String {
    let signing_input = format!("{}.{}", encode(header), encode(payload));
    let mac = Hmac::<Sha512>::new_from_slice(secret.as_bytes()).unwrap();
    let signature = mac.chain_update(&signing_input).finalize().into_bytes();
    format!("{signing_input}.{}", encode(signature))
}
