//! Users of the temporary database.

use remint::testing::{TestService, TestUser, TimeDelta};

use super::alices;

/// What becomes of an expired token of that user.
async fn refresh(service: &TestService, user: &str) -> String {
    let answer = service.refresh(&service.expired_token(user)).await.unwrap();
    if answer.status == 200 {
        "refreshed".to_owned()
    } else {
        answer.code()
    }
}

#[tokio::test]
async fn users_are_what_they_are_said_to_be() {
    let service = alices().await;
    let bob = TestUser::new("bob").inactive();
    let carol = TestUser::new("carol").cut_off_at(service.now() - TimeDelta::days(1));
    let dave = TestUser::new("dave").cut_off_at(service.now());
    for user in [bob, carol, dave] {
        service.add_user(user).await.unwrap();
    }

    for (user, expected) in [
        ("alice", "refreshed"),
        ("bob", "user_inactive"),
        ("carol", "refreshed"),
        ("dave", "session_revoked"),
        ("erin", "user_not_found"),
    ] {
        assert_eq!(refresh(&service, user).await, expected, "{user}");
    }
}

#[tokio::test]
async fn a_user_is_deactivated_and_activated_again() {
    let service = alices().await;

    service.set_active("alice", false).await.unwrap();
    assert_eq!(refresh(&service, "alice").await, "user_inactive");
    service.set_active("alice", true).await.unwrap();
    assert_eq!(refresh(&service, "alice").await, "refreshed");
}

#[tokio::test]
async fn what_a_revoked_user_had_is_over_and_what_comes_later_is_not() {
    let service = alices().await;
    let before = service.expired_token("alice");

    service.revoke_user("alice").await.unwrap();
    service.advance(TimeDelta::hours(2));

    let refused = service.refresh(&before).await.unwrap();
    refused.assert_refused("session_revoked");
    assert_eq!(refresh(&service, "alice").await, "refreshed");
}

#[tokio::test]
async fn an_address_of_ones_own_goes_into_the_token() {
    let alice = TestUser::new("alice").email("alice@example.org");
    let builder = TestService::builder().user(alice);
    let service = builder.setting("USERS_CLAIM_COLUMNS", "email");
    let service = service.start().await.unwrap();

    let answer = service.refresh(&service.expired_token("alice")).await;

    let claims = answer.unwrap().assert_refreshed().claims();
    assert_eq!(claims["email"], "alice@example.org");
}

#[tokio::test]
async fn a_user_who_is_there_already_is_an_error() {
    let service = alices().await;

    let error = service.add_user("alice").await.unwrap_err();

    insta::assert_snapshot!(error, @"a user with that id or email exists already");
}
