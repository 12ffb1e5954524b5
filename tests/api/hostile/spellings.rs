//! Tokens that are almost spelt as RFC 7515 wants them, most of them signed with the right key.

use super::{ALG, SECRET, Target, payload, with_header, without_id};
use crate::harness::jwt;

#[tokio::test]
async fn the_answer_to_a_forgery_names_no_reason() {
    let target = Target::new().await;

    let headers: Vec<_> = without_id(&target.reference.headers)
        .into_iter()
        .map(|(name, value)| format!("{name}: {}", String::from_utf8_lossy(value)))
        .collect();

    insta::assert_snapshot!(headers.join("\n"), @r#"
    content-type: application/problem+json
    www-authenticate: Bearer error="invalid_token", error_description="the token is not valid"
    x-content-type-options: nosniff
    cache-control: no-store
    pragma: no-cache
    "#);
    insta::assert_snapshot!(target.reference.body, @r#"{"type":"/problems/invalid_token","title":"Invalid token","status":401,"detail":"the token is not valid","code":"invalid_token","action":"reauthenticate"}"#);
}

#[tokio::test]
async fn a_forgery_in_the_header_gets_the_answer_of_one_in_the_body() {
    let target = Target::new().await;

    for token in [
        "",
        "x",
        "a.b.c",
        &with_header(r#"{"alg":"none"}"#),
        &"x".repeat(9000),
    ] {
        target.assert_same(&target.in_header(token).await, token);
    }
    let genuine = target.in_header(&with_header(ALG)).await;
    assert_eq!(genuine.status, 200, "{genuine:?}");
}

#[tokio::test]
async fn a_signature_is_whole_or_nothing() {
    let target = Target::new().await;
    let genuine = with_header(ALG);
    let (signing_input, signature) = genuine.rsplit_once('.').unwrap();

    for forged in [
        "",
        // Without its last character, and then as whole bytes: all but two, half, three.
        signature.split_at(42).0,
        signature.split_at(40).0,
        signature.split_at(20).0,
        signature.split_at(4).0,
        &format!("{signature}AA"),
        &format!("{signature}{signature}"),
        &jwt::encode([0; 32]),
        &jwt::encode(signature),
    ] {
        let token = format!("{signing_input}.{forged}");
        target.assert_refused(&token, forged).await;
    }
}

#[tokio::test]
async fn a_signature_fits_no_other_token() {
    let target = Target::new().await;
    let alice = with_header(ALG);
    let bob = jwt::hs256(ALG, payload().replace("alice", "bob"), SECRET);

    let (signing_input, _) = alice.rsplit_once('.').unwrap();
    let (_, signature) = bob.rsplit_once('.').unwrap();
    let token = format!("{signing_input}.{signature}");

    target.assert_refused(&token, "bob's signature").await;
}

/// `good` with something missing, moved, or around it.
fn misspelt(good: &str) -> Vec<String> {
    let parts: Vec<_> = good.split('.').collect();
    let (header, payload, signature) = (parts[0], parts[1], parts[2]);
    vec![
        String::new(),
        ".".into(),
        "..".into(),
        "...".into(),
        header.into(),
        format!("{header}.{payload}"),
        format!("{header}.{payload}."),
        format!(".{payload}.{signature}"),
        format!("{header}..{signature}"),
        format!("{good}."),
        format!(".{good}"),
        format!("{good}.{signature}"),
        format!("{header}.{good}"),
        format!("{good}.{payload}.{signature}"),
        format!("{header}.{payload}.{signature}.{payload}.{signature}"),
        format!("Bearer {good}"),
        format!("bearer {good}"),
        format!("JWT {good}"),
        format!("\"{good}\""),
        format!(" {good}"),
        format!("{good} "),
        format!("\n{good}"),
        format!("{good}\n"),
        format!("{good}\r\n"),
        format!("\t{good}"),
        format!("{good}\0"),
        format!("\u{feff}{good}"),
        good.replace('.', " . "),
        good.replace('.', ".\n"),
        good.replace('.', "%2E"),
        good.replace('.', "。"),
        good.replacen('.', ",", 1),
        format!("{good}#"),
        format!("{good}?a=b"),
        format!("token={good}"),
    ]
}

#[tokio::test]
async fn a_token_is_three_parts_and_nothing_around_or_between_them() {
    let target = Target::new().await;
    let good = with_header(ALG);

    for bad in misspelt(&good) {
        target.assert_refused(&bad, &format!("{bad:?}")).await;
    }
    target.assert_accepted(&good, "the token itself").await;
}

/// What lenient decoders take for `header` and `payload`.
fn respelt(header: &str, payload: &str) -> [String; 7] {
    let padding = "=".repeat(4 - payload.len() % 4);
    let (start, end) = payload.split_at(8);
    let standard = payload.replace('-', "+").replace('_', "/");
    [
        format!("{header}.{payload}{padding}"),
        format!("{header}.{payload}="),
        format!("{header}=.{payload}"),
        format!("{header}.{standard}"),
        format!("{header}.{start} {end}"),
        format!("{header}.{start}\n{end}"),
        format!("{header}A.{payload}"),
    ]
}

#[tokio::test]
async fn other_spellings_of_base64_are_refused_although_they_are_signed() {
    let target = Target::new().await;
    let (header, payload) = (jwt::encode(ALG), payload());
    let payload = jwt::encode(payload.replace('}', r#","a":"???>>>~~~"} "#));
    assert!(payload.contains('-') && payload.contains('_') && payload.len() % 4 != 0);
    let good = jwt::sign(&format!("{header}.{payload}"), SECRET);

    for signing_input in respelt(&header, &payload) {
        let token = jwt::sign(&signing_input, SECRET);
        target.assert_refused(&token, &signing_input).await;
    }
    let padded = format!("{good}=");
    target.assert_refused(&padded, "a padded signature").await;
    target
        .assert_accepted(&good, "the canonical spelling")
        .await;
}

/// `part` with each last character that lenient decoders take for its own.
fn other_spellings(part: &str) -> Vec<String> {
    const ALPHABET: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let (rest, last) = part.split_at(part.len() - 1);
    let canonical = ALPHABET.find(last).unwrap();
    let others = ALPHABET.chars().skip(canonical + 1).take(3);
    others.map(|other| format!("{rest}{other}")).collect()
}

#[tokio::test]
async fn bits_left_over_in_a_last_character_are_zero_or_the_token_is_refused() {
    let target = Target::new().await;
    let (header, payload) = (jwt::encode(format!("{ALG} ")), jwt::encode(payload()));
    assert!(header.len() % 4 != 0 && payload.len() % 4 != 0);
    let sign = |header: &str, payload: &str| jwt::sign(&format!("{header}.{payload}"), SECRET);
    let genuine = sign(&header, &payload);
    target
        .assert_accepted(&genuine, "the canonical spelling")
        .await;

    for other in other_spellings(&header) {
        let token = sign(&other, &payload);
        target.assert_refused(&token, "the header").await;
    }
    for other in other_spellings(&payload) {
        let token = sign(&header, &other);
        target.assert_refused(&token, "the payload").await;
    }
    for token in other_spellings(&genuine) {
        target.assert_refused(&token, "the signature").await;
    }
}

#[tokio::test]
async fn a_token_over_8_kib_is_refused_and_one_of_exactly_8_kib_is_not() {
    let target = Target::new().await;

    target.assert_accepted(&of_length(8192), "8192 bytes").await;
    target.assert_refused(&of_length(8193), "8193 bytes").await;
    target
        .assert_refused(&"x".repeat(16_000), "16000 bytes")
        .await;
}

/// A genuine token of that many bytes, filled up in its header and its payload.
fn of_length(bytes: usize) -> String {
    for filling in 0..3 {
        let header = format!(r#"{{"alg":"HS256"{}}}"#, " ".repeat(filling));
        let rest = bytes - jwt::encode(&header).len() - 2 - 43;
        let payload = format!("{:<1$}", payload(), rest * 3 / 4);
        let token = jwt::hs256(&header, payload, SECRET);
        if token.len() == bytes {
            return token;
        }
    }
    panic!("no token has {bytes} bytes");
}
