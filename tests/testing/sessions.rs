//! Sessions of every contract.

use remint::testing::{Contract, TestService, TestSession, TimeDelta};

use super::alices;

/// What each contract says to a credential that is not good any more.
fn refusal(contract: Contract) -> &'static str {
    match contract {
        Contract::Cookie => "Invalid or expired refresh token",
        Contract::Envelope => "INVALID_TOKEN",
        Contract::ExpiredToken => "session_revoked",
        Contract::OAuth2 => "invalid_grant",
        Contract::RefreshToken => "Refresh failed",
        Contract::TokenPair => "invalid_refresh_token",
    }
}

async fn sessions(service: &TestService) -> Vec<TestSession> {
    let mut sessions = Vec::new();
    for contract in Contract::ALL {
        sessions.push(service.start_session(contract, "alice").await.unwrap());
    }
    sessions
}

#[tokio::test]
async fn a_session_of_every_contract_is_refreshed_again_and_again() {
    let service = alices().await;

    for mut session in sessions(&service).await {
        for _ in 0..3 {
            let before = session.access_token().to_owned();
            service.advance(TimeDelta::minutes(20));

            let fresh = session.refresh().await.unwrap().assert_refreshed();

            assert_eq!(session.access_token(), fresh.access_token);
            assert_ne!(session.access_token(), before, "{session:?}");
            session.verify().await.unwrap().assert_status(204);
        }
    }
}

#[tokio::test]
async fn a_copy_of_rotated_tokens_is_a_thief() {
    let service = alices().await;

    for contract in [Contract::Envelope, Contract::OAuth2, Contract::TokenPair] {
        let mut session = service.start_session(contract, "alice").await.unwrap();
        let stolen = session.clone();
        session.refresh().await.unwrap().assert_refreshed();
        service.advance(TimeDelta::minutes(5));

        let replayed = stolen.send_refresh().await.unwrap();
        let afterwards = session.refresh().await.unwrap();

        replayed.assert_refused(refusal(contract));
        afterwards.assert_refused(refusal(contract));
    }
}

#[tokio::test]
async fn what_is_kept_of_an_answer_is_what_the_contract_hands_out() {
    let service = alices().await;

    for mut session in sessions(&service).await {
        let before = session.refresh_token().map(str::to_owned);
        service.advance(TimeDelta::minutes(5));
        session.refresh().await.unwrap().assert_refreshed();

        let is_kept = session.refresh_token().map(str::to_owned) == before;

        let kept = [
            Contract::Cookie,
            Contract::ExpiredToken,
            Contract::RefreshToken,
        ];
        assert_eq!(is_kept, kept.contains(&session.contract()), "{session:?}");
    }
}

#[tokio::test]
async fn a_session_that_is_logged_out_is_over_and_the_others_are_not() {
    let service = alices().await;

    for mut session in sessions(&service).await {
        let mut other = service
            .start_session(session.contract(), "alice")
            .await
            .unwrap();

        session.log_out().await.unwrap().assert_status(204);

        let refused = session.refresh().await.unwrap();
        refused.assert_refused(refusal(session.contract()));
        other.refresh().await.unwrap().assert_refreshed();
    }
}

#[tokio::test]
async fn a_user_who_is_logged_out_everywhere_has_no_session_left() {
    let service = alices().await;

    for contract in Contract::ALL {
        let mut session = service.start_session(contract, "alice").await.unwrap();
        let other = service.start_session(contract, "alice").await.unwrap();

        other.log_out_everywhere().await.unwrap().assert_status(204);

        let refused = session.refresh().await.unwrap();
        refused.assert_refused(refusal(contract));
        service.advance(TimeDelta::minutes(1));
    }
}

#[tokio::test]
async fn a_cookie_of_another_name_is_sent_under_that_name() {
    let builder = TestService::builder().user("alice");
    let settings = [("REFRESH_COOKIE_NAME", "r"), ("ACCESS_COOKIE_NAME", "a")];
    let service = builder.settings(settings).start().await.unwrap();
    let session = service.start_session(Contract::Cookie, "alice").await;

    let answer = session.unwrap().refresh().await.unwrap();

    assert_eq!(answer.cookie("a"), Some(answer.access_token()));
    assert_eq!(answer.cookie("access_token"), None);
}

#[tokio::test]
async fn a_client_of_oauth_says_who_it_is() {
    let id = ("OAUTH_CLIENT_ID", "shop:web");
    let secret = (
        "OAUTH_CLIENT_SECRET",
        "the+secret%of=the&client-of-the-tests",
    );

    for settings in [vec![id], vec![id, secret]] {
        let builder = TestService::builder().user("alice").settings(settings);
        let service = builder.start().await.unwrap();
        let session = service.start_session(Contract::OAuth2, "alice").await;

        let answer = session.unwrap().refresh().await.unwrap();

        answer.assert_refreshed();
    }
}

#[tokio::test]
async fn a_contract_that_is_not_offered_is_an_error_that_names_it() {
    let builder = TestService::builder().user("alice");
    let short = builder.setting("JWT_SECRET_KEY", "0123456789abcdefghijklmnopqrstuvwxyz");
    let service = short.start().await.unwrap();

    let error = service.start_session(Contract::Envelope, "alice").await;

    insta::assert_snapshot!(error.unwrap_err(), @"the contract envelope is not offered: the secret is too short for its algorithm");
}
