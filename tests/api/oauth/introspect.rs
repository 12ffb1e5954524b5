//! `POST /oauth/introspect`: what tokens are worth.

use chrono::TimeDelta;
use poem::http::Method;
use remint::domain::Contract;
use serde_json::{Value, json};

use crate::api::contracts::frontend::{CONTRACTS, Frontend, assert_headers};
use crate::harness::{TestApp, jwt, request, spawn_beside, spawn_with};
use crate::imports;

use super::{FORM, ID, SECRET, own, post, spawn_confidential};

async fn introspect(app: &TestApp, token: &str) -> Value {
    let answer = post(app, "/oauth/introspect", &[("token", token)]).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_headers(&answer);
    answer.body_json()
}

/// The answer of whatever is not good.
fn inactive() -> Value {
    json!({"active": false})
}

/// Alice's exchange, with the client's header.
async fn exchange(app: &TestApp, token: &str) -> Value {
    let parameters = [("grant_type", "refresh_token"), ("refresh_token", token)];
    post(app, "/oauth/token", &parameters).await.body_json()
}

#[tokio::test]
async fn an_access_token_of_any_contract_says_what_it_says() {
    let app = spawn_confidential().await;

    for contract in CONTRACTS {
        let token = Frontend::log_in(&app, contract).await.access_token;
        let claims = jwt::payload(&token);

        let said = introspect(&app, &token).await;

        let mut expected = json!({
            "active": true,
            "sub": "alice",
            "exp": claims["exp"],
            "iat": claims["iat"],
        });
        if contract == Contract::TokenPair {
            expected["nbf"] = claims["nbf"].clone();
        }
        expected["jti"] = claims["jti"].clone();
        expected["token_type"] = json!("Bearer");
        assert_eq!(said, expected);
    }
}

#[tokio::test]
async fn a_token_of_the_backend_says_whom_it_is_from_and_for() {
    let settings = [
        ID,
        SECRET,
        ("JWT_ISSUER", "us"),
        ("JWT_AUDIENCE", "web,api"),
    ];
    let app = spawn_with(&settings).await;
    let exp = app.now().timestamp() + 60;
    let token = |changes: Value| {
        let mut claims = json!({"iss": "us", "aud": "web", "iat": null, "exp": exp});
        claims
            .as_object_mut()
            .unwrap()
            .extend(changes.as_object().unwrap().clone());
        app.token_with(&claims)
    };

    let one = introspect(
        &app,
        &token(json!({"scope": "a b", "jti": "x", "role": "r"})),
    )
    .await;
    let list = introspect(
        &app,
        &token(json!({"aud": ["api", "x"], "scope": ["a"], "jti": 1})),
    )
    .await;

    let expected = json!({
        "active": true, "sub": "alice", "exp": exp, "iss": "us", "aud": "web", "jti": "x",
        "token_type": "Bearer", "scope": "a b",
    });
    assert_eq!(one, expected);
    let expected = json!({
        "active": true, "sub": "alice", "exp": exp, "iss": "us", "aud": ["api", "x"],
        "token_type": "Bearer",
    });
    assert_eq!(list, expected);
}

#[tokio::test]
async fn a_refresh_token_of_any_contract_says_whose_it_is_and_until_when() {
    let app = spawn_confidential().await;

    for contract in [Contract::Cookie].into_iter().chain(CONTRACTS) {
        let grant = app.start(contract, "alice").await;

        let said = introspect(&app, &grant.refresh_token.unwrap()).await;

        let now = app.now().timestamp();
        let expected = json!({
            "active": true, "sub": "alice", "exp": now + grant.session_expires_in, "iat": now,
        });
        assert_eq!(said, expected, "{contract:?}");
    }
}

