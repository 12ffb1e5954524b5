//! Expired tokens as a legacy backend makes them, each another one.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use super::closed::post;

/// How many users the tokens are of.
pub(crate) const USERS: u64 = 10_000;

/// Signs tokens one after the other.
pub(crate) struct Mint {
    key: Hmac<Sha256>,
    header: String,
    issued: u64,
    now: i64,
}

impl Mint {
    /// Tokens that expired a minute before `now`, in seconds since 1970.
    pub(crate) fn new(secret: &str, now: i64) -> Self {
        Self {
            key: Hmac::new_from_slice(secret.as_bytes()).unwrap(),
            header: URL_SAFE_NO_PAD.encode(r#"{"alg":"HS256","typ":"JWT"}"#),
            issued: 0,
            now,
        }
    }

    /// A token that was not there before.
    pub(crate) fn token(&mut self) -> String {
        self.issued += 1;
        let Self { issued, now, .. } = self;
        let (iat, exp) = (*now - 1860, *now - 60);
        let user = *issued % USERS;
        let payload =
            format!(r#"{{"sub":"user-{user}","iat":{iat},"exp":{exp},"jti":"{issued:016x}"}}"#);
        let signed = format!("{}.{}", self.header, URL_SAFE_NO_PAD.encode(payload));
        let signature = self.signature(&signed);
        format!("{signed}.{signature}")
    }

    /// A refresh of a token that was not there before, as bytes.
    pub(crate) fn request(&mut self) -> Vec<u8> {
        post(
            "/api/auth/refresh",
            &format!(r#"{{"token":"{}"}}"#, self.token()),
        )
    }

    /// Whether that token has the signature of the key.
    pub(crate) fn has_signed(&self, token: &str) -> bool {
        let (signed, signature) = token.rsplit_once('.').unwrap_or_default();
        self.signature(signed) == signature
    }

    fn signature(&self, signed: &str) -> String {
        let mut mac = self.key.clone();
        mac.update(signed.as_bytes());
        URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes())
    }
}
