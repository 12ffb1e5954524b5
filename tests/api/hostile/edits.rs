//! One genuine token, and everything that is one small change away from it.

use remint::domain::{Claim, Subject};
use remint::service::TokenCodec;
use remint::token::{HmacAlgorithm, JwtCodec, KeyRing, Secret, SigningKey};
use serde_json::json;

use super::{SECRET, Target, with_header};
use crate::harness::jwt;

/// The alphabet of tokens, and what lenient decoders take beside it.
const CHARACTERS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.=+/ ";

/// How many edits go through the codec for each that goes through the endpoint as well.
const SAMPLE: usize = 97;

fn codec() -> JwtCodec {
    let key = SigningKey {
        key_id: None,
        secret: Secret::of_text(SECRET),
    };
    let ring = KeyRing::new(HmacAlgorithm::Hs256, &key, &[]).unwrap();
    JwtCodec::new(ring, "sub")
}

/// Every deletion, substitution and insertion of one character, and every flip of one bit that
/// leaves text.
fn edits(token: &str) -> Vec<String> {
    assert!(token.is_ascii());
    let mut edits = Vec::new();
    for at in 0..=token.len() {
        let (before, after) = token.split_at(at);
        edits.extend(
            CHARACTERS
                .chars()
                .map(|inserted| format!("{before}{inserted}{after}")),
        );
        let Some(old) = after.chars().next() else {
            break;
        };
        let (_, after) = after.split_at(1);
        edits.push(format!("{before}{after}"));
        let others = CHARACTERS.chars().filter(|other| *other != old);
        let flipped = (0..7).map(|bit| char::from(old as u8 ^ (1 << bit)));
        edits.extend(
            others
                .chain(flipped)
                .map(|other| format!("{before}{other}{after}")),
        );
    }
    edits
}

#[test]
fn no_edit_of_a_genuine_token_verifies() {
    let codec = codec();
    let token = with_header(jwt::HS256);
    let verified = codec.verify_ignoring_expiry(&token).unwrap();
    assert_eq!(
        verified.subject,
        Claim::Is(Subject::Text("alice".to_owned()))
    );

    let edits = edits(&token);
    let accepted = edits
        .iter()
        .filter(|edit| codec.verify_ignoring_expiry(edit).is_ok());

    assert_eq!(accepted.collect::<Vec<_>>(), Vec::<&String>::new());
    assert_eq!(
        edits.len(),
        (token.len() + 1) * 69 + token.len() * (1 + 68 + 7)
    );
}

#[tokio::test]
async fn no_edit_of_a_genuine_token_can_be_told_from_another() {
    let target = Target::new().await;
    let token = with_header(jwt::HS256);

    for edit in edits(&token).iter().step_by(SAMPLE) {
        let answer = target.app.post(json!({"token": edit}).to_string()).await;
        target.assert_same(&answer, edit);
    }
    target.assert_accepted(&token, "the token itself").await;
}

/// A flip of the highest bit makes a byte that no JSON text has.
#[tokio::test]
async fn a_token_that_is_no_text_makes_the_request_malformed() {
    let target = Target::new().await;
    let token = with_header(jwt::HS256);

    for at in 0..token.len() {
        let mut body = json!({"token": token}).to_string().into_bytes();
        body[r#"{"token":""#.len() + at] ^= 0x80;
        let answer = target.app.post(body).await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (422, "malformed_request"),
            "{at}"
        );
    }
}