#[tokio::test]
async fn what_is_no_token_or_not_good_any_more_is_inactive_and_no_more_is_said() {
    let app = spawn_confidential().await;
    let future = app.now().timestamp() + 60;
    let bob = app.token_with(&json!({"sub": "bob", "exp": future}));
    let refresh = app.token_with(&json!({"typ": "refresh", "exp": future}));
    let forged = jwt::hs256(jwt::HS256, r#"{"sub":"alice"}"#, "another secret");

    for token in ["x", "a.b.c", &"A".repeat(76), &"A".repeat(9_000)] {
        assert_eq!(introspect(&app, token).await, inactive());
    }
    for token in [app.expired_token(), bob, refresh, forged] {
        assert_eq!(introspect(&app, &token).await, inactive());
    }
}

#[tokio::test]
async fn a_jwt_that_was_imported_as_a_refresh_token_is_asked_about_as_one() {
    let app = spawn_with(&[ID, SECRET, ("ACCEPT_IMPORTED_TOKENS", "true")]).await;
    let claims = json!({"typ": "refresh", "exp": app.now().timestamp() + 60});
    let (imported, unknown) = (
        app.token_with(&claims),
        app.token_with(&json!({"typ": "refresh"})),
    );
    imports::import(&app, Contract::RefreshToken, &imported).await;

    assert_eq!(introspect(&app, &imported).await["sub"], "alice");
    assert_eq!(introspect(&app, &unknown).await, inactive());
}

#[tokio::test]
async fn what_was_ended_is_inactive_at_once() {
    let app = spawn_confidential().await;

    for end in [
        "UPDATE remint_session SET revoked_at = 1, revoked_because = 'operator'",
        "UPDATE users SET is_active = FALSE",
        "DELETE FROM users",
    ] {
        let frontend = Frontend::log_in(&app, Contract::OAuth2).await;
        let tokens = [&frontend.access_token, &frontend.refresh_token];
        for token in tokens {
            assert_eq!(introspect(&app, token).await["active"], true);
        }
        app.sql(end).await;
        for token in tokens {
            assert_eq!(introspect(&app, token).await, inactive(), "{end}");
        }
        app.sql("UPDATE users SET is_active = TRUE").await;
    }
}

#[tokio::test]
async fn a_spent_refresh_token_is_good_for_the_grace_and_asking_ends_nothing() {
    let app = spawn_confidential().await;
    let first = Frontend::log_in(&app, Contract::OAuth2).await.refresh_token;
    let next = exchange(&app, &first).await["refresh_token"].take();
    let next = next.as_str().unwrap();

    assert_eq!(introspect(&app, &first).await["active"], true);
    app.advance(TimeDelta::seconds(31));

    assert_eq!(introspect(&app, &first).await, inactive());
    assert_eq!(introspect(&app, next).await["active"], true);
    assert_eq!(exchange(&app, next).await["token_type"], "Bearer");
}

#[tokio::test]
async fn a_refresh_token_is_good_until_its_session_ends() {
    let app = spawn_with(&[ID, SECRET, ("SESSION_MAX_MINUTES", "60")]).await;
    let frontend = Frontend::log_in(&app, Contract::OAuth2).await;

    app.advance(TimeDelta::seconds(3_599));
    assert_eq!(
        introspect(&app, &frontend.refresh_token).await["active"],
        true
    );
    assert_eq!(introspect(&app, &frontend.access_token).await, inactive());
    app.advance(TimeDelta::seconds(1));

    assert_eq!(introspect(&app, &frontend.refresh_token).await, inactive());
}

#[tokio::test]
async fn a_session_that_the_settings_have_shortened_ends_with_them() {
    let app = spawn_confidential().await;
    let frontend = Frontend::log_in(&app, Contract::OAuth2).await;
    let shorter = [ID, SECRET, ("SESSION_MAX_MINUTES", "10")];
    let later = spawn_beside(app.database_url(), &shorter).await;

    let before = introspect(&later, &frontend.refresh_token).await;
    later.advance(TimeDelta::minutes(10));
    let after = introspect(&later, &frontend.refresh_token).await;

    assert_eq!(before["exp"], app.now().timestamp() + 600);
    assert_eq!(after, inactive());
}

#[tokio::test]
async fn an_outage_is_not_said_to_be_a_bad_token() {
    let app = spawn_confidential().await;
    let frontend = Frontend::log_in(&app, Contract::OAuth2).await;
    app.database.clone().close().await.unwrap();

    for token in [&frontend.access_token, &frontend.refresh_token] {
        let answer = post(&app, "/oauth/introspect", &[("token", token)]).await;

        assert_eq!(answer.body, r#"{"error":"temporarily_unavailable"}"#);
        assert_eq!(
            (answer.status, answer.header("retry-after")),
            (503, Some("2"))
        );
    }
    assert_eq!(introspect(&app, "x").await, inactive());
}

#[tokio::test]
async fn without_a_client_secret_there_is_no_such_address() {
    let app = spawn_with(&[ID]).await;
    let nowhere = app
        .send(request(Method::POST, "/oauth/nothing").finish())
        .await;

    let request = request(Method::POST, "/oauth/introspect").content_type(FORM);
    let answer = app
        .send(request.header("authorization", own()).body("token=x"))
        .await;

    assert_eq!((answer.status, answer.body), (404, nowhere.body));
}
