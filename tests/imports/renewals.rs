//! What tokens are good for once they are imported.

use std::sync::Arc;

use chrono::TimeDelta;
use remint::app;
use remint::config::Config;
use remint::domain::{Contract, RandomIds, Refusal, SessionName, Subject, Unverified};
use remint::limits::InProcessLimits;
use remint::service::{
    Grant, LegacySession, RefreshError, Renewer, SessionImport as _, SessionStore as _,
};
use serde_json::json;

use super::{ACCEPTED, UUID, at, everywhere, legacy, session, sessions, settings, store};
use crate::harness::{SECRET, START, TestApp, config, jwt, spawn};

/// What refreshes that contract's tokens, with those settings.
async fn renewer(app: &TestApp, config: &Config, contract: Contract) -> Renewer {
    let directory = app::open_directory(config, &app.database).await.unwrap();
    let mut minters = app::minters(config).unwrap().others.into_iter();
    Renewer {
        minter: minters
            .find(|minter| minter.contract() == contract)
            .unwrap(),
        directory: Arc::new(directory),
        sessions: Arc::new(store(app)),
        limits: Arc::new(InProcessLimits::new(&config.limits, app.clock.clone())),
        clock: app.clock.clone(),
        ids: Arc::new(RandomIds),
        grace: config.grace,
        accepts_imported: config.accepts_imported,
    }
}

/// Imports a session and makes what refreshes it.
async fn import(app: &TestApp, legacy: LegacySession<'_>) -> Renewer {
    let contract = legacy.contract;
    let imported = store(app).begin_absent(&[session(app, legacy)]).await;
    assert_eq!(imported.unwrap(), 1);
    renewer(app, &settings(app), contract).await
}

async fn renew(renewer: &Renewer, token: &str) -> Result<Grant, RefreshError> {
    renewer.renew(token, None).await.outcome
}

