//! The port of the sessions, on every database: each change is conditional, and says so.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use futures_util::future::join_all;
use remint::domain::{Clock, Contract, JsonText, Revocation, Session, SessionId, Subject};
use remint::service::{Change, Revoker, Rotation, SessionError, SessionImport as _, SessionStore};
use remint::store::SqlSessionStore;
use sea_orm::{ConnectionTrait as _, Database, TransactionTrait as _};
use uuid::Uuid;

use crate::harness::servers::{Engine, database};
use crate::harness::{START, TestApp, config, jwt, spawn, spawn_beside, spawn_on, spawn_over};

const ID: SessionId = SessionId(Uuid::from_u128(7));

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(seconds, 0).unwrap()
}

fn session() -> Session {
    Session {
        id: ID,
        contract: Contract::ExpiredToken,
        handle: None,
        user_key: "alice".to_owned(),
        generation: 3,
        rotated_at: at(1000),
        started_at: at(500),
        expires_at: at(9000),
        revoked: None,
        claims: vec![("email".to_owned(), JsonText::from_valid(r#""a\"b@x""#))],
    }
}

/// The same of somebody else, by another id.
fn session_of(user: &str, number: u128) -> Session {
    Session {
        id: SessionId(Uuid::from_u128(number)),
        user_key: user.to_owned(),
        ..session()
    }
}

fn rotation(from: u64, now: i64) -> Rotation {
    Rotation {
        from,
        to: from + 1,
        at: at(now),
        expires_at: at(9000),
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
async fn whoever_begins_a_session_learns_of_its_users_cut_off() {
    for (_app, store) in stores().await {
        store.cut_off("bob", at(2000)).await.unwrap();

        let (alices, bobs) = (session_of("alice", 8), session_of("bob", 9));
        let begun =
            join_all([&alices, &bobs].map(|session| store.begin_and_look(session, None))).await;

        let begun: Vec<_> = begun.into_iter().map(|it| it.unwrap().unwrap()).collect();
        assert_eq!(begun[0].cut_off, None);
        assert_eq!(begun[1].cut_off, Some(at(2000)));
        assert_eq!(begun[1].session, Some(bobs.clone()));
        assert_eq!(store.begin_and_look(&bobs, None).await.unwrap(), None);
    }
}

#[tokio::test]
async fn a_login_of_before_the_cut_off_begins_no_session() {
    for (_app, store) in stores().await {
        store.cut_off("bob", at(2000)).await.unwrap();
        let (alices, early, late) = (
            session_of("alice", 8),
            session_of("bob", 9),
            session_of("bob", 10),
        );

        let logins = [(&alices, 2000), (&early, 2000), (&late, 2001)];
        let begun = logins.map(|(session, time)| store.begin_and_look(session, Some(at(time))));
        let begun = join_all(begun).await;

        let begun: Vec<_> = begun.into_iter().map(|it| it.unwrap().is_some()).collect();
        assert_eq!(begun, [true, false, true]);
        assert_eq!(store.find(early.id).await.unwrap(), None);
        assert_eq!(store.find(late.id).await.unwrap(), Some(late.clone()));
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

/// A clock that goes on by a second with each look at it, until it stops.
struct SlowMachine {
    seconds: AtomicI64,
    end: i64,
}

impl Clock for SlowMachine {
    fn now(&self) -> DateTime<Utc> {
        at(self.seconds.fetch_add(1, Ordering::Relaxed).min(self.end))
    }
}

/// Ends everything of alice's on a machine that is slow until `end`; where the cut-off is then.
async fn slow_cut_off(end: i64) -> (Result<(), SessionError>, Option<DateTime<Utc>>) {
    let app = spawn().await;
    let sessions = SqlSessionStore::new(app.database.clone(), Duration::from_secs(5));
    let sessions = Arc::new(sessions);
    let seconds = AtomicI64::new(2000);
    let revoker = Revoker {
        sessions: sessions.clone(),
        clock: Arc::new(SlowMachine { seconds, end }),
        policy: config(app.database_url(), &[]).policy,
    };

    let outcome = revoker.revoke_user("alice").await;
    let standing = sessions.standing(ID, "alice").await.unwrap();
    (outcome, standing.cut_off)
}

#[tokio::test]
async fn a_cut_off_lies_where_it_was_written_not_where_it_was_asked_for() {
    let (outcome, cut_off) = slow_cut_off(2003).await;

    outcome.unwrap();
    assert_eq!(cut_off, Some(at(2003)));
}

#[tokio::test]
async fn a_cut_off_that_time_runs_away_from_is_no_success() {
    let (outcome, _) = slow_cut_off(i64::MAX).await;

    assert!(matches!(outcome, Err(SessionError::Contended)));
}

#[tokio::test]
async fn what_was_answered_503_is_not_done_behind_the_callers_back() {
    let mode = ("REFRESH_MODE", "single_use");
    for engine in [Engine::Postgres, Engine::MariaDb] {
        let patient = [mode, ("DATABASE_TIMEOUT_MILLISECONDS", "60000")];
        let Some(app) = spawn_on(engine, &patient).await else {
            continue;
        };
        let hasty = [mode, ("DATABASE_TIMEOUT_MILLISECONDS", "1000")];
        let hasty = spawn_beside(app.database_url(), &hasty).await;
        let token = app.refresh(&app.expired_token()).await.access_token();
        let lock = app.database.begin().await.unwrap();
        let rows = "SELECT id FROM remint_session FOR UPDATE";
        lock.execute_unprepared(rows).await.unwrap();

        assert_eq!(hasty.refresh(&token).await.status, 503);
        lock.rollback().await.unwrap();
        app.advance(TimeDelta::minutes(5));

        assert_eq!(app.refresh(&token).await.status, 200);
    }
}

#[tokio::test]
async fn a_token_that_cannot_be_signed_uses_nothing_up() {
    let server = database(Engine::Sqlite).await.unwrap();
    for sql in [
        "CREATE TABLE users (id TEXT PRIMARY KEY, is_active BOOLEAN, bulk TEXT)",
        "INSERT INTO users VALUES ('alice', TRUE, printf('%6000s', 'x'))",
    ] {
        server.execute(sql).await.unwrap();
    }
    let settings = [
        ("REFRESH_MODE", "single_use"),
        ("USERS_CLAIM_COLUMNS", "bulk"),
    ];
    let app = spawn_over(server, &settings).await;
    let token = app.expired_token();

    assert_eq!(app.refresh(&token).await.status, 500);
    app.advance(TimeDelta::minutes(5));
    assert_eq!(app.refresh(&token).await.code(), "internal");

    app.sql("UPDATE users SET bulk = 'x'").await;
    assert_eq!(app.refresh(&token).await.status, 200);
}

#[tokio::test]
async fn sessions_end_when_they_were_to_end_however_long_new_ones_may_last() {
    let server = database(Engine::Sqlite).await.unwrap();
    let url = server.url.clone();
    let short = [
        ("REFRESH_MODE", "single_use"),
        ("SESSION_MAX_MINUTES", "120"),
    ];
    let long = [("REFRESH_MODE", "single_use")];
    let before = spawn_over(server, &short).await;
    before
        .sql("INSERT INTO users (id, email, is_active) VALUES ('alice', 'a', TRUE)")
        .await;
    let token = before.refresh(&before.expired_token()).await.access_token();

    let after = spawn_beside(&url, &long).await;
    let answer = after.refresh(&token).await;
    let ends = jwt::payload(&answer.access_token())["exp"]
        .as_i64()
        .unwrap();
    after.advance(TimeDelta::minutes(40));

    // The login was an hour and a half ago, so that half an hour was left.
    assert_eq!(ends, START + 1_800);
    assert_eq!(after.cleaner.run().await.unwrap(), 0);
    assert_eq!(
        after.refresh(&answer.access_token()).await.code(),
        "session_expired"
    );
}

#[test]
fn a_uuid_is_one_user_in_both_cases() {
    let lower = Subject::Text("0a0b0c0d-0000-4000-8000-00000000000f".to_owned());
    let upper = Subject::Text("0A0B0C0D-0000-4000-8000-00000000000F".to_owned());

    assert_eq!(lower.user_key(), upper.user_key());
    assert_ne!(Subject::Text("ALICE".to_owned()).user_key(), "alice");
}

#[tokio::test]
async fn names_of_all_scripts_fit_whatever_the_database_was_made_for() {
    let Some(server) = database(Engine::MariaDb).await else {
        return;
    };
    let connection = Database::connect(&server.url).await.unwrap();
    let latin = "ALTER DATABASE CHARACTER SET latin1";
    connection.execute_unprepared(latin).await.unwrap();
    let app = spawn_over(server, &[]).await;
    let store = SqlSessionStore::new(app.database.clone(), Duration::from_secs(5));

    store.cut_off("日本", at(2000)).await.unwrap();

    let standing = store.standing(ID, "日本").await.unwrap();
    assert_eq!(standing.cut_off, Some(at(2000)));
}

#[tokio::test]
async fn replicas_that_clean_up_at_once_remove_each_session_once() {
    for (app, store) in stores().await {
        let over = (0..1_200_u128).map(|number| Session {
            id: SessionId(Uuid::from_u128(1_000 + number)),
            ..session()
        });
        store.begin_absent(&over.collect::<Vec<_>>()).await.unwrap();
        let cleaners = (0..3).map(|_| app.cleaner.run());

        let removed = join_all(cleaners).await;

        // Those above and the one that every store begins with.
        let removed: u64 = removed.into_iter().map(Result::unwrap).sum();
        assert_eq!(removed, 1_201);
        assert_eq!(store.find(ID).await.unwrap(), None);
    }
}
