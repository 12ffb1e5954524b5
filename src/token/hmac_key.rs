//! The HMAC that tokens are signed and verified with, as jsonwebtoken has it.
//!
//! *Why our own.* jsonwebtoken asks for one of two back ends: one compiles a C library, the other
//! brings RSA and elliptic curves, none of which HS256 needs. This one is the two crates that the
//! database drivers already use, and it was the fastest of the three.
//!
//! *Why its traits, not its functions.* They make the key ready for each token anew, which is a third
//! of the hashing.

use hmac::digest::KeyInit;
use hmac::{Hmac, Mac};
use jsonwebtoken::Algorithm;
use jsonwebtoken::errors::{ErrorKind, Result};
use jsonwebtoken::signature::{Error, Signer, Verifier};
use sha2::{Sha256, Sha384, Sha512};

/// A key ready to compute with, for one algorithm.
pub(super) enum HmacKey {
    Hs256(Hmac<Sha256>),
    Hs384(Hmac<Sha384>),
    Hs512(Hmac<Sha512>),
}

impl HmacKey {
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "every algorithm but ours is refused"
    )]
    pub(super) fn new(algorithm: Algorithm, secret: &[u8]) -> Result<Self> {
        let key = match algorithm {
            Algorithm::HS256 => Hmac::new_from_slice(secret).map(Self::Hs256),
            Algorithm::HS384 => Hmac::new_from_slice(secret).map(Self::Hs384),
            Algorithm::HS512 => Hmac::new_from_slice(secret).map(Self::Hs512),
            _ => return Err(ErrorKind::UnsupportedAlgorithm.into()),
        };
        key.map_err(|_| ErrorKind::InvalidKeyFormat.into())
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

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    use super::*;

    /// Whether `key` takes `signature` for that of `message`.
    fn verifies(algorithm: Algorithm, key: &[u8], message: &[u8], signature: &[u8]) -> bool {
        let key = HmacKey::new(algorithm, key);
        key.is_ok_and(|key| key.verify(message, &signature.to_vec()).is_ok())
    }

    fn bytes(hex: &str) -> Vec<u8> {
        let digit = |character| char::to_digit(character, 16).unwrap();
        let digits: Vec<u32> = hex.chars().map(digit).collect();
        let byte = |pair: &[u32]| u8::try_from(pair[0] * 16 + pair[1]).unwrap();
        digits.chunks(2).map(byte).collect()
    }

    /// A case of RFC 4231: the code of each hash as hexadecimal digits.
    struct Vector {
        key: &'static [u8],
        message: &'static [u8],
        codes: [(Algorithm, &'static str); 3],
    }

    /// The cases 1, 2 and 6; the key of the last is longer than a block.
    const RFC_4231: [Vector; 3] = [
        Vector {
            key: &[0x0b; 20],
            message: b"Hi There",
            codes: [
                (
                    Algorithm::HS256,
                    "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
                ),
                (
                    Algorithm::HS384,
                    "afd03944d84895626b0825f4ab46907f15f9dadbe4101ec682aa034c7cebc59c\
                     faea9ea9076ede7f4af152e8b2fa9cb6",
                ),
                (
                    Algorithm::HS512,
                    "87aa7cdea5ef619d4ff0b4241a1d6cb02379f4e2ce4ec2787ad0b30545e17cde\
                     daa833b7d6b8a702038b274eaea3f4e4be9d914eeb61f1702e696c203a126854",
                ),
            ],
        },
        Vector {
            key: b"Jefe",
            message: b"what do ya want for nothing?",
            codes: [
                (
                    Algorithm::HS256,
                    "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
                ),
                (
                    Algorithm::HS384,
                    "af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e\
                     8e2240ca5e69e2c78b3239ecfab21649",
                ),
                (
                    Algorithm::HS512,
                    "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea250554\
                     9758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737",
                ),
            ],
        },
        Vector {
            key: &[0xaa; 131],
            message: b"Test Using Larger Than Block-Size Key - Hash Key First",
            codes: [
                (
                    Algorithm::HS256,
                    "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
                ),
                (
                    Algorithm::HS384,
                    "4ece084485813e9088d2c63a041bc5b44f9ef1012a2b588f3cd11f05033ac4c6\
                     0c2ef6ab4030fe8296248df163f44952",
                ),
                (
                    Algorithm::HS512,
                    "80b24263c7c1a3ebb71493c1dd7be8b49b46d1f41b4aeec1121b013783f8f352\
                     6b56d037e05f2598bd0fd2215d6a1e5295e64f73f63f0aec8b915a985d786598",
                ),
            ],
        },
    ];

    #[test]
    fn the_vectors_of_rfc_4231_verify_under_their_own_algorithm_alone() {
        for Vector {
            key,
            message,
            codes,
        } in RFC_4231
        {
            for (algorithm, signature) in codes {
                for other in [Algorithm::HS256, Algorithm::HS384, Algorithm::HS512] {
                    let verified = verifies(other, key, message, &bytes(signature));
                    assert_eq!(verified, other == algorithm, "{signature} as {other:?}");
                }
            }
        }
    }

    /// RFC 7515 appendix A.1.
    #[test]
    fn the_example_of_rfc_7515_is_signed_to_the_same_bytes() {
        let key = "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr\
                   1Z9CAow";
        let key = URL_SAFE_NO_PAD.decode(key).unwrap();
        let message =
            b"eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA\
                        4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";

        let key = HmacKey::new(Algorithm::HS256, &key).unwrap();
        let signature = URL_SAFE_NO_PAD.encode(key.sign(message));

        assert_eq!(signature, "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
    }

    #[test]
    fn no_part_of_a_signature_stands_for_the_whole() {
        let [first, ..] = RFC_4231;
        for (algorithm, signature) in first.codes {
            let whole = bytes(signature);
            for length in 0..whole.len() {
                assert!(
                    !verifies(algorithm, first.key, first.message, &whole[..length]),
                    "{length} bytes"
                );
            }
            assert!(!verifies(
                algorithm,
                first.key,
                first.message,
                &[&whole[..], &[0]].concat()
            ));
        }
    }

    #[test]
    fn an_hmac_key_serves_no_other_kind_of_algorithm() {
        let [first, ..] = RFC_4231;
        for algorithm in [
            Algorithm::RS256,
            Algorithm::PS256,
            Algorithm::ES256,
            Algorithm::EdDSA,
        ] {
            assert!(
                !verifies(
                    algorithm,
                    first.key,
                    first.message,
                    &bytes(first.codes[0].1)
                ),
                "{algorithm:?}"
            );
        }
    }
}
