//! HS256 for jsonwebtoken, by the crates that remint signs with.

use hmac::digest::KeyInit as _;
use hmac::{Hmac, Mac as _};
use jsonwebtoken::Algorithm;
use jsonwebtoken::crypto::{CryptoProvider, JwtSigner, JwtVerifier, KeyUtils};
use jsonwebtoken::signature::{Error, Signer, Verifier};
use sha2::Sha256;

static PROVIDER: CryptoProvider = CryptoProvider {
    signer_factory: |_, key| Ok(Box::new(Hs256::of(key.as_bytes()))),
    verifier_factory: |_, key| Ok(Box::new(Hs256::of(key.try_get_as_bytes()?))),
    key_utils: KeyUtils::new_unimplemented(),
};

/// Plugs it in.
pub(super) fn install() {
    PROVIDER.install_default().unwrap();
}

struct Hs256(Hmac<Sha256>);

impl Hs256 {
    fn of(key: &[u8]) -> Self {
        Self(Hmac::new_from_slice(key).unwrap())
    }
}

impl Signer<Vec<u8>> for Hs256 {
    fn try_sign(&self, message: &[u8]) -> Result<Vec<u8>, Error> {
        let code = self.0.clone().chain_update(message).finalize();
        Ok(code.into_bytes().to_vec())
    }
}

impl Verifier<Vec<u8>> for Hs256 {
    fn verify(&self, message: &[u8], signature: &Vec<u8>) -> Result<(), Error> {
        let code = self.0.clone().chain_update(message);
        code.verify_slice(signature).map_err(Error::from_source)
    }
}

impl JwtSigner for Hs256 {
    fn algorithm(&self) -> Algorithm {
        Algorithm::HS256
    }
}

impl JwtVerifier for Hs256 {
    fn algorithm(&self) -> Algorithm {
        Algorithm::HS256
    }
}
