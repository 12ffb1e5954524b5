//! The bytes of a key, and whether anybody could guess them.

use std::collections::HashSet;

use base64::Engine;
use base64::alphabet::{STANDARD, URL_SAFE};
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use secrecy::{ExposeSecret, SecretSlice};

use super::HmacAlgorithm;
use super::known_secrets;

/// What stands before a key that is written in base64, as Laravel writes it.
const BASE64: &str = "base64:";

/// Base64 as people paste it: with padding or without.
const LENIENT: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);

/// The bytes of a key. They appear in no `Debug` output.
#[derive(Debug, Clone)]
pub struct Secret(SecretSlice<u8>);

/// A key that begins with `base64:` and does not go on so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("what follows base64: is not base64")]
pub struct NotBase64;

impl Secret {
    /// The bytes of the text itself, which is what most backends use.
    pub fn of_text(text: &str) -> Self {
        Self(text.as_bytes().to_vec().into())
    }

    /// The bytes of a setting: of the text itself, or what is encoded after `base64:`, in either
    /// alphabet, for backends that decode their key before they use it.
    pub fn of_setting(text: &str) -> Result<Self, NotBase64> {
        let Some(encoded) = text.strip_prefix(BASE64) else {
            return Ok(Self::of_text(text));
        };
        let decode = |alphabet| GeneralPurpose::new(alphabet, LENIENT).decode(encoded.trim());
        let bytes = decode(&STANDARD).or_else(|_| decode(&URL_SAFE));
        bytes.map(|bytes| Self(bytes.into())).map_err(|_| NotBase64)
    }

    /// The bytes, to compute with and for nothing else.
    pub fn expose_bytes(&self) -> &[u8] {
        self.0.expose_secret()
    }

    /// Whether there is no byte, which makes HMAC no authentication at all.
    pub fn is_empty(&self) -> bool {
        self.expose_bytes().is_empty()
    }
}

/// A random secret of 32 hexadecimal digits has fewer once in ten million.
const MIN_DIFFERENT_BYTES: usize = 8;

/// Why a secret should not sign anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WeakSecret {
    /// It stands in public documentation.
    #[error("this secret is published in tutorials or documentation; anybody can sign with it")]
    Known,
    /// It is one character over and over, or little more.
    #[error("this secret repeats a few characters; anybody can guess it")]
    Monotonous,
    /// It is shorter than the hash.
    #[error("{bytes} bytes are too few: {algorithm} needs {needed} (RFC 7518 section 3.2)")]
    Short {
        /// The algorithm's name.
        algorithm: &'static str,
        /// How long it is.
        bytes: usize,
        /// How long it must be.
        needed: usize,
    },
}

impl WeakSecret {
    /// What is weak about `secret`, if anything is.
    pub fn find(secret: &Secret, algorithm: HmacAlgorithm) -> Option<Self> {
        let bytes = secret.expose_bytes();
        if known_secrets::contains(bytes) || known_secrets::contains(bytes.trim_ascii()) {
            return Some(Self::Known);
        }
        let needed = algorithm.min_key_bytes();
        if bytes.len() < needed {
            return Some(Self::Short {
                algorithm: algorithm.name(),
                bytes: bytes.len(),
                needed,
            });
        }
        let different: HashSet<&u8> = bytes.iter().collect();
        (different.len() < MIN_DIFFERENT_BYTES).then_some(Self::Monotonous)
    }
}

#[cfg(test)]
mod tests {
    use super::HmacAlgorithm::{Hs256, Hs384, Hs512};
    use super::*;

    fn weakness(secret: &str, algorithm: HmacAlgorithm) -> Option<WeakSecret> {
        WeakSecret::find(&Secret::of_text(secret), algorithm)
    }

    /// RFC 7518 §3.2: as many bytes as the hash has.
    #[test]
    fn a_secret_one_byte_shorter_than_the_hash_is_weak() {
        for (algorithm, needed) in [(Hs256, 32), (Hs384, 48), (Hs512, 64)] {
            let long = "a secret of many different characters ".repeat(2);
            assert_eq!(weakness(long.get(..needed).unwrap(), algorithm), None);
            let short = WeakSecret::Short {
                algorithm: algorithm.name(),
                bytes: needed - 1,
                needed,
            };
            let cut = long.get(..needed - 1).unwrap();
            assert_eq!(weakness(cut, algorithm), Some(short));
        }
    }

    #[test]
    fn the_length_of_a_secret_is_that_of_its_bytes() {
        assert_eq!(weakness("éàüöäßçñøåœ&123456789", Hs256), None);
    }

    #[test]
    fn a_published_secret_is_weak_for_every_algorithm_however_long_it_is() {
        let fastapi = "09d25e094faa6ca2556c818166b7a9563b93f7099f6f0f4caa6cf63b88e8d3e7";
        for algorithm in [Hs256, Hs384, Hs512] {
            for secret in [fastapi, "your-256-bit-secret"] {
                assert_eq!(weakness(secret, algorithm), Some(WeakSecret::Known));
            }
        }
    }

    #[test]
    fn a_secret_in_base64_is_what_it_stands_for() {
        let bytes = [&[0xfb, 0xff, 0x00][..], b"more"].concat();
        for text in [
            "base64:+/8AbW9yZQ==",
            "base64:-_8AbW9yZQ",
            "base64: +/8AbW9yZQ\n",
        ] {
            assert_eq!(
                Secret::of_setting(text).unwrap().expose_bytes(),
                bytes,
                "{text}"
            );
        }
        assert_eq!(
            Secret::of_setting("base64").unwrap().expose_bytes(),
            b"base64"
        );
        for broken in ["base64:a", "base64:not base64", "base64:+/-_"] {
            assert_eq!(Secret::of_setting(broken).unwrap_err(), NotBase64);
        }
    }
}
