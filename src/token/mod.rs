//! Tokens: verifies strictly, signs, and knows which secrets are no secrets.
//!
//! The only user of jsonwebtoken, by whose traits signatures are computed and compared. Header and claims
//! are read by [`crate::json`] instead: jsonwebtoken ignores `crit`, takes duplicate names, and
//! changes numbers beyond 64 bits.

mod codec;
mod hmac_key;
mod jws;
mod key_ring;
mod known_secrets;
mod refresh_token;
mod registered;
mod secret;

pub use codec::{JwtCodec, MAX_TOKEN_BYTES};
pub use key_ring::{HmacAlgorithm, KeyRing, SigningKey, VerifyingKey, key_label};
pub use refresh_token::RefreshTokens;
pub use secret::{NotBase64, Secret, WeakSecret};
