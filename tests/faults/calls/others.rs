//! Session starts, checks, cleanup and imports.

use std::time::Duration;

use chrono::TimeDelta;
use poem::http::{HeaderMap, HeaderValue, Method};
use remint::service::SessionImport as _;
use remint::store::SqlSessionStore;
use serde_json::json;

use super::{Seen, is_oauth_error, is_problem, scenes};
use crate::harness::{ADMIN_KEY, Answer};
use crate::imports::{ACCEPTED, UUID, legacy, session, sessions};
use crate::survival::contract::verify;
use crate::survival::door::Call;
use crate::survival::started::{Started, kept, tokens};
use crate::survival::{ALICE, CONTRACTS, LASTING, Row, rows};

/// An OAuth client, and the header that it sends.
const CLIENT: [(&str, &str); 2] = [
    ("OAUTH_CLIENT_ID", "api"),
    ("OAUTH_CLIENT_SECRET", "a-secret-of-the-client-of-this-test"),
];
const AUTHORIZATION: &str = "Basic YXBpOmEtc2VjcmV0LW9mLXRoZS1jbGllbnQtb2YtdGhpcy10ZXN0";

const NEW: Row = Row {
    generation: 0,
    revoked_because: None,
};

#[tokio::test(flavor = "multi_thread")]
async fn a_session_starts_whole_or_not_at_all() {
    for contract in [&CONTRACTS[..], &LASTING].concat() {
        for scene in scenes(contract, &[]).await {
            let body = json!({"user": ALICE, "contract": contract.name().word()});
            let start = Call::json("/admin/sessions", &body);
            let start = start.with("authorization", format!("Bearer {ADMIN_KEY}"));
            let ask = async || scene.call(&start).await;
            let check = async |(), seen: Seen| {
                let begun = seen.in_the_end(is_problem, ask).await;
                assert_eq!(begun.status, 201, "{begun:?} after {seen:?}");
                let body = begun.body_json();
                let token = verify(body["access_token"].as_str().unwrap());
                assert_eq!(scene.call(&token).await.status, 204, "{seen:?}");
                // What was begun for an answer that was lost is nobody's.
                let rows = rows(&scene.app.database).await;
                assert!(rows == [NEW] || rows == [NEW, NEW], "{seen:?} {rows:?}");
            };

            scene
                .fail_each(async || (), async |()| ask().await, check)
                .await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whether_a_token_is_good_is_never_guessed() {
    for scene in scenes(&Started::TokenPair, &[]).await {
        let log_in = async || scene.contract.access_token(&scene.log_in(0).await);
        let ask = async |token: &String| scene.call(&verify(token)).await;
        let check = async |token: String, seen: Seen| {
            seen.unless_in_trouble(is_problem);
            assert_eq!(scene.call(&verify(&token)).await.status, 204, "{seen:?}");
        };

        scene.fail_each(log_in, ask, check).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_failure_makes_a_token_inactive() {
    for scene in scenes(&Started::OAuth2, &CLIENT).await {
        for which in [0, 1] {
            let log_in = async || {
                let token = &tokens(&scene.log_in(0).await)[which];
                let call = Call::form("/oauth/introspect", &[("token", token)]);
                call.with("authorization", AUTHORIZATION.to_owned())
            };
            let ask = async |call: &Call| scene.call(call).await;
            let check = async |call: Call, seen: Seen| {
                let again = async || scene.call(&call).await;
                let said = seen.in_the_end(is_oauth_error, again).await;
                assert_eq!(said.body_json()["active"], true, "{seen:?}");
            };

            scene.fail_each(log_in, ask, check).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_failure_hides_a_session_from_an_operator() {
    for scene in scenes(&Started::Envelope, &[]).await {
        let list = async || {
            scene
                .app
                .admin(Method::GET, "/admin/sessions?user=alice", "")
                .await
        };
        let log_in = async || drop(scene.log_in(0).await);
        let check = async |(), seen: Seen| {
            let listed = seen.in_the_end(is_problem, list).await.body_json();
            assert_eq!(listed["sessions"][0]["state"], "live", "{seen:?}");
        };

        scene
            .fail_each(log_in, async |()| list().await, check)
            .await;
    }
}

/// An answer that stands for what was done outside of HTTP.
fn answer<T, E>(outcome: &Result<T, E>) -> Answer {
    let status = if outcome.is_ok() { 200 } else { 503 };
    let mut headers = HeaderMap::new();
    headers.insert("retry-after", HeaderValue::from(2));
    let body = json!({"code": "unavailable"}).to_string();
    Answer::new("no request", status, headers, body)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_cleanup_left_the_next_one_removes() {
    for scene in scenes(&Started::Envelope, &[]).await {
        let over = async || {
            let spent = scene.log_in(0).await;
            scene.call(&scene.contract.log_out(&spent, true)).await;
            scene.app.advance(TimeDelta::days(90));
            scene.log_in(1).await
        };
        let clean = async |_: &String| answer(&scene.app.cleaner.run().await);
        let check = async |live: String, seen: Seen| {
            seen.unless_in_trouble(is_problem);
            scene.app.cleaner.run().await.unwrap();
            assert_eq!(rows(&scene.app.database).await, [NEW], "{seen:?}");
            scene.exchange(&live).await;
        };

        scene.fail_each(over, clean, check).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_that_failed_can_be_run_again() {
    for scene in scenes(&Started::Envelope, &ACCEPTED).await {
        let app = &scene.app;
        let sessions = sessions(app, 0..300);
        let way = scene.link.to(&app.database);
        let store = SqlSessionStore::new(way, Duration::from_secs(30));
        let import = async |(): &()| answer(&store.begin_absent(&sessions).await);
        let check = async |(), seen: Seen| {
            seen.unless_in_trouble(is_problem);
            let written = rows(&app.database).await.len();
            assert!([0, 300].contains(&written), "{written}: {seen:?}");
            let added = store.begin_absent(&sessions).await.unwrap();
            assert_eq!(added, 300 - written as u64, "{seen:?}");
        };

        scene.fail_each(async || (), import, check).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_imported_token_is_good_once_after_any_failure() {
    for scene in scenes(&Started::Envelope, &ACCEPTED).await {
        let store = SqlSessionStore::new(scene.app.database.clone(), Duration::from_secs(30));
        let session = session(&scene.app, legacy(scene.contract.name(), UUID));
        let import = async || {
            store
                .begin_absent(std::slice::from_ref(&session))
                .await
                .unwrap();
            kept(["", UUID])
        };
        let refresh = async |kept: &String| scene.present(kept).await;
        let check = async |kept: String, seen: Seen| {
            let granted = seen.unless_contract_in_trouble();
            let next = scene.exchange(&kept).await;
            let given = granted.and_then(|answer| scene.contract.keep(&kept, answer));
            assert_eq!(given.unwrap_or_else(|| next.clone()), next, "{seen:?}");
            scene.exchange(&next).await;
            assert_eq!(rows(&scene.app.database).await[0].generation, 2, "{seen:?}");
        };

        scene.fail_each(import, refresh, check).await;
    }
}
