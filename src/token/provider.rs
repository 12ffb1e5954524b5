//! The HMAC that jsonwebtoken signs and verifies with.
//!
//! *Why our own provider.* jsonwebtoken asks for one of two back ends: one compiles a C library,
//! the other brings RSA and elliptic curves, none of which HS256 needs. This one is the two
//! crates that the database drivers already use, and it was the fastest of the three.

use hmac::digest::KeyInit;
use hmac::{Hmac, Mac};
use jsonwebtoken::crypto::{CryptoProvider, JwtSigner, JwtVerifier, KeyUtils};
use jsonwebtoken::errors::{ErrorKind, Result};
use jsonwebtoken::signature::{Error, Signer, Verifier};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey};
use sha2::{Sha256, Sha384, Sha512};

static PROVIDER: CryptoProvider = CryptoProvider {
    signer_factory: |algorithm, key: &EncodingKey| {
        HmacKey::new(*algorithm, key.as_bytes()).map(|key| Box::new(key) as Box<dyn JwtSigner>)
    },
    verifier_factory: |algorithm, key: &DecodingKey| {
        HmacKey::new(*algorithm, key.try_get_as_bytes()?)
            .map(|key| Box::new(key) as Box<dyn JwtVerifier>)
    },
    key_utils: KeyUtils::new_unimplemented(),
};

/// Plugs the HMAC in, once per process; later calls change nothing.
pub(super) fn install() {
    // Losing this race means that another thread has just installed the same provider.
    PROVIDER.install_default().ok();
}

/// A key ready to compute with, for one algorithm.
enum HmacKey {
    Hs256(Hmac<Sha256>),
    Hs384(Hmac<Sha384>),
    Hs512(Hmac<Sha512>),
}

impl HmacKey {
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "every algorithm but ours is refused"
    )]
    fn new(algorithm: Algorithm, secret: &[u8]) -> Result<Self> {
        let key = match algorithm {
            Algorithm::HS256 => Hmac::new_from_slice(secret).map(Self::Hs256),
            Algorithm::HS384 => Hmac::new_from_slice(secret).map(Self::Hs384),
            Algorithm::HS512 => Hmac::new_from_slice(secret).map(Self::Hs512),
            _ => return Err(ErrorKind::UnsupportedAlgorithm.into()),
        };
        key.map_err(|_| ErrorKind::InvalidKeyFormat.into())
    }

    fn algorithm(&self) -> Algorithm {
        match self {
            Self::Hs256(_) => Algorithm::HS256,
            Self::Hs384(_) => Algorithm::HS384,
            Self::Hs512(_) => Algorithm::HS512,
        }
    }
}

impl Signer<Vec<u8>> for HmacKey {
    fn try_sign(&self, message: &[u8]) -> std::result::Result<Vec<u8>, Error> {
        Ok(match self {
            Self::Hs256(mac) => mac
                .clone()
                .chain_update(message)
                .finalize()
                .into_bytes()
                .to_vec(),
            Self::Hs384(mac) => mac
                .clone()
                .chain_update(message)
                .finalize()
                .into_bytes()
                .to_vec(),
            Self::Hs512(mac) => mac
                .clone()
                .chain_update(message)
                .finalize()
                .into_bytes()
                .to_vec(),
        })
    }
}

impl Verifier<Vec<u8>> for HmacKey {
    // `verify_slice` compares in constant time, and only whole tags: a truncated one is refused.
    fn verify(&self, message: &[u8], signature: &Vec<u8>) -> std::result::Result<(), Error> {
        match self {
            Self::Hs256(mac) => mac.clone().chain_update(message).verify_slice(signature),
            Self::Hs384(mac) => mac.clone().chain_update(message).verify_slice(signature),
            Self::Hs512(mac) => mac.clone().chain_update(message).verify_slice(signature),
        }
        .map_err(Error::from_source)
    }
}

impl JwtSigner for HmacKey {
    fn algorithm(&self) -> Algorithm {
        self.algorithm()
    }
}

impl JwtVerifier for HmacKey {
    fn algorithm(&self) -> Algorithm {
        self.algorithm()
    }
}
