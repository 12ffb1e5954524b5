//! Changes that share a statement: each one happens, or not, as it would have alone.

use chrono::{DateTime, TimeDelta, Utc};
use futures_util::future::join_all;
use remint::domain::{Contract, Handle, JsonText, Revocation, Session, SessionId};
use remint::service::Change::{Done, Lost};
use remint::service::{Change, Rotation, SessionStore as _};
use remint::store::SqlSessionStore;
use sea_orm::{ConnectionTrait as _, Statement};
use uuid::Uuid;

use crate::harness::servers::Engine::Postgres;
use crate::harness::{TestApp, spawn_on, spawn_on_each};

use super::table::DEADLINE;

/// More than one statement takes.
pub(super) const MANY: u64 = 300;

pub(super) fn id(number: u64) -> SessionId {
    SessionId(Uuid::from_u128(number.into()))
}

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(seconds, 0).unwrap()
}

pub(super) fn session(number: u64) -> Session {
    Session {
        id: id(number),
        contract: Contract::Envelope,
        handle: Handle::of_number(number),
        user_key: "alice".to_owned(),
        generation: 1,
        rotated_at: at(1000),
        started_at: at(500),
        expires_at: at(9000),
        revoked: None,
        claims: Vec::new(),
    }
}

/// The step from generation `from` of a session, at a time of its own.
pub(super) fn step(number: u64, from: u64) -> (SessionId, Rotation) {
    let rotation = Rotation {
        from,
        to: from + 1,
        at: at(2000) + TimeDelta::seconds(i64::try_from(number).unwrap()),
        expires_at: at(9000),
        claims: Vec::new(),
    };
    (id(number), rotation)
}

pub(super) fn store(app: &TestApp) -> SqlSessionStore {
    SqlSessionStore::new(app.database.clone(), DEADLINE)
}

pub(super) async fn begin(store: &SqlSessionStore, numbers: std::ops::Range<u64>) {
    for number in numbers {
        assert_eq!(store.begin(&session(number)).await.unwrap(), Done);
    }
}

/// The outcomes of all steps, asked for at once.
pub(super) async fn at_once(
    store: &SqlSessionStore,
    steps: Vec<(SessionId, Rotation)>,
) -> Vec<Change> {
    let rotate = |(id, rotation)| store.rotate(id, rotation);
    let outcomes = join_all(steps.into_iter().map(rotate)).await;
    outcomes.into_iter().map(Result::unwrap).collect()
}

#[tokio::test]
async fn sessions_that_begin_in_the_same_moment_all_begin_unless_they_are_there() {
    for app in spawn_on_each(&[]).await {
        let store = store(&app);
        store.begin(&session(3)).await.unwrap();
        let mut sessions: Vec<_> = (0..MANY).map(session).collect();
        sessions.push(session(7));
        sessions.push(Session {
            handle: Handle::of_number(8),
            ..session(MANY)
        });

        let begun = join_all(sessions.iter().map(|it| store.begin(it))).await;

        for (number, change) in begun.into_iter().map(Result::unwrap).enumerate() {
            // There before; there by now; another one's handle.
            let expected = if [3, 300, 301].contains(&number) {
                Lost
            } else {
                Done
            };
            assert_eq!(change, expected, "{number}");
        }
        assert_eq!(store.find(id(MANY)).await.unwrap(), None);
        for number in 0..MANY {
            let found = store.find(id(number)).await.unwrap();
            assert_eq!(found, Some(session(number)));
        }
    }
}

#[tokio::test]
async fn steps_of_the_same_moment_are_each_made_under_their_own_conditions() {
    for app in spawn_on_each(&[]).await {
        let store = store(&app);
        begin(&store, 0..MANY).await;
        store
            .revoke(id(1), Revocation::Operator, at(1500))
            .await
            .unwrap();
        let from = |number| u64::from(number != 2);
        // The last is of a session that nobody wrote down.
        let steps = (0..=MANY).map(|number| step(number, from(number)));

        let changes = at_once(&store, steps.collect()).await;

        for (number, change) in (0..=MANY).zip(changes) {
            let expected = if [1, 2, MANY].contains(&number) {
                Lost
            } else {
                Done
            };
            assert_eq!(change, expected, "{number}");
            let Some(session) = store.find(id(number)).await.unwrap() else {
                continue;
            };
            let (_, step) = step(number, 1);
            let moved = (session.generation, session.rotated_at) == (step.to, step.at);
            assert_eq!(moved, expected == Done, "{number}");
        }
    }
}

#[tokio::test]
async fn of_callers_that_want_the_same_step_one_makes_it() {
    for app in spawn_on_each(&[]).await {
        let store = store(&app);
        begin(&store, 0..3).await;
        let steps = (0..60).map(|number| step(number % 3, 1));

        let changes = at_once(&store, steps.collect()).await;

        let done = changes.into_iter().filter(|change| *change == Done);
        assert_eq!(done.count(), 3);
    }
}