fn refusal(outcome: Result<Grant, RefreshError>) -> Refusal {
    match outcome {
        Err(RefreshError::Refused(refusal)) => refusal,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_session_of_a_uuid_gets_its_handle_at_the_first_refresh() {
    for app in everywhere().await {
        let renewer = import(&app, legacy(Contract::Envelope, UUID)).await;
        let others = sessions(&app, [1, 2]);
        assert_eq!(store(&app).begin_absent(&others).await.unwrap(), 2);

        let grant = renew(&renewer, UUID).await.unwrap();

        let with_handle = store(&app).of_user("alice").await.unwrap();
        let handles = with_handle.iter().filter_map(|session| session.handle);
        let handles: Vec<_> = handles.map(SessionName::Handle).collect();
        let token = grant.refresh_token.unwrap();
        let codec = &renewer.minter.refresh_tokens;
        let presented = codec.verify(Contract::Envelope, &token).unwrap();
        assert_eq!(
            (handles, presented.generation),
            (vec![presented.session], 1)
        );
    }
}

#[tokio::test]
async fn a_legacy_uuid_is_exchanged_once_and_again_within_the_grace() {
    let app = spawn().await;
    let renewer = import(&app, legacy(Contract::Envelope, UUID)).await;

    let first = renew(&renewer, UUID).await.unwrap();
    app.advance(TimeDelta::seconds(30));
    let again = renew(&renewer, UUID).await.unwrap();
    let ours = first.refresh_token.unwrap();
    assert_eq!(again.refresh_token.as_ref(), Some(&ours));
    assert_eq!(again.access_token, first.access_token);

    app.advance(TimeDelta::seconds(1));
    assert_eq!(refusal(renew(&renewer, UUID).await), Refusal::TokenReused);
    assert_eq!(
        refusal(renew(&renewer, &ours).await),
        Refusal::SessionRevoked
    );
}

#[tokio::test]
async fn an_imported_token_that_is_kept_is_counted_each_time() {
    let app = spawn().await;
    import(&app, legacy(Contract::RefreshToken, UUID)).await;
    let settings = [ACCEPTED[0], ("RATE_LIMIT_PER_MINUTE", "2")];
    let config = config(app.database_url(), &settings);
    let renewer = renewer(&app, &config, Contract::RefreshToken).await;

    for _ in 0..2 {
        renew(&renewer, UUID).await.unwrap();
    }

    let third = renew(&renewer, UUID).await.unwrap_err();
    assert!(matches!(third, RefreshError::RateLimited(_)), "{third:?}");
}

#[tokio::test]
async fn what_nobody_gave_out_is_no_session_to_be_counted() {
    let app = spawn().await;
    let settings = [ACCEPTED[0], ("RATE_LIMIT_PER_MINUTE", "2")];
    let config = config(app.database_url(), &settings);
    let renewer = renewer(&app, &config, Contract::RefreshToken).await;

    for _ in 0..5 {
        let refusal = refusal(renew(&renewer, UUID).await);

        assert!(matches!(refusal, Refusal::Unverified(_)), "{refusal}");
    }
}

#[tokio::test]
async fn who_has_exchanged_a_legacy_uuid_goes_on_with_ours() {
    let app = spawn().await;
    let renewer = import(&app, legacy(Contract::Envelope, UUID)).await;
    let mut token = UUID.to_owned();

    for _ in 0..3 {
        let grant = renew(&renewer, &token).await.unwrap();
        assert_eq!(jwt::payload(&grant.access_token)["sub"], "alice");
        token = grant.refresh_token.unwrap();
        app.advance(TimeDelta::hours(20));
    }
}

/// An access token as the backend of seed 002 made it.
fn access_token(user: &str) -> String {
    let claims = json!({"nameid": user, "nbf": START - 90, "exp": START - 60, "iat": START - 90});
    jwt::hs512(
        r#"{"alg":"HS512","typ":"JWT"}"#,
        &claims.to_string(),
        SECRET,
    )
}

#[tokio::test]
async fn who_wrote_only_the_new_refresh_token_down_goes_on_with_the_legacy_access_token() {
    let app = spawn().await;
    let renewer = import(&app, legacy(Contract::TokenPair, "x/+==")).await;
    let renew = async |token: &str, user| {
        let token = renewer.renew(token, Some(&access_token(user))).await;
        token.outcome
    };
    let ours = renew("x/+==", "alice")
        .await
        .unwrap()
        .refresh_token
        .unwrap();
    let started = app.start(Contract::TokenPair, "alice").await.refresh_token;

    let strangers = refusal(renew(&ours, "bob").await);
    let of_a_login = refusal(renew(&started.unwrap(), "alice").await);

    assert_eq!(strangers, Refusal::TokenMismatch);
    assert_eq!(of_a_login, Refusal::TokenMismatch);
    assert!(renew(&ours, "alice").await.is_ok());
}

#[tokio::test]
async fn a_pair_is_exchanged_with_the_legacy_access_token_of_the_same_user() {
    let app = spawn().await;
    let renewer = import(&app, legacy(Contract::TokenPair, "x/+==")).await;
    let renew = async |token: String| renewer.renew("x/+==", Some(&token)).await.outcome;

    let strangers = refusal(renew(access_token("bob")).await);
    let grant = renew(access_token("alice")).await.unwrap();

    assert_eq!(strangers, Refusal::TokenMismatch);
    assert_eq!(jwt::payload(&grant.access_token)["nameid"], "alice");
    let ours = grant.refresh_token.unwrap();
    let next = renewer.renew(&ours, Some(&grant.access_token)).await;
    assert!(next.outcome.is_ok());
}

#[tokio::test]
async fn a_legacy_cookie_stays_good_until_its_own_end() {
    for contract in [Contract::Cookie, Contract::RefreshToken] {
        let app = spawn().await;
        let renewer = import(&app, legacy(contract, "legacy")).await;

        for _ in 0..3 {
            let grant = renew(&renewer, "legacy").await.unwrap();
            assert_eq!(grant.refresh_token, None);
            app.advance(TimeDelta::hours(7));
        }
        app.advance(TimeDelta::hours(3));

        let over = refusal(renew(&renewer, "legacy").await);
        assert_eq!(over, Refusal::SessionExpired);
    }
}

#[tokio::test]
async fn a_token_of_another_contract_is_refused_as_nobodys() {
    let app = spawn().await;
    import(&app, legacy(Contract::Cookie, UUID)).await;

    for (contract, unverified) in [
        (Contract::Envelope, Unverified::Signature),
        (Contract::RefreshToken, Unverified::RefreshTokenFormat),
    ] {
        let renewer = renewer(&app, &settings(&app), contract).await;
        let refused = refusal(renew(&renewer, UUID).await);
        assert_eq!(refused, Refusal::from(unverified));
    }
}

#[tokio::test]
async fn without_the_setting_a_foreign_token_is_refused_and_no_database_asked() {
    let app = spawn().await;
    let accepting = import(&app, legacy(Contract::Envelope, UUID)).await;
    let refusing = renewer(&app, &config(app.database_url(), &[]), Contract::Envelope).await;
    app.sql("DROP TABLE remint_session").await;

    let refused = refusal(renew(&refusing, UUID).await);
    let asked = renew(&accepting, UUID).await;

    assert_eq!(refused, Refusal::from(Unverified::Signature));
    assert!(matches!(asked, Err(RefreshError::Sessions(_))), "{asked:?}");
}

#[tokio::test]
async fn users_and_cut_offs_are_asked_at_the_refresh() {
    let app = spawn().await;
    let bobs = LegacySession {
        user: Subject::Text("bob".to_owned()),
        ..legacy(Contract::Cookie, "bob's")
    };
    import(&app, bobs).await;
    let renewer = import(&app, legacy(Contract::Cookie, "alice's")).await;
    let logout = at(START - 3_600);
    store(&app).cut_off("alice", logout).await.unwrap();
    let late = session(&app, legacy(Contract::Cookie, "found later"));
    store(&app).begin_absent(&[late]).await.unwrap();

    let refused = async |token| refusal(renew(&renewer, token).await);

    assert_eq!(refused("bob's").await, Refusal::UserInactive);
    assert_eq!(refused("alice's").await, Refusal::SessionRevoked);
    assert_eq!(refused("found later").await, Refusal::CutOff);
}
