//! Checking and making tokens.

use chrono::{DateTime, Utc};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::domain::{Claim, ClaimSet, JsonText, SessionId, Subject, Unverified, VerifiedToken};
use crate::json::StrictObject;
use crate::service::{SignError, TokenCodec};

use super::jws::{self, Compact};
use super::key_ring::KeyRing;
use super::registered::{Registered, subject};

pub use super::jws::MAX_TOKEN_BYTES;

/// There is room from the start for the claims of most tokens.
const USUAL_PAYLOAD_BYTES: usize = 512;

/// Whom ids of sessions have in them: the first of these that a token has. Not the configured one, for
/// with another one each token would have another session, and what was logged out would be good again.
/// Never to be changed either: see [`SessionId::of_token`].
const USUAL_SUBJECT_CLAIMS: [&str; 4] = ["sub", "user_id", "userId", "nameid"];

/// The JWTs of one key ring.
pub struct JwtCodec {
    ring: KeyRing,
    subject_claim: String,
}

impl JwtCodec {
    /// A codec that reads whom a token is about from `subject_claim`.
    pub fn new(ring: KeyRing, subject_claim: impl Into<String>) -> Self {
        Self {
            ring,
            subject_claim: subject_claim.into(),
        }
    }
}

impl TokenCodec for JwtCodec {
    fn verify_ignoring_expiry(&self, token: &str) -> Result<VerifiedToken, Unverified> {
        let compact = Compact::parse(token)?;
        // Byte for byte: `hs256`, `none` and every other spelling end here.
        if compact.header.algorithm != self.ring.algorithm().name() {
            return Err(Unverified::Algorithm);
        }
        let key_id = compact.header.key_id.as_deref();
        let key = self
            .ring
            .verify(compact.signing_input, &compact.signature, key_id)?;

        let payload = StrictObject::parse(&compact.payload).ok();
        let claims = payload.as_ref().map(|payload| {
            let claim = |(name, value): (&str, &serde_json::value::RawValue)| {
                (name.to_owned(), JsonText::from_valid(value.get()))
            };
            ClaimSet::from_unique(payload.iter().map(claim).collect())
        });
        let nothing = StrictObject::default();
        let registered = Registered(payload.as_ref().unwrap_or(&nothing));
        let issued_at = registered.time("iat");
        let expires_at = registered.time("exp");
        let subject = registered.subject(&self.subject_claim);
        let lineage = registered.lineage();
        let session = match &lineage {
            Claim::Is(lineage) => lineage.session,
            Claim::Absent | Claim::Malformed => derive_session(
                compact.signing_input,
                [&issued_at, &expires_at],
                &registered,
            ),
        };
        Ok(VerifiedToken {
            claims,
            header_type: compact.header.kind,
            audience: registered.audience(),
            auth_time: registered.time("auth_time"),
            bound: registered.text("cnf") != Claim::Absent,
            expires_at,
            issued_at,
            issuer: registered.text("iss"),
            kinds: registered.kinds(),
            key,
            lineage,
            not_before: registered.time("nbf"),
            original_issue: registered.time("orig_iat"),
            session,
            subject,
        })
    }

    fn sign(&self, claims: &ClaimSet) -> Result<String, SignError> {
        let failed = |error: serde_json::Error| SignError::Failed(error.into());
        let mut payload = Vec::with_capacity(USUAL_PAYLOAD_BYTES);
        for (name, value) in claims.iter() {
            payload.push(if payload.is_empty() { b'{' } else { b',' });
            serde_json::to_writer(&mut payload, name).map_err(failed)?;
            payload.push(b':');
            payload.extend_from_slice(value.as_str().as_bytes());
        }
        payload.extend_from_slice(if payload.is_empty() { b"{}" } else { b"}" });

        let signing_input = [self.ring.header(), ".", &jws::encode(payload)].concat();
        let signature = self.ring.sign(&signing_input)?;
        let token = [&signing_input, ".", &signature].concat();
        if token.len() > MAX_TOKEN_BYTES {
            return Err(SignError::TooLong);
        }
        Ok(token)
    }

