//! The sessions of a user, whatever their ids begin with.

use std::collections::HashSet;

use futures_util::future::join_all;
use remint::domain::{Session, SessionId};
use remint::service::{SessionImport as _, SessionStore as _};
use remint::store::SqlSessionStore;
use sea_orm::{ConnectionTrait as _, QueryResult, Statement};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::harness::{TestApp, spawn_on_each};

use super::sweeping::{at, session};
use super::table::DEADLINE;

fn user_hash(user: &str) -> [u8; 32] {
    Sha256::digest(user).into()
}

/// A session of that user which began with a token of the legacy backend, the `number`th one.
pub(super) fn of_token(user: &str, number: u8) -> Session {
    Session {
        id: SessionId::of_token(
            [number; 16],
            Some(at(i64::from(number) * 20_000)),
            Some(user_hash(user)),
        ),
        user_key: user.to_owned(),
        rotated_at: at(i64::from(number)),
        ..session(0, 9000)
    }
}

/// One that began with a login.
pub(super) fn of_login(user: &str, number: u8) -> Session {
    Session {
        id: SessionId(Uuid::from_u128(number.into())),
        ..of_token(user, number)
    }
}

async fn store(app: &TestApp, sessions: &[Session]) -> SqlSessionStore {
    let store = SqlSessionStore::new(app.database.clone(), DEADLINE);
    store.begin_absent(sessions).await.unwrap();
    store
}

#[tokio::test]
async fn those_of_tokens_and_of_logins_are_in_one_list_the_last_refreshed_first() {
    for app in spawn_on_each(&[]).await {
        let sessions = [
            of_login("alice", 5),
            of_token("alice", 4),
            of_login("alice", 3),
            of_token("alice", 2),
            of_token("bob", 6),
            of_login("bob", 1),
        ];
        let store = store(&app, &sessions).await;

        let listed = join_all(["alice", "bob", "Alice"].map(|user| store.of_user(user))).await;

        let listed: Vec<_> = listed.into_iter().map(Result::unwrap).collect();
        assert_eq!(listed[0], sessions[..4]);
        assert_eq!(listed[1], sessions[4..]);
        assert!(listed[2].is_empty());
    }
}

/// The ids that begin with these eight digits: the first and the last, and those before and after.
fn around(begin: u128) -> ([u128; 2], [u128; 2]) {
    let (first, last) = (begin << 96, (begin << 96) | (u128::MAX >> 32));
    ([first, last], [first - 1, last + 1])
}

fn ids(sessions: Vec<Session>) -> HashSet<SessionId> {
    sessions.into_iter().map(|session| session.id).collect()
}

#[tokio::test]
async fn all_ids_that_have_the_user_in_them_are_listed_and_none_of_others() {
    for app in spawn_on_each(&[]).await {
        let named = |user: &str, id| Session {
            id: SessionId(Uuid::from_u128(id)),
            ..of_login(user, 1)
        };
        let alices = [0_i64, 1, 2, 128, 254, 255].map(|quarter| {
            let issued_at = at(quarter * 6 * 60 * 60);
            SessionId::of_token([0; 16], Some(issued_at), Some(user_hash("alice"))).0
        });
        let around = alices.map(|id| around(id.as_u128() >> 96));
        let alices = around.iter().flat_map(|(ends, _)| ends);
        let alices: Vec<_> = alices.map(|id| named("alice", *id)).collect();
        // Some of them would be alice's, were they not bob's.
        let bobs = around
            .iter()
            .flat_map(|(ends, beside)| [ends[0] + 1, beside[0], beside[1]]);
        let bobs: Vec<_> = bobs.map(|id| named("bob", id)).collect();

        let store = store(&app, &[&alices[..], &bobs].concat()).await;

        let listed = store.of_user("alice").await.unwrap();
        assert_eq!(listed.len(), alices.len());
        assert_eq!(ids(listed), ids(alices));
        let listed = store.of_user("bob").await.unwrap();
        assert_eq!(listed.len(), bobs.len());
        assert_eq!(ids(listed), ids(bobs));
    }
}

async fn rows(app: &TestApp, sql: &str) -> Vec<QueryResult> {
    let statement = Statement::from_string(app.database.get_database_backend(), sql);
    app.database.query_all_raw(statement).await.unwrap()
}

#[tokio::test]
async fn a_session_that_an_exchange_begins_has_its_user_in_its_id() {
    for app in spawn_on_each(&[("REFRESH_MODE", "single_use")]).await {
        let token = app.expired_token();
        assert_eq!(app.refresh(&token).await.status, 200);

        let elsewhere = "SELECT id FROM remint_session \
                         WHERE substr(user_hash, 1, 6) <> substr(id, 3, 6)";

        assert!(rows(&app, elsewhere).await.is_empty());
        assert_eq!(rows(&app, "SELECT id FROM remint_session").await.len(), 1);
        let store = store(&app, &[]).await;
        assert_eq!(store.of_user("alice").await.unwrap().len(), 1);
    }
}
