//! Refresh tokens: say which session and generation they are, and prove it by a MAC.
//!
//! | contract | layout (bytes or bits, big-endian) | text |
//! |---|---|---|
//! | `token_pair` | version 1, session 16, generation 8, MAC 39 bytes | base64, 88 characters |
//! | `cookie`, `refresh_token`, `oauth2` | version 1, session 16, generation 8, MAC 32 bytes | base64url, 76 characters |
//! | `envelope` | handle 42, generation 16, MAC 64 bits | uuid of version 4 |
//!
//! The MAC is HMAC-SHA-512, cut from the left, over all that stands before it. Its key is derived
//! (HKDF-SHA-256, RFC 5869) from a key of the ring for one contract alone, so that no token is good
//! by another contract, and no JWT's signature is a MAC. Sessions are named by 122 random bits.
//!
//! *What guessing is worth.* Nothing in a token is secret but the MAC: who has seen an old token
//! knows what the next one says, and has to guess 312 bits of a pair, 256 of a cookie. A uuid has
//! room for 122 bits, of which 64 are the MAC: one guess at the live token of a session whose
//! handle and generation are known succeeds with a probability of 2^-64, about 5 in 10^20. A
//! thousand guesses a second, for a year, succeed with 2 in 10^9. Who knows no handle has to guess
//! that as well: with a million live sessions, times 2 in 10^7. Handles are never used again, so a
//! token of a forgotten session is none of another.
//!
//! *Why version 4.* A uuid whose bits have a meaning would be of version 8 (RFC 9562 §5.8), but the
//! frontends of this contract were written for `UUID.randomUUID()`, and some check.

mod layout;
#[cfg(test)]
mod tests;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};
use hkdf::Hkdf;
use hmac::digest::KeyInit;
use hmac::{Hmac, Mac};
use sha2::{Digest, Sha256, Sha512};
use uuid::{Uuid, Variant};

use crate::domain::{Contract, Handle, KeyTrust, SessionId, SessionName, Unverified};
use crate::service::{LegacyText, LegacyToken, Presented, RefreshTokenCodec, SignError};

use super::codec::derive;
use super::key_ring::{SigningKey, VerifyingKey, key_label};
use super::secret::Secret;
use super::{MAX_TOKEN_BYTES, jws};
use layout::{HEAD_BYTES, VERSION, pack, read_head, unpack};

/// How long the MACs are, in bytes.
const PAIR_MAC_BYTES: usize = 64 - HEAD_BYTES;
const TEXT_MAC_BYTES: usize = 32;
const UUID_MAC_BYTES: usize = 8;

/// Refresh tokens by the keys of a ring.
pub struct RefreshTokens {
    /// The first one signs.
    keys: Vec<RingKey>,
}

struct RingKey {
    macs: Vec<(Contract, Hmac<Sha512>)>,
    label: String,
    valid_until: Option<DateTime<Utc>>,
}

impl RefreshTokens {
    /// Tokens that `current` signs, and all verify.
    pub fn new(current: &SigningKey, previous: &[VerifyingKey]) -> Self {
        let current = RingKey::new(&current.secret, key_label(0), None);
        let previous = previous
            .iter()
            .enumerate()
            .map(|(index, key)| RingKey::new(&key.secret, key_label(index + 1), key.valid_until));
        Self {
            keys: std::iter::once(current).chain(previous).collect(),
        }
    }

    /// The key that made `mac` of `message`.
    fn find(&self, contract: Contract, message: &[u8], mac: &[u8]) -> Result<KeyTrust, Unverified> {
        // `verify_truncated_left` compares in constant time.
        let fits = |key: &&RingKey| {
            key.mac(contract)
                .is_some_and(|key| key.chain_update(message).verify_truncated_left(mac).is_ok())
        };
        let found = self.keys.iter().find(fits);
        found.map(RingKey::trust).ok_or(Unverified::Signature)
    }

    /// The MAC of `message` by the current key.
    fn mac(&self, contract: Contract, message: &[u8]) -> Option<[u8; 64]> {
        let key = self.keys.first()?.mac(contract)?;
        Some(key.chain_update(message).finalize().into_bytes().into())
    }

    fn verify_bytes(&self, contract: Contract, bytes: &[u8]) -> Result<Presented, Unverified> {
        let (head, mac) = bytes
            .split_at_checked(HEAD_BYTES)
            .ok_or(Unverified::RefreshTokenFormat)?;
        let (session, generation) = read_head(head).ok_or(Unverified::RefreshTokenFormat)?;
        Ok(Presented {
            key: self.find(contract, head, mac)?,
            session: SessionName::Id(session),
            generation,
        })
    }