    fn token_id(&self, (session, generation, issued_at): (SessionId, u64, i64)) -> String {
        let input = [&generation.to_be_bytes()[..], &issued_at.to_be_bytes()].concat();
        derive("remint jti", session.0.as_bytes(), &input).to_string()
    }

    fn subject_claim(&self, subject: &Subject) -> (String, JsonText) {
        let value = match subject {
            Subject::Integer(number) => JsonText::integer(*number),
            Subject::Text(text) => JsonText::string(text),
        };
        (self.subject_claim.clone(), value)
    }

    fn subject(&self, claims: &ClaimSet) -> Claim<Subject> {
        let Some(claim) = claims.find(&self.subject_claim) else {
            return Claim::Absent;
        };
        let value = serde_json::from_str(claim.as_str()).ok();
        value.and_then(subject).map_or(Claim::Malformed, Claim::Is)
    }
}

/// The session that a token without `remint` is generation 0 of: from the signed part, never from
/// the signature's text, which has several spellings.
fn derive_session(
    signing_input: &str,
    times: [&Claim<DateTime<Utc>>; 2],
    registered: &Registered<'_, '_>,
) -> SessionId {
    let hash = hash("remint session", signing_input.as_bytes(), &[]);
    let issued_at = times.into_iter().find_map(Claim::stated).copied();
    let user_key = |claim: &&str| registered.subject(claim).stated().map(Subject::user_key);
    let user_key = USUAL_SUBJECT_CLAIMS.iter().find_map(user_key);
    let user_hash = user_key.map(|key| Sha256::digest(key).into());
    SessionId::of_token(hash, issued_at, user_hash)
}

/// A name for `parts`: not a secret, the same on every replica, 122 bits against collisions.
pub(super) fn derive(purpose: &str, first: &[u8], second: &[u8]) -> Uuid {
    Uuid::new_v8(hash(purpose, first, second))
}

