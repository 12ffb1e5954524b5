//! Tokens of a legacy backend, genuine and not.

use remint::testing::jwt::{self, HmacAlgorithm};
use remint::testing::{TestService, TestToken, TimeDelta};
use serde_json::json;

use super::alices;

async fn refused(service: &TestService, token: &TestToken) -> String {
    service.refresh(&token.sign()).await.unwrap().code()
}

#[tokio::test]
async fn a_token_says_what_it_is_told_to() {
    let service = alices().await;
    let token = service.token("alice").claim("role", "admin").without("iat");

    let payload = jwt::payload(&token.sign()).unwrap();

    let expiry = service.now().timestamp() + 1800;
    assert_eq!(
        payload,
        json!({"sub": "alice", "exp": expiry, "role": "admin"})
    );
}

#[tokio::test]
async fn a_token_is_refused_for_what_is_wrong_with_it() {
    let service = alices().await;
    let token = service.token("alice");

    for (token, code) in [
        (token.clone().signed_with("another secret"), "invalid_token"),
        (
            token.clone().algorithm(HmacAlgorithm::Hs384),
            "invalid_token",
        ),
        (token.clone().header("alg", "none"), "invalid_token"),
        (token.clone().without("exp"), "unsupported_token"),
        (token.clone().claim("typ", "refresh"), "unsupported_token"),
        (
            token.expired_for(TimeDelta::days(400)),
            "refresh_window_over",
        ),
    ] {
        assert_eq!(refused(&service, &token).await, code);
    }
}

#[tokio::test]
async fn a_token_is_signed_as_the_settings_say() {
    let builder = TestService::builder().user("alice");
    let settings = [
        ("JWT_ALGORITHM", "HS512"),
        ("JWT_KEY_ID", "k1"),
        ("JWT_SUBJECT_CLAIM", "user_id"),
    ];
    let service = builder.settings(settings).start().await.unwrap();

    let old = service.expired_token("alice");
    let answer = service.refresh(&old).await;

    let header = jwt::encode(r#"{"alg":"HS512","typ":"JWT","kid":"k1"}"#);
    assert_eq!(old.split('.').next(), Some(header.as_str()));
    let fresh = answer.unwrap().assert_refreshed();
    assert_eq!(fresh.claims()["user_id"], "alice");
}

#[tokio::test]
async fn a_payload_is_signed_byte_for_byte() {
    let service = alices().await;

    let token = service.token("alice").sign_payload("{ \"sub\" : 1e2 }");

    assert_eq!(jwt::payload_text(&token).unwrap(), "{ \"sub\" : 1e2 }");
    let answer = service.refresh(&token).await.unwrap();
    answer.assert_refused("unsupported_token");
}

#[test]
fn what_is_no_token_has_no_payload() {
    for text in ["", "a.b.c", "a.e30", "a.-.c"] {
        let payload = jwt::payload(text);
        assert_eq!(payload, (text == "a.e30").then(|| json!({})), "{text}");
    }
}

/// RFC 7515 appendix A.1.
#[test]
fn the_example_of_rfc_7515_is_signed_to_the_same_bytes() {
    let (header, payload) = (
        "{\"typ\":\"JWT\",\r\n \"alg\":\"HS256\"}",
        "{\"iss\":\"joe\",\r\n \"exp\":1300819380,\r\n \"http://example.com/is_root\":true}",
    );
    let key = [
        3, 35, 53, 75, 43, 15, 165, 188, 131, 126, 6, 101, 119, 123, 166, 143, 90, 179, 40, 230,
        240, 84, 201, 40, 169, 15, 132, 178, 210, 80, 46, 191, 211, 251, 90, 146, 210, 6, 71, 239,
        150, 138, 180, 195, 119, 98, 61, 34, 61, 46, 33, 114, 5, 46, 79, 8, 192, 205, 154, 245,
        103, 208, 128, 163,
    ];

    let token = jwt::token(HmacAlgorithm::Hs256, header, payload, key);

    let signature = token.rsplit('.').next().unwrap();
    assert_eq!(signature, "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
}
