//! Settings, the clock and the database of a service to start.

use chrono::DateTime;
use remint::testing::{Clock as _, TestError, TestService, TestServiceBuilder, TimeDelta};

use crate::harness::{START, servers, servers::Engine};

async fn problem(builder: TestServiceBuilder) -> String {
    builder.start().await.unwrap_err().to_string()
}

#[tokio::test]
async fn a_setting_that_does_not_exist_is_an_error_that_names_it() {
    let misspelt = TestService::builder().setting("REFRESH_MOD", "single_use");
    let unheard_of = TestService::builder().setting("COLOUR", "red");

    insta::assert_snapshot!(problem(misspelt).await, @"REFRESH_MOD: no such setting; did you mean REFRESH_MODE?");
    insta::assert_snapshot!(problem(unheard_of).await, @"COLOUR: no such setting; .env.example lists every one");
}

#[tokio::test]
async fn a_value_that_is_none_is_an_error_that_names_its_setting() {
    let builder = TestService::builder().setting("REFRESH_MODE", "twice");

    insta::assert_snapshot!(problem(builder).await, @"
    the settings have 1 problem:
      REFRESH_MODE: expected stateless or single_use
    ");
}

#[tokio::test]
async fn the_last_of_two_values_counts() {
    let builder = TestService::builder()
        .user("alice")
        .settings([("ACCESS_TOKEN_EXPIRE_MINUTES", "1"), ("JWT_ISSUER", "us")])
        .setting("ACCESS_TOKEN_EXPIRE_MINUTES", "2");
    let service = builder.start().await.unwrap();

    let answer = service.refresh(&service.expired_token("alice")).await;

    let fresh = answer.unwrap().assert_refreshed();
    assert_eq!(fresh.expires_in, Some(120));
    assert_eq!(fresh.claims()["iss"], "us");
}

#[tokio::test]
async fn the_clock_stands_where_it_was_put_until_it_is_moved() {
    let start = DateTime::from_timestamp(START, 0).unwrap();
    let builder = TestService::builder().user("alice").at(start);
    let service = builder.start().await.unwrap();
    let token = service.token("alice").sign();

    assert_eq!(service.now(), start);
    service.verify(&token).await.unwrap().assert_status(204);
    service.advance(TimeDelta::hours(1));
    assert_eq!(service.clock().now(), start + TimeDelta::hours(1));
    service
        .verify(&token)
        .await
        .unwrap()
        .assert_refused("token_expired");
    service.advance(TimeDelta::hours(-1));
    service.verify(&token).await.unwrap().assert_status(204);
}

#[tokio::test]
async fn too_many_attempts_are_counted_where_a_setting_says_so() {
    let builder = TestService::builder().user("alice");
    let service = builder.setting("RATE_LIMIT_PER_MINUTE", "1");
    let service = service.start().await.unwrap();
    let old = service.expired_token("alice");

    service.refresh(&old).await.unwrap().assert_refreshed();
    service.refresh(&old).await.unwrap().assert_throttled();
    service.advance(TimeDelta::minutes(2));
    service.refresh(&old).await.unwrap().assert_refreshed();
}

#[tokio::test]
async fn a_statement_that_fails_is_an_error() {
    let builder = TestService::builder().sql("CREATE TABBLE users (id TEXT)");

    let error = builder.start().await.unwrap_err();

    assert!(matches!(error, TestError::Statement(_)), "{error:?}");
    assert!(error.to_string().contains("TABBLE"), "{error}");
}

#[tokio::test]
async fn a_server_takes_the_place_of_the_temporary_file() {
    for engine in [Engine::Postgres, Engine::MariaDb] {
        let Some(database) = servers::database(engine).await else {
            continue;
        };
        let builder = TestService::builder().user("alice");
        let builder = builder.setting("DATABASE_URL", database.url.as_str());
        let service = builder.start().await.unwrap();

        let answer = service.refresh(&service.expired_token("alice")).await;

        answer.unwrap().assert_refreshed();
        assert_eq!(service.setting("DATABASE_URL"), Some(database.url.as_str()));
    }
}

#[tokio::test]
async fn a_listener_that_no_url_leads_to_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let socket = format!("unix:{}", folder.path().join("socket").display());
    let builder = TestService::builder().setting("LISTEN_ADDR", socket);

    let error = builder.start().await.unwrap_err();

    assert!(matches!(error, TestError::NoPort), "{error:?}");
}