fn hash(purpose: &str, first: &[u8], second: &[u8]) -> [u8; 16] {
    let hash = Sha256::new()
        .chain_update(purpose)
        .chain_update([0])
        .chain_update(first)
        .chain_update(second)
        .finalize();
    let mut bytes = [0; 16];
    bytes
        .iter_mut()
        .zip(hash)
        .for_each(|(byte, hashed)| *byte = hashed);
    bytes
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use crate::token::{HmacAlgorithm, Secret, SigningKey};

    use super::*;

    /// The session of a genuine token with that payload.
    fn session(payload: &str) -> Uuid {
        session_by("sub", payload)
    }

    /// The same where that claim is configured to name the user.
    fn session_by(subject_claim: &str, payload: &str) -> Uuid {
        let key = SigningKey {
            key_id: None,
            secret: Secret::of_text("a secret of many different characters, made for tests alone"),
        };
        let ring = KeyRing::new(HmacAlgorithm::Hs256, &key, &[]).unwrap();
        let codec = JwtCodec::new(ring, subject_claim);
        let signing_input = format!("{}.{}", codec.ring.header(), jws::encode(payload));
        let signature = codec.ring.sign(&signing_input).unwrap();
        let token = format!("{signing_input}.{signature}");
        let verified = codec.verify_ignoring_expiry(&token).unwrap();
        assert!(verified.session.is_derived(), "{payload}");
        verified.session.0
    }

    #[test]
    fn sessions_of_the_legacy_backend_begin_with_their_time_and_user() {
        let quarter_of_a_day = 6 * 60 * 60;
        let begin = |user, iat| {
            let payload = format!(r#"{{"sub":"{user}","iat":{iat}}}"#);
            session(&payload).as_fields().0
        };

        let of_alice = [
            0,
            quarter_of_a_day - 1,
            quarter_of_a_day,
            255 * quarter_of_a_day,
        ];
        let of_alice = of_alice.map(|iat| begin("alice", iat));
        assert_eq!(
            of_alice,
            [0x002b_d806, 0x002b_d806, 0x012b_d806, 0xff2b_d806]
        );
        assert_eq!(begin("alice", 256 * quarter_of_a_day), 0x002b_d806);
        assert_eq!(begin("bob", 1_800_000_000), 0x8581_b637);
        let lower = "0190a1b2-c3d4-7e5f-8a6b-7c8d9e0f1a2b";
        assert_eq!(begin(lower, 1), begin(&lower.to_uppercase(), 1));
    }

    #[test]
    fn the_session_of_a_token_is_the_same_in_every_version() {
        let payloads = [
            r#"{"sub":"alice","iat":1800000000}"#,
            r#"{"sub":42,"iat":1800000000.75}"#,
            r#"{"sub":"0190A1B2-C3D4-7E5F-8A6B-7C8D9E0F1A2B","iat":1800000000}"#,
            r#"{"sub":"alice","exp":1800000000}"#,
            r#"{"sub":["alice"],"iat":"1800000000"}"#,
        ];

        let sessions = payloads.map(|payload| session(payload).to_string());

        let expected = [
            "852bd806-f5f6-83ee-a387-ae8c99ba8118",
            "8573475c-824a-8c3f-b4d9-cb6cb967105f",
            "8596712f-8789-881f-bba6-31d8483968fe",
            "852bd806-8b59-8b42-9be7-2a69ff7403a9",
            "28a5ff15-2603-823f-8a24-241e648d1557",
        ];
        assert_eq!(sessions, expected);
    }

    #[test]
    fn a_token_keeps_its_session_when_another_claim_is_configured() {
        let payload = r#"{"userId":"bob","sub":"alice","iat":1}"#;
        let of_bob = r#"{"nameid":7,"userId":"bob","iat":1}"#;

        let by = ["sub", "userId", "uid"].map(|claim| session_by(claim, payload));

        assert_eq!(by, [by[0]; 3]);
        assert_eq!(by[0].as_fields().0, 0x002b_d806);
        assert_eq!(session_by("uid", of_bob).as_fields().0, 0x0081_b637);
    }

    #[test]
    fn a_token_that_only_says_when_it_ends_has_its_session_at_that_time() {
        let begin = session(r#"{"sub":"alice","exp":21600}"#);
        let other = session(r#"{"sub":"alice","iat":1,"exp":21600}"#);

        assert_eq!(begin.as_fields().0, 0x012b_d806);
        assert_eq!(other.as_fields().0, 0x002b_d806);
    }

    #[test]
    fn tokens_of_one_user_and_second_have_sessions_of_their_own() {
        let of = |token| session(&format!(r#"{{"sub":"alice","iat":1,"jti":"{token}"}}"#));

        let sessions: HashSet<_> = (0..100).map(of).collect();

        assert_eq!(sessions.len(), 100);
    }

    #[test]
    fn a_token_has_a_session_whatever_it_says_of_its_user_and_time() {
        let odd = [
            "null",
            "-0.5",
            "-1e300",
            "1e300",
            r#""1""#,
            "[1]",
            "{}",
            r#"1,"iat":2"#,
        ];
        let iats = odd.map(|iat| format!(r#"{{"sub":"alice","iat":{iat}}}"#));
        let subs = odd.map(|sub| format!(r#"{{"sub":{sub},"iat":1}}"#));
        let others = ["{}", r#"{"sub":"alice"}"#, "no JSON"].map(str::to_owned);
        let payloads: Vec<_> = iats.into_iter().chain(subs).chain(others).collect();

        let sessions: HashSet<_> = payloads.iter().map(|payload| session(payload)).collect();

        assert_eq!(sessions.len(), payloads.len());
    }
}
