//! Whom the tokens are about, whatever the settings make of the other claims.

use remint::domain::Contract;
use serde_json::json;

use crate::harness::{TestApp, jwt, spawn_beside, spawn_with};

use super::frontend::{CONTRACTS, Frontend};

/// Refreshes twice, and asserts that the tokens are about alice throughout.
async fn assert_goes_on(app: &TestApp, mut frontend: Frontend) {
    for _ in 0..2 {
        let verified = app.verify(&frontend.access_token).await;
        assert_eq!(verified.header("x-auth-subject"), Some("alice"));
        assert_eq!(frontend.refresh(app).await.status, 200);
    }
}

#[tokio::test]
async fn no_column_makes_somebody_else_of_the_user() {
    let app = spawn_with(&[("USERS_CLAIM_COLUMNS", "email:nameid")]).await;
    app.sql("INSERT INTO users (id, email, is_active) VALUES ('mallory', 'm', TRUE)")
        .await;
    app.sql("UPDATE users SET email = 'alice' WHERE id = 'mallory'")
        .await;

    let grant = app.start(Contract::TokenPair, "mallory").await;
    let mut mallory = Frontend {
        contract: Contract::TokenPair,
        access_token: grant.access_token,
        refresh_token: grant.refresh_token.unwrap(),
    };
    mallory.refresh(&app).await;

    let verified = app.verify(&mallory.access_token).await;
    assert_eq!(verified.header("x-auth-subject"), Some("mallory"));
}

#[tokio::test]
async fn dropped_claims_are_none_that_a_contract_names_users_by() {
    let app = spawn_with(&[("JWT_DROP_CLAIMS", "nameid")]).await;

    for contract in CONTRACTS {
        assert_goes_on(&app, Frontend::log_in(&app, contract).await).await;
    }
}

#[tokio::test]
async fn sessions_outlive_a_change_of_the_claim_that_names_users() {
    let old = spawn_with(&[]).await;
    let settings = [
        ("JWT_SUBJECT_CLAIM", "user_id"),
        ("TOKEN_PAIR_SUBJECT_CLAIM", "user_id"),
    ];
    let new = spawn_beside(old.database_url(), &settings).await;

    for contract in [Contract::Envelope, Contract::RefreshToken] {
        let mut frontend = Frontend::log_in(&old, contract).await;
        frontend.refresh(&new).await;

        assert_eq!(jwt::payload(&frontend.access_token)["user_id"], "alice");
        assert_goes_on(&new, frontend).await;
    }
}

#[tokio::test]
async fn a_claim_that_is_dropped_is_still_what_the_column_says() {
    let dropped = ("JWT_DROP_CLAIMS", "email");
    let app = spawn_with(&[dropped, ("USERS_CLAIM_COLUMNS", "email")]).await;
    let main = app.refresh(&app.token_with(&json!({"email": "old"}))).await;

    let main = jwt::payload(&main.access_token());
    assert_eq!(main["email"], "alice@example.com");
    for contract in CONTRACTS {
        let mut frontend = Frontend::log_in(&app, contract).await;
        for _ in 0..2 {
            let claims = jwt::payload(&frontend.access_token);
            assert_eq!(claims["email"], main["email"], "{contract:?}");
            frontend.refresh(&app).await;
        }
    }
}
