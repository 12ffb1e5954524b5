//! Tokens whose header is wrong. They are signed with the right key, so that nothing but the header
//! can be what they are refused for.

use serde_json::json;

use super::{ALG, SECRET, Target, payload, with_header};
use crate::harness::jwt;

#[tokio::test]
async fn alg_none_is_refused_in_every_spelling_and_with_every_signature() {
    let target = Target::new().await;

    for none in [
        "none", "None", "NONE", "nOnE", "NoNe", " none", "none ", "", "null",
    ] {
        let header = json!({"alg": none, "typ": "JWT"}).to_string();
        let signed = with_header(&header);
        let (signing_input, _) = signed.rsplit_once('.').unwrap();
        let genuine = with_header(ALG);
        let signature = genuine.rsplit('.').next().unwrap();
        for token in [
            signed.clone(),
            format!("{signing_input}."),
            signing_input.to_owned(),
            format!("{signing_input}.{signature}"),
            format!("{signing_input}.AAAA"),
        ] {
            target.assert_refused(&token, &header).await;
        }
    }
}

/// What is not quite `"HS256"`, as JSON.
const NO_ALGORITHMS: [&str; 19] = [
    r#""hs256""#,
    r#""Hs256""#,
    r#""HS256 ""#,
    r#"" HS256""#,
    r#""HS256\u0000""#,
    r#""HS-256""#,
    r#""HS2560""#,
    r#""HS25""#,
    r#""ＨＳ256""#,
    r#""A256KW""#,
    r#""HS384""#,
    r#""HS512""#,
    r#""dir""#,
    r#""HS256,none""#,
    "256",
    "null",
    "true",
    r#"["HS256"]"#,
    r#"{"HS256": "HS256"}"#,
];

