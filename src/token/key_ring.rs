//! The keys: one signs, all of them verify.

use std::iter;

use chrono::{DateTime, Utc};
use jsonwebtoken::Algorithm;
use jsonwebtoken::signature::{Signer as _, Verifier as _};

use crate::domain::{KeyTrust, Unverified};
use crate::service::SignError;

use super::hmac_key::HmacKey;
use super::jws;
use super::secret::Secret;

/// An HMAC algorithm of RFC 7518 §3.2.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HmacAlgorithm {
    /// HMAC with SHA-256.
    Hs256,
    /// HMAC with SHA-384.
    Hs384,
    /// HMAC with SHA-512.
    Hs512,
}

impl HmacAlgorithm {
    /// As `alg` names it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Hs256 => "HS256",
            Self::Hs384 => "HS384",
            Self::Hs512 => "HS512",
        }
    }

    /// How many bytes a key must have at least: as many as the hash (RFC 7518 §3.2).
    pub fn min_key_bytes(self) -> usize {
        match self {
            Self::Hs256 => 32,
            Self::Hs384 => 48,
            Self::Hs512 => 64,
        }
    }

    fn library(self) -> Algorithm {
        match self {
            Self::Hs256 => Algorithm::HS256,
            Self::Hs384 => Algorithm::HS384,
            Self::Hs512 => Algorithm::HS512,
        }
    }
}

impl std::str::FromStr for HmacAlgorithm {
    type Err = &'static str;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        let all = [Self::Hs256, Self::Hs384, Self::Hs512];
        let found = all.into_iter().find(|algorithm| algorithm.name() == name);
        found.ok_or("expected HS256, HS384 or HS512")
    }
}

/// The key that signs.
#[derive(Debug, Clone)]
pub struct SigningKey {
    /// Its name in the header of new tokens.
    pub key_id: Option<String>,
    /// The key.
    pub secret: Secret,
}

/// A key that signed once and still verifies.
#[derive(Debug, Clone)]
pub struct VerifyingKey {
    /// Its name in the header of old tokens.
    pub key_id: Option<String>,
    /// The key.
    pub secret: Secret,
    /// From when on it no longer counts.
    pub valid_until: Option<DateTime<Utc>>,
}

/// What the log and the counters call the key at that place of the ring; the first one signs.
pub fn key_label(place: usize) -> String {
    match place {
        0 => "current".to_owned(),
        previous => format!("previous-{previous}"),
    }
}

/// One algorithm and its keys.
pub struct KeyRing {
    algorithm: HmacAlgorithm,
    header: String,
    current: RingKey,
    previous: Vec<RingKey>,
}

struct RingKey {
    key_id: Option<String>,
    key: HmacKey,
    trust: KeyTrust,
}

impl RingKey {
    fn new(key: HmacKey, key_id: Option<&String>, trust: KeyTrust) -> Self {
        Self {
            key_id: key_id.cloned(),
            key,
            trust,
        }
    }
}

impl KeyRing {
    /// A ring in which `current` signs, and all verify. Fails where one of them cannot.
    pub fn new(
        algorithm: HmacAlgorithm,
        current: &SigningKey,
        previous: &[VerifyingKey],
    ) -> Result<Self, SignError> {
        let ready = |secret: &Secret| {
            HmacKey::new(algorithm.library(), secret.expose_bytes())
                .map_err(|error| SignError::Failed(error.into()))
        };
        let previous = previous.iter().enumerate().map(|(index, key)| {
            let trust = KeyTrust {
                label: key_label(index + 1),
                valid_until: key.valid_until,
            };
            let ready = ready(&key.secret)?;
            Ok(RingKey::new(ready, key.key_id.as_ref(), trust))
        });
        let trust = KeyTrust {
            label: key_label(0),
            valid_until: None,
        };
        Ok(Self {
            algorithm,
            header: header(algorithm, current.key_id.as_deref()),
            current: RingKey::new(ready(&current.secret)?, current.key_id.as_ref(), trust),
            previous: previous.collect::<Result<_, SignError>>()?,
        })
    }