#[tokio::test]
async fn of_steps_to_different_generations_one_is_made_and_in_the_way_of_no_other() {
    for app in spawn_on_each(&[]).await {
        let store = store(&app);
        begin(&store, 0..9).await;
        let mut steps: Vec<_> = (0..9).map(|number| step(number, 1)).collect();
        let (id, step) = step(5, 1);
        steps.push((id, Rotation { to: 3, ..step }));

        let mut changes = at_once(&store, steps).await;

        let of_one = [changes.remove(9), changes.remove(5)];
        assert_ne!(of_one[0], of_one[1]);
        assert_eq!(changes, [Done; 8]);
    }
}

#[tokio::test]
async fn of_two_services_that_write_the_same_sessions_down_one_does() {
    for app in spawn_on_each(&[]).await {
        let sessions: Vec<_> = (0..MANY).map(session).collect();
        let begin = async |order: Vec<&Session>| {
            let store = store(&app);
            let begun = join_all(order.into_iter().map(|it| store.begin(it))).await;
            begun.into_iter().collect::<Result<Vec<_>, _>>().unwrap()
        };

        let backwards = sessions.iter().rev().collect();
        let (one, mut other) = tokio::join!(begin(sessions.iter().collect()), begin(backwards));

        other.reverse();
        for (one, other) in one.into_iter().zip(other) {
            assert_ne!(one, other);
        }
    }
}

#[tokio::test]
async fn of_two_services_that_want_steps_of_the_same_sessions_one_makes_each() {
    for app in spawn_on_each(&[]).await {
        let (one, other) = (store(&app), store(&app));
        begin(&one, 0..MANY).await;
        // Those of the other one have another time, or other claims.
        let step = |number, by_other| {
            let (id, mut step) = step(number, 1);
            if number % 2 == 0 {
                step.at += TimeDelta::seconds(by_other);
            } else {
                let claim = JsonText::from_valid(by_other.to_string());
                step.claims = vec![("by_other".to_owned(), claim)];
            }
            (id, step)
        };
        let steps = (0..MANY).map(|number| step(number, 0)).collect();
        let backwards = (0..MANY).rev().map(|number| step(number, 1)).collect();

        let (made, mut by_other) = tokio::join!(at_once(&one, steps), at_once(&other, backwards));

        by_other.reverse();
        for (number, (made, by_other)) in (0..MANY).zip(made.into_iter().zip(by_other)) {
            assert_ne!(made, by_other, "{number}");
            let (id, step) = step(number, i64::from(by_other == Done));
            let session = one.find(id).await.unwrap().unwrap();
            let found = (session.generation, session.rotated_at, session.claims);
            assert_eq!(found, (2, step.at, step.claims), "{number}");
        }
    }
}

#[tokio::test]
async fn a_step_that_cannot_be_made_is_in_the_way_of_no_other() {
    for app in spawn_on_each(&[]).await {
        let store = store(&app);
        begin(&store, 0..2).await;
        // The first one is asked for alone.
        let steps = vec![step(0, 1), step(1, 0), step(1, 1)];

        let changes = at_once(&store, steps).await;

        assert_eq!(changes, [Done, Lost, Done]);
    }
}

#[tokio::test]
async fn a_table_that_was_empty_at_first_is_not_read_as_a_whole_for_ever() {
    // One connection: a plan is one connection's, and so is the counter until it is told.
    let settings = [("DATABASE_MAX_CONNECTIONS", "1")];
    let Some(app) = spawn_on(Postgres, &settings).await else {
        return;
    };
    let store = store(&app);
    let before = whole_reads(&app).await;

    // PostgreSQL settles on a plan with the sixth run.
    for _ in 0..10 {
        join_all((0..9).map(|number| store.standing(id(number), "alice"))).await;
        at_once(&store, (0..9).map(|number| step(number, 1)).collect()).await;
    }

    assert_eq!(whole_reads(&app).await, before);
}

/// How often the sessions were read from the first to the last one.
async fn whole_reads(app: &TestApp) -> i64 {
    let backend = app.database.get_database_backend();
    for sql in [
        "SELECT pg_stat_force_next_flush()",
        // Statistics go out between transactions.
        "SELECT 1",
    ] {
        app.sql(sql).await;
    }
    let sql = "SELECT seq_scan FROM pg_stat_user_tables WHERE relname = 'remint_session'";
    let select = Statement::from_string(backend, sql);
    let row = app.database.query_one_raw(select).await.unwrap().unwrap();
    row.try_get("", "seq_scan").unwrap()
}
