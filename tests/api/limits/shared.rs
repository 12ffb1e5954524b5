//! What replicas count together, in Redis.

use futures_util::future::join_all;
use poem::http::Method;
use remint::domain::Contract;

use super::{PATIENT, TWO, from};
use crate::api::contracts::frontend::{Frontend, ROTATED};
use crate::harness::servers::redis;
use crate::harness::{TestApp, jwt, request, spawn_beside, spawn_with};

/// Two replicas with one database and one Redis.
async fn replicas(settings: &[(&str, &str)]) -> Option<[TestApp; 2]> {
    let redis = redis().await?;
    let settings = [settings, &PATIENT, &[("REDIS_URL", &redis)]].concat();
    let first = spawn_with(&settings).await;
    let second = spawn_beside(first.database_url(), &settings).await;
    Some([first, second])
}

#[tokio::test]
async fn the_refreshes_of_a_session_are_counted_together() {
    let Some([first, second]) = replicas(&[TWO]).await else {
        return;
    };
    let token = first.expired_token();

    let statuses = [
        first.refresh(&token).await.status,
        second.refresh(&token).await.status,
    ];

    assert_eq!(statuses, [200, 200]);
    for app in [first, second] {
        let answer = app.refresh(&token).await;
        assert_eq!(answer.status, 429);
        assert_eq!(answer.header("ratelimit-limit"), Some("2"));
        let wait: u32 = answer.header("retry-after").unwrap().parse().unwrap();
        assert!((1..=30).contains(&wait), "{wait}");
    }
}

#[tokio::test]
async fn tabs_that_race_on_two_replicas_are_counted_as_one() {
    let Some(apps) = replicas(&[TWO]).await else {
        return;
    };
    for contract in ROTATED {
        let mut frontend = Frontend::log_in(&apps[0], contract).await;
        for status in [200, 200, 429] {
            let sent = (0..50).map(|tab| frontend.send(&apps[tab % 2]));
            let answers = join_all(sent).await;

            assert!(answers.iter().all(|answer| answer.status == status));
            if status == 200 {
                frontend.keep(&answers[0]);
            }
        }
    }
}

#[tokio::test]
async fn the_bad_credentials_of_a_client_are_counted_together() {
    let Some([first, second]) = replicas(&[TWO]).await else {
        return;
    };
    let bad = |address| {
        let request = request(Method::POST, "/api/auth/refresh").body(r#"{"token":"x"}"#);
        from(address, request)
    };

    let one = first.send(bad("2001:db8::1")).await.status;
    let two = second.send(bad("2001:db8::2")).await.status;
    let three = first.send(bad("2001:db8::3")).await.status;
    let elsewhere = first.send(bad("2001:db8:1::1")).await.status;

    assert_eq!([one, two, three, elsewhere], [401, 401, 429, 401]);
}

#[tokio::test]
async fn the_requests_of_a_client_are_counted_together() {
    let Some([first, second]) = replicas(&[("RATE_LIMIT_PER_ADDRESS_PER_MINUTE", "1")]).await
    else {
        return;
    };
    let page = || from("203.0.113.9", request(Method::GET, "/docs").finish());

    let one = first.send(page()).await.status;
    let two = second.send(page()).await.status;

    assert_eq!([one, two], [200, 429]);
}

#[tokio::test]
async fn a_redis_that_forgot_the_script_is_told_it_again() {
    let Some(url) = redis().await else { return };
    let app = spawn_with(&[&PATIENT[..], &[("REDIS_URL", &url), TWO]].concat()).await;
    let frontend = Frontend::log_in(&app, Contract::RefreshToken).await;
    let client = redis::Client::open(url).unwrap();
    let mut connection = client.get_multiplexed_async_connection().await.unwrap();

    for status in [200, 200, 429] {
        let flush = redis::cmd("SCRIPT").arg("FLUSH").to_owned();
        let flushed: String = flush.query_async(&mut connection).await.unwrap();

        assert_eq!(flushed, "OK");
        assert_eq!(frontend.send(&app).await.status, status);
    }
}

#[tokio::test]
async fn no_key_has_more_than_the_session_or_the_network_in_it() {
    let Some(url) = redis().await else { return };
    let app = spawn_with(&[&PATIENT[..], &[("REDIS_URL", &url), TWO]].concat()).await;
    let token = app.expired_token();
    let bad = request(Method::POST, "/api/auth/refresh").body(r#"{"token":"x"}"#);
    let fresh = app.refresh(&token).await.access_token();
    app.send(from("2001:db8:1:2:3:4:5:6", bad)).await;

    let client = redis::Client::open(url).unwrap();
    let mut connection = client.get_multiplexed_async_connection().await.unwrap();
    let keys = redis::cmd("KEYS").arg("*").to_owned();
    let mut keys: Vec<String> = keys.query_async(&mut connection).await.unwrap();
    keys.sort_unstable();

    let session = jwt::payload(&fresh)["remint"]["sid"].clone();
    let session = format!("remint:session:{}", session.as_str().unwrap());
    let expected = [
        "remint:failures:2001:db8:1:2::/64",
        "remint:probe",
        &session,
    ];
    assert_eq!(keys, expected);
}