    /// The one algorithm of this ring.
    pub(super) fn algorithm(&self) -> HmacAlgorithm {
        self.algorithm
    }

    /// The encoded header of new tokens.
    pub(super) fn header(&self) -> &str {
        &self.header
    }

    /// The key that `signature` was made with.
    ///
    /// `key_id` narrows the search and does nothing else: a key without a name is always tried,
    /// because the tokens of most legacy backends name none.
    pub(super) fn verify(
        &self,
        signing_input: &str,
        signature: &Vec<u8>,
        key_id: Option<&str>,
    ) -> Result<KeyTrust, Unverified> {
        let all = iter::once(&self.current).chain(&self.previous);
        let mut candidates = all.filter(|key| {
            let named = key.key_id.as_deref();
            named.is_none() || key_id.is_none() || named == key_id
        });
        let mut refused = Unverified::UnknownKey;
        let found = candidates.find(|key| {
            refused = Unverified::Signature;
            let message = signing_input.as_bytes();
            key.key.verify(message, signature).is_ok()
        });
        found.map(|key| key.trust.clone()).ok_or(refused)
    }

    /// The encoded signature of the current key.
    pub(super) fn sign(&self, signing_input: &str) -> Result<String, SignError> {
        let signature = self.current.key.try_sign(signing_input.as_bytes());
        let signature = signature.map_err(|error| SignError::Failed(error.into()))?;
        Ok(jws::encode(signature))
    }
}

/// `alg`, `typ` and, where the key has a name, `kid`, encoded.
fn header(algorithm: HmacAlgorithm, key_id: Option<&str>) -> String {
    let mut header = serde_json::json!({"alg": algorithm.name(), "typ": "JWT"});
    if let (Some(key_id), Some(header)) = (key_id, header.as_object_mut()) {
        header.insert("kid".to_owned(), key_id.into());
    }
    jws::encode(header.to_string())
}

#[cfg(test)]
mod tests {
    use super::HmacAlgorithm::Hs256;
    use super::*;

    fn ring_of(current: (Option<&str>, &str), previous: &[(Option<&str>, &str)]) -> KeyRing {
        let key_id = |name: Option<&str>| name.map(str::to_owned);
        let signing = SigningKey {
            key_id: key_id(current.0),
            secret: Secret::of_text(current.1),
        };
        let previous = previous.iter().map(|(name, secret)| VerifyingKey {
            key_id: key_id(*name),
            secret: Secret::of_text(secret),
            valid_until: None,
        });
        KeyRing::new(Hs256, &signing, &previous.collect::<Vec<_>>()).unwrap()
    }

    /// That of the message `message`, as bytes.
    fn signature(ring: &KeyRing) -> Vec<u8> {
        jws::decode(&ring.sign("message").unwrap()).unwrap()
    }

    #[test]
    fn a_key_id_narrows_the_search_and_nothing_else() {
        let previous = [(Some("old"), "second"), (None, "third")];
        let ring = ring_of((Some("new"), "first"), &previous);

        for (secret, key_id, expected) in [
            ("first", None, Ok("current")),
            ("second", None, Ok("previous-1")),
            ("second", Some("old"), Ok("previous-1")),
            ("second", Some("new"), Err(Unverified::Signature)),
            ("third", Some("anything"), Ok("previous-2")),
            ("stranger", None, Err(Unverified::Signature)),
        ] {
            let signature = signature(&ring_of((None, secret), &[]));
            let found = ring.verify("message", &signature, key_id);
            let found = found.as_ref().map(|trust| trust.label.as_str());
            assert_eq!(found, expected.as_ref().copied(), "{secret}, {key_id:?}");
        }
    }

    #[test]
    fn a_key_id_that_no_key_has_is_refused_without_a_try() {
        let ring = ring_of((Some("new"), "first"), &[]);
        let genuine = signature(&ring);

        let refused = ring.verify("message", &genuine, Some("old"));

        assert_eq!(refused, Err(Unverified::UnknownKey));
    }
}
