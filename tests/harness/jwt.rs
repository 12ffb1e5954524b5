//! Tokens as anybody might make them: any header, any payload, any key.

use remint::testing::jwt::{self, HmacAlgorithm};
use serde_json::Value;

pub(crate) use remint::testing::jwt::encode;

/// The header of most legacy tokens.
pub(crate) const HS256: &str = r#"{"alg":"HS256","typ":"JWT"}"#;

/// What the middle part of `token` says.
pub(crate) fn payload(token: &str) -> Value {
    jwt::payload(token).unwrap()
}

/// The middle part of `token` as text.
pub(crate) fn payload_text(token: &str) -> String {
    jwt::payload_text(token).unwrap()
}

/// A token with HMAC-SHA256, whatever its header says.
pub(crate) fn hs256(header: &str, payload: impl AsRef<[u8]>, secret: &str) -> String {
    jwt::token(HmacAlgorithm::Hs256, header, payload, secret)
}

/// `signing_input` with its HMAC-SHA256.
pub(crate) fn sign(signing_input: &str, secret: &str) -> String {
    jwt::sign(HmacAlgorithm::Hs256, signing_input, secret)
}

/// A token with HMAC-SHA384.
pub(crate) fn hs384(header: &str, payload: &str, secret: &str) -> String {
    jwt::token(HmacAlgorithm::Hs384, header, payload, secret)
}

/// A token with HMAC-SHA512.
pub(crate) fn hs512(header: &str, payload: &str, secret: &str) -> String {
    jwt::token(HmacAlgorithm::Hs512, header, payload, secret)
}
