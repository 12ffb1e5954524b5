//! `POST /api/auth/refresh`, the contract `expired_token`.

use serde_json::json;

use crate::harness::{START, jwt, spawn};

#[tokio::test]
async fn an_expired_token_is_exchanged_for_a_fresh_one() {
    let app = spawn().await;

    let answer = app.refresh(&app.expired_token()).await;

    assert_eq!(answer.status, 200, "{answer:?}");
    let token = answer.access_token();
    let exact = json!({"access_token": token, "token_type": "bearer", "expires_in": 1800});
    assert_eq!(answer.body_json(), exact);
    let claims = jwt::payload(&token);
    assert_eq!(
        (claims["iat"].as_i64(), claims["exp"].as_i64()),
        (Some(START), Some(START + 1800))
    );
}