    fn verify_uuid(&self, token: &str) -> Result<Presented, Unverified> {
        let contract = Contract::Envelope;
        let uuid = Uuid::try_parse(token).map_err(|_| Unverified::RefreshTokenFormat)?;
        // Braces, `urn:` and bare digits are other spellings of it.
        let is_random = uuid.get_version_num() == 4 && uuid.get_variant() == Variant::RFC4122;
        if token.len() != 36 || !is_random {
            return Err(Unverified::RefreshTokenFormat);
        }
        let (named, mac) = unpack(uuid);
        let (handle, generation) = (named >> 16, named & u64::from(u16::MAX));
        Ok(Presented {
            key: self.find(contract, &named.to_be_bytes(), &mac.to_be_bytes())?,
            session: SessionName::Handle(
                Handle::of_number(handle).ok_or(Unverified::RefreshTokenFormat)?,
            ),
            generation,
        })
    }

    fn signed(&self, contract: Contract, session: SessionName, generation: u64) -> Option<String> {
        match (contract, session) {
            (Contract::Envelope, SessionName::Handle(handle)) => {
                let generation: u64 = u16::try_from(generation).ok()?.into();
                let named = (handle.number() << 16) | generation;
                let mac = self.mac(contract, &named.to_be_bytes())?;
                let mac = u64::from_be_bytes(*mac.first_chunk::<UUID_MAC_BYTES>()?);
                Some(pack(named, mac).to_string())
            }
            (Contract::TokenPair, SessionName::Id(session)) => {
                let bytes = self.bytes(contract, session, generation, PAIR_MAC_BYTES)?;
                Some(STANDARD.encode(bytes))
            }
            (
                Contract::Cookie | Contract::OAuth2 | Contract::RefreshToken,
                SessionName::Id(session),
            ) => {
                let bytes = self.bytes(contract, session, generation, TEXT_MAC_BYTES)?;
                Some(jws::encode(bytes))
            }
            (Contract::ExpiredToken, _)
            | (Contract::Envelope, SessionName::Id(_))
            | (_, SessionName::Handle(_)) => None,
        }
    }

    fn bytes(
        &self,
        contract: Contract,
        session: SessionId,
        generation: u64,
        mac_bytes: usize,
    ) -> Option<Vec<u8>> {
        let mut bytes = vec![VERSION];
        bytes.extend(session.0.as_bytes());
        bytes.extend(generation.to_be_bytes());
        let mac = self.mac(contract, &bytes)?;
        bytes.extend(mac.get(..mac_bytes)?);
        Some(bytes)
    }
}

impl RefreshTokenCodec for RefreshTokens {
    fn verify(&self, contract: Contract, token: &str) -> Result<Presented, Unverified> {
        if token.len() > MAX_TOKEN_BYTES {
            return Err(Unverified::TooLong);
        }
        // Both decoders take only the canonical spelling.
        let (bytes, mac_bytes) = match contract {
            Contract::Envelope => return self.verify_uuid(token),
            Contract::ExpiredToken => return Err(Unverified::RefreshTokenFormat),
            Contract::TokenPair => (STANDARD.decode(token), PAIR_MAC_BYTES),
            Contract::Cookie | Contract::OAuth2 | Contract::RefreshToken => {
                (URL_SAFE_NO_PAD.decode(token), TEXT_MAC_BYTES)
            }
        };
        let bytes = bytes.map_err(|_| Unverified::RefreshTokenFormat)?;
        if bytes.len() != HEAD_BYTES + mac_bytes {
            return Err(Unverified::RefreshTokenFormat);
        }
        self.verify_bytes(contract, &bytes)
    }

    fn sign(
        &self,
        contract: Contract,
        session: SessionName,
        generation: u64,
    ) -> Result<String, SignError> {
        self.signed(contract, session, generation)
            .ok_or_else(|| SignError::Failed("the contract has no such refresh token".into()))
    }

    fn imported(&self, contract: Contract, token: &LegacyToken<'_>) -> SessionId {
        let hash: [u8; 32] = match token {
            LegacyToken::Hash(hash) => **hash,
            LegacyToken::Text(LegacyText(text)) => Sha256::digest(text).into(),
        };
        SessionId(derive("remint import", contract.word().as_bytes(), &hash))
    }
}

impl RingKey {
    fn new(secret: &Secret, label: String, valid_until: Option<DateTime<Utc>>) -> Self {
        let derive = Hkdf::<Sha256>::new(None, secret.expose_bytes());
        let mac = |contract: Contract| {
            let mut key = [0; 32];
            let purpose = ["remint refresh token 1 ", contract.word()].concat();
            derive.expand(purpose.as_bytes(), &mut key).ok()?;
            let mac = Hmac::new_from_slice(&key).ok()?;
            Some((contract, mac))
        };
        Self {
            macs: Contract::ALL.into_iter().filter_map(mac).collect(),
            label,
            valid_until,
        }
    }

    fn mac(&self, contract: Contract) -> Option<Hmac<Sha512>> {
        let mut macs = self.macs.iter();
        let found = macs.find(|(known, _)| *known == contract);
        found.map(|(_, mac)| mac.clone())
    }

    fn trust(&self) -> KeyTrust {
        KeyTrust {
            label: self.label.clone(),
            valid_until: self.valid_until,
        }
    }
}