#[tokio::test]
async fn an_algorithm_is_the_configured_one_byte_for_byte_or_none_at_all() {
    let target = Target::new().await;

    for alg in NO_ALGORITHMS {
        let header = format!(r#"{{"alg":{alg}}}"#);
        target.assert_refused(&with_header(&header), alg).await;
    }
    for header in ["{}", r#"{"typ":"JWT"}"#, r#"{"ALG":"HS256"}"#] {
        target.assert_refused(&with_header(header), header).await;
    }
}

#[tokio::test]
async fn another_hash_with_the_right_key_is_refused() {
    let target = Target::new().await;

    for (name, token) in [
        (
            "HS384",
            jwt::hs384(r#"{"alg":"HS384"}"#, &payload(), SECRET),
        ),
        (
            "HS512",
            jwt::hs512(r#"{"alg":"HS512"}"#, &payload(), SECRET),
        ),
        ("HS384 as HS256", jwt::hs384(ALG, &payload(), SECRET)),
        ("HS512 as HS256", jwt::hs512(ALG, &payload(), SECRET)),
    ] {
        target.assert_refused(&token, name).await;
    }
}

/// CVE-2015-9235 and its kin: what is a public key elsewhere must not become a secret here.
#[tokio::test]
async fn asymmetric_algorithms_are_refused_with_the_secret_as_their_key() {
    let target = Target::new().await;

    for alg in [
        "RS256", "RS384", "RS512", "PS256", "ES256", "ES256K", "ES384", "EdDSA", "Ed25519",
    ] {
        let header = json!({"alg": alg, "typ": "JWT"}).to_string();
        target.assert_refused(&with_header(&header), alg).await;
    }
}

#[tokio::test]
async fn a_key_inside_the_token_proves_nothing() {
    let target = Target::new().await;
    let theirs = "a key of the forger's own that is long enough";

    for (name, key) in [
        ("jwk", json!({"kty": "oct", "k": jwt::encode(theirs)})),
        ("jku", json!("https://attacker.example/jwks.json")),
        ("x5u", json!("https://attacker.example/cert.pem")),
        ("x5c", json!(["MIIB"])),
        ("x5t#S256", json!("abc")),
    ] {
        let header = json!({"alg": "HS256", name: key}).to_string();
        target
            .assert_refused(&jwt::hs256(&header, payload(), theirs), name)
            .await;
        target.assert_accepted(&with_header(&header), name).await;
    }
}

/// Keys that name a file, a row or another address.
const KEY_IDS: [&str; 8] = [
    "../../../../etc/passwd",
    "/dev/null",
    "file:///dev/null",
    "' OR 1=1 --",
    "x' UNION SELECT 'key' --",
    "https://attacker.example/key",
    "$(id)",
    "\0",
];

#[tokio::test]
async fn a_kid_is_neither_a_path_nor_a_query() {
    let target = Target::with(&[("JWT_KEY_ID", "current")]).await;

    for kid in KEY_IDS {
        let header = json!({"alg": "HS256", "kid": kid}).to_string();
        target.assert_refused(&with_header(&header), kid).await;
        // What an empty file, such as /dev/null, would be as a key.
        target
            .assert_refused(&jwt::hs256(&header, payload(), ""), kid)
            .await;
    }
    for kid in [
        json!(5),
        json!(null),
        json!(["current"]),
        json!({"kid": "current"}),
    ] {
        let header = json!({"alg": "HS256", "kid": kid}).to_string();
        target.assert_refused(&with_header(&header), &header).await;
    }
    target.assert_accepted(&with_header(ALG), "no kid").await;
}

#[tokio::test]
async fn where_keys_have_no_names_a_kid_means_nothing() {
    let target = Target::new().await;

    for kid in KEY_IDS {
        let header = json!({"alg": "HS256", "kid": kid}).to_string();
        target.assert_accepted(&with_header(&header), kid).await;
        target
            .assert_refused(&jwt::hs256(&header, payload(), kid), kid)
            .await;
    }
}

#[tokio::test]
async fn a_header_that_asks_for_an_extension_is_refused_although_it_is_signed() {
    let target = Target::new().await;

    for extension in [
        r#""crit":[]"#,
        r#""crit":["exp"],"exp":1"#,
        r#""crit":["b64"],"b64":false"#,
        r#""crit":"x""#,
        r#""crit":null"#,
        r#""b64":false"#,
        r#""b64":true"#,
        r#""zip":"DEF""#,
        r#""enc":"A256GCM""#,
        r#""\u0063rit":[]"#,
    ] {
        let header = format!(r#"{{"alg":"HS256",{extension}}}"#);
        target.assert_refused(&with_header(&header), &header).await;
    }
}

/// Headers that are not one strict JSON object with an `alg`.
const NO_OBJECTS: [&str; 21] = [
    "",
    "null",
    "5",
    "[]",
    r#""HS256""#,
    "{",
    "HS256",
    r#"["alg","HS256"]"#,
    "{'alg':'HS256'}",
    "{\"alg\":\"HS256\"}x",
    "{\"alg\":\"HS256\"}{}",
    "{\"alg\":\"HS256\",}",
    "\u{feff}{\"alg\":\"HS256\"}",
    "{\"alg\":\"HS256\"}\0",
    "{\"alg\":\"HS256\",\"a\":\"\n\"}",
    r#"{"alg":"HS256","alg":"HS256"}"#,
    r#"{"alg":"none","alg":"HS256"}"#,
    r#"{"alg":"HS256","\u0061lg":"none"}"#,
    r#"{"alg":"HS256","typ":"JWT","typ":"JWT"}"#,
    r#"{"alg":"HS256","a":{"b":1,"b":2}}"#,
    r#"{"alg":"HS256","kid":"a","kid":"b"}"#,
];

#[tokio::test]
async fn a_header_that_is_no_strict_json_object_is_refused_although_it_is_signed() {
    let target = Target::new().await;
    let deep = format!(
        r#"{{"alg":"HS256","a":{}{}}}"#,
        "[".repeat(1000),
        "]".repeat(1000)
    );

    for header in NO_OBJECTS.into_iter().chain([deep.as_str()]) {
        target.assert_refused(&with_header(header), header).await;
    }
}
