//! The port of the sessions, on every database: each change is conditional, and says so.

use std::time::Duration;

use chrono::{DateTime, Utc};
use remint::domain::{JsonText, Revocation, Session, SessionId};
use remint::service::{Change, Rotation, SessionStore};
use remint::store::SqlSessionStore;
use uuid::Uuid;

use crate::harness::servers::Engine;
use crate::harness::{TestApp, spawn_on};

const ID: SessionId = SessionId(Uuid::from_u128(7));

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(seconds, 0).unwrap()
}

fn session() -> Session {
    Session {
        id: ID,
        user_key: "alice".to_owned(),
        generation: 3,
        rotated_at: at(1000),
        started_at: at(500),
        expires_at: at(9000),
        revoked: None,
        claims: vec![("email".to_owned(), JsonText::from_valid(r#""a\"b@x""#))],
    }
}

fn rotation(from: u64, now: i64) -> Rotation {
    Rotation {
        from,
        to: from + 1,
        at: at(now),
        claims: Vec::new(),
    }
}

/// A store on each engine, with one session in it.
async fn stores() -> Vec<(TestApp, SqlSessionStore)> {
    let mut stores = Vec::new();
    for engine in [Engine::Sqlite, Engine::Postgres, Engine::MariaDb] {
        if let Some(app) = spawn_on(engine, &[]).await {
            let store = SqlSessionStore::new(app.database.clone(), Duration::from_secs(5));
            assert_eq!(store.begin(&session()).await.unwrap(), Change::Done);
            stores.push((app, store));
        }
    }
    stores
}

#[tokio::test]
async fn what_was_written_is_read_back() {
    for (_app, store) in stores().await {
        let standing = store.standing(ID, "alice").await.unwrap();

        assert_eq!(standing.session, Some(session()));
        assert_eq!(standing.cut_off, None);
    }
}

#[tokio::test]
async fn only_the_current_generation_rotates() {
    for (_app, store) in stores().await {
        for wrong in [0, 2, 4] {
            assert_eq!(
                store.rotate(ID, rotation(wrong, 2000)).await.unwrap(),
                Change::Lost
            );
        }
        assert_eq!(
            store.rotate(ID, rotation(3, 2000)).await.unwrap(),
            Change::Done
        );
        assert_eq!(
            store.rotate(ID, rotation(3, 2000)).await.unwrap(),
            Change::Lost
        );

        let session = store.standing(ID, "alice").await.unwrap().session.unwrap();
        assert_eq!((session.generation, session.rotated_at), (4, at(2000)));
        assert_eq!(session.claims, []);
    }
}

#[tokio::test]
async fn a_session_that_ended_does_not_rotate() {
    for (_app, store) in stores().await {
        assert_eq!(
            store.rotate(ID, rotation(3, 9000)).await.unwrap(),
            Change::Lost
        );

        let revoked = store
            .revoke(ID, Revocation::Logout, at(2000))
            .await
            .unwrap();
        assert_eq!(revoked, Change::Done);

        assert_eq!(
            store.rotate(ID, rotation(3, 2000)).await.unwrap(),
            Change::Lost
        );
    }
}

#[tokio::test]
async fn the_first_reason_for_an_end_stays() {
    for (_app, store) in stores().await {
        store.revoke(ID, Revocation::Reuse, at(2000)).await.unwrap();
        let second = store
            .revoke(ID, Revocation::Logout, at(3000))
            .await
            .unwrap();

        let session = store.standing(ID, "alice").await.unwrap().session.unwrap();
        assert_eq!(second, Change::Lost);
        assert_eq!(session.revoked, Some((at(2000), Revocation::Reuse)));
    }
}

#[tokio::test]
async fn a_session_begins_once() {
    for (_app, store) in stores().await {
        let again = Session {
            generation: 9,
            ..session()
        };

        assert_eq!(store.begin(&again).await.unwrap(), Change::Lost);
        let session = store.standing(ID, "alice").await.unwrap().session.unwrap();
        assert_eq!(session.generation, 3);
    }
}

#[tokio::test]
async fn a_cut_off_moves_forward_only_and_knows_upper_case() {
    for (_app, store) in stores().await {
        for seconds in [2000, 3000, 1000] {
            store.cut_off("ALICE", at(seconds)).await.unwrap();
        }

        let other = store.standing(ID, "alice").await.unwrap();
        let cut_off = store.standing(ID, "ALICE").await.unwrap().cut_off;
        assert_eq!(cut_off, Some(at(3000)));
        assert_eq!((other.cut_off, other.session), (None, Some(session())));
    }
}

#[tokio::test]
async fn a_cut_off_revokes_every_session_of_that_user() {
    for (_app, store) in stores().await {
        store.cut_off("alice", at(2000)).await.unwrap();

        let standing = store.standing(ID, "alice").await.unwrap();
        let revoked = standing.session.unwrap().revoked;
        assert_eq!(revoked, Some((at(2000), Revocation::Logout)));
        assert_eq!(
            store.rotate(ID, rotation(3, 2001)).await.unwrap(),
            Change::Lost
        );
    }
}
