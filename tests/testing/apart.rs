//! A service and its surroundings: what it shares with nobody, and what it leaves behind.

use std::fs;
use std::net::TcpStream;
use std::path::PathBuf;
use std::thread;

use remint::testing::{Method, Outcome, TestError, TestService, TimeDelta};
use serde_json::{Value, json};

use super::alices;

/// Where the temporary database is.
fn file(service: &TestService) -> PathBuf {
    let url = service.setting("DATABASE_URL").unwrap();
    url.strip_prefix("sqlite://").unwrap().into()
}

fn connects(url: &str) -> bool {
    TcpStream::connect(url.strip_prefix("http://").unwrap()).is_ok()
}

#[tokio::test]
async fn two_services_share_nothing() {
    let (one, other) = (
        alices().await,
        TestService::builder().start().await.unwrap(),
    );
    other.advance(TimeDelta::days(1));

    let foreign = other.refresh(&one.expired_token("alice")).await.unwrap();
    let unknown = other.refresh(&other.expired_token("alice")).await.unwrap();

    foreign.assert_refused("invalid_token");
    unknown.assert_refused("user_not_found");
    assert!(other.now() - one.now() > TimeDelta::hours(23));
    assert_ne!(one.base_url(), other.base_url());
    assert_ne!(file(&one), file(&other));
}

#[tokio::test]
async fn a_service_that_is_dropped_leaves_no_port_and_no_file() {
    let service = TestService::builder().admin().start().await.unwrap();
    let urls = [service.base_url(), service.admin_url().unwrap()].map(str::to_owned);
    let file = file(&service);
    assert!(urls.iter().all(|url| connects(url)) && fs::exists(&file).unwrap());

    drop(service);

    assert!(!urls.iter().any(|url| connects(url)));
    assert!(!fs::exists(file.parent().unwrap()).unwrap());
}

#[tokio::test]
async fn a_database_of_ones_own_stays_for_the_next_service() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}", folder.path().join("own.db").display());
    let builder = TestService::builder().setting("DATABASE_URL", url);

    let first = builder.clone().user("alice").start().await.unwrap();
    drop(first);
    let second = builder.start().await.unwrap();

    let answer = second.refresh(&second.expired_token("alice")).await;
    answer.unwrap().assert_refreshed();
}

#[tokio::test]
async fn a_client_that_blocks_is_answered_on_the_one_thread_of_a_test() {
    let service = alices().await;
    let url = format!("{}/api/auth/refresh", service.base_url());
    let body = json!({"token": service.expired_token("alice")}).to_string();

    let agent: ureq::Agent = ureq::Agent::config_builder().proxy(None).build().into();
    let request = agent.post(url).header("content-type", "application/json");
    let status = request.send(body).unwrap().status();

    assert_eq!(status.as_u16(), 200);
}

#[test]
fn a_test_without_async_uses_it_as_well() {
    let service = TestService::builder()
        .user("alice")
        .start_blocking()
        .unwrap();
    let old = service.expired_token("alice");

    let answers = thread::scope(|scope| {
        let ask = || service.block_on(service.refresh(&old));
        let asked = [scope.spawn(ask), scope.spawn(ask)];
        asked.map(|asked| asked.join().unwrap().unwrap())
    });

    for answer in answers {
        answer.assert_refreshed();
    }
}

#[tokio::test]
async fn it_outlives_the_runtime_that_it_was_started_in() {
    let service = thread::spawn(|| {
        let runtime = tokio::runtime::Builder::new_current_thread().build();
        runtime.unwrap().block_on(alices())
    });
    let service = service.join().unwrap();

    service.add_user("bob").await.unwrap();
    let answer = service
        .refresh(&service.expired_token("bob"))
        .await
        .unwrap();

    answer.assert_refreshed();
}

#[tokio::test]
async fn the_admin_listener_is_there_if_it_is_asked_for() {
    let builder = TestService::builder().user("alice");
    let (service, without) = (builder.clone().admin().start(), builder.start());
    let (service, without) = (service.await.unwrap(), without.await.unwrap());
    let body = json!({"user": "alice", "contract": "expired_token"});

    let started = service.admin(Method::POST, "/admin/sessions", &body).await;
    let metrics = service.admin(Method::GET, "/metrics", &Value::Null).await;
    let nobody = without.admin(Method::POST, "/admin/sessions", &body).await;

    started.unwrap().assert_status(201).assert_refreshed();
    let metrics = metrics.unwrap();
    assert_eq!((metrics.status, metrics.outcome()), (200, Outcome::Done));
    assert!(metrics.body.contains("remint_"), "{metrics:?}");
    assert!(matches!(nobody, Err(TestError::NoAdmin)), "{nobody:?}");
}
