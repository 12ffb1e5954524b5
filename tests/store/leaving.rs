//! Callers that go away while a change is under way that others want as well.

use std::sync::Arc;

use remint::domain::Session;
use remint::metrics::{DatabaseMetrics, Metrics};
use remint::service::Change::{self, Done};
use remint::service::SessionStore as _;
use remint::store::SqlSessionStore;
use sea_orm::{ConnectionTrait as _, TransactionTrait as _};
use tokio::task::{JoinHandle, yield_now};
use tokio::time::timeout;

use crate::harness::process::PATIENCE;
use crate::harness::servers::Engine::{self, Postgres, Sqlite};
use crate::harness::{TestApp, spawn_on};

use super::at_once::until_two_wait;
use super::changes::{id, session, step};
use super::outages::another_client;
use super::table::DEADLINE;

pub(super) const PATIENT: (&str, &str) = ("DATABASE_TIMEOUT_MILLISECONDS", "60000");

/// As soon as the test holds the one connection, everybody waits.
pub(super) const ONE_CONNECTION: [(&str, &str); 2] = [("DATABASE_MAX_CONNECTIONS", "1"), PATIENT];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Begin,
    Rotate,
}

const KINDS: [Kind; 2] = [Kind::Begin, Kind::Rotate];

/// The changes that share a statement.
const SHARED: [(Engine, Kind); 4] = [
    (Sqlite, Kind::Begin),
    (Sqlite, Kind::Rotate),
    (Postgres, Kind::Begin),
    (Postgres, Kind::Rotate),
];

/// Five callers, each of whom wants a session of its own changed.
struct Five {
    kind: Kind,
    store: Arc<SqlSessionStore>,
    metrics: Metrics,
    callers: Vec<JoinHandle<Change>>,
}

impl Five {
    async fn of(app: &TestApp, kind: Kind) -> Self {
        let store = SqlSessionStore::new(app.database.clone(), DEADLINE);
        app.sql("DELETE FROM remint_session").await;
        for session in (0..5).filter_map(|number| before(kind, number)) {
            assert_eq!(store.begin(&session).await.unwrap(), Done);
        }
        let metrics = Metrics::default();
        store.measure(&DatabaseMetrics::new(&metrics).unwrap());
        Self {
            kind,
            store: Arc::new(store),
            metrics,
            callers: Vec::new(),
        }
    }

    /// All of them call: the first one's statement is under way, the others wait for the next.
    async fn call(&mut self) {
        for number in 0..5 {
            let (kind, store) = (self.kind, Arc::clone(&self.store));
            self.callers.push(tokio::spawn(async move {
                let (id, step) = step(number, 1);
                let change = match kind {
                    Kind::Begin => store.begin(&session(number)).await,
                    Kind::Rotate => store.rotate(id, step).await,
                };
                change.unwrap()
            }));
        }
        self.until_waiting(4).await;
    }

    async fn until_waiting(&self, callers: usize) {
        let statement = format!("{:?}", self.kind).to_lowercase();
        let name = "remint_database_queue_length";
        let line = format!("{name}{{statement=\"{statement}\"}} {callers}\n");
        let seen = async {
            while !self.metrics.text().unwrap().contains(&line) {
                yield_now().await;
                self.store.measure_queues();
            }
        };
        timeout(PATIENCE, seen).await.unwrap();
    }

    /// The first one goes away, and with it its statement: the one of the others begins.
    async fn first_goes(&self) {
        self.callers[0].abort();
        self.until_waiting(0).await;
    }

    fn go(&self, callers: [usize; 2]) {
        for number in callers {
            self.callers[number].abort();
        }
    }

    /// What each of them was told, and what became of its session.
    async fn end(self) -> Vec<(Option<Change>, &'static str)> {
        let mut ends = Vec::new();
        for (caller, number) in self.callers.into_iter().zip(0..) {
            let told = match caller.await {
                Ok(change) => Some(change),
                Err(error) => {
                    assert!(error.is_cancelled(), "{error}");
                    None
                }
            };
            let row = self.store.find(id(number)).await.unwrap();
            let made = match row {
                row if row == before(self.kind, number) => "not made",
                row if row == Some(after(self.kind, number)) => "made",
                _ => "torn",
            };
            ends.push((told, made));
        }
        ends
    }
}

fn before(kind: Kind, number: u64) -> Option<Session> {
    match kind {
        Kind::Begin => None,
        Kind::Rotate => Some(session(number)),
    }
}

fn after(kind: Kind, number: u64) -> Session {
    let (_, step) = step(number, 1);
    let session = session(number);
    match kind {
        Kind::Begin => session,
        Kind::Rotate => Session {
            generation: step.to,
            rotated_at: step.at,
            ..session
        },
    }
}

/// What becomes of a caller, and of its change.
const TOLD: (Option<Change>, &str) = (Some(Done), "made");
const GONE: (Option<Change>, &str) = (None, "made");
const NEVER: (Option<Change>, &str) = (None, "not made");

#[tokio::test]
async fn a_change_that_has_begun_is_made_for_those_who_stay_and_those_who_go() {
    for (engine, kind) in SHARED {
        let Some(app) = spawn_on(engine, &ONE_CONNECTION).await else {
            continue;
        };
        let mut five = Five::of(&app, kind).await;
        let held = app.database.begin().await.unwrap();
        five.call().await;

        five.first_goes().await;
        five.go([2, 3]);
        held.rollback().await.unwrap();

        let ends = five.end().await;
        assert_eq!(ends, [NEVER, TOLD, GONE, GONE, TOLD], "{engine:?} {kind:?}");
    }
}

#[tokio::test]
async fn a_change_that_has_not_begun_is_not_made_for_those_who_go() {
    for (engine, kind) in SHARED {
        let Some(app) = spawn_on(engine, &ONE_CONNECTION).await else {
            continue;
        };
        let mut five = Five::of(&app, kind).await;
        let held = app.database.begin().await.unwrap();
        five.call().await;

        five.go([1, 3]);
        five.first_goes().await;
        held.rollback().await.unwrap();

        let ends = five.end().await;
        assert_eq!(
            ends,
            [NEVER, NEVER, TOLD, NEVER, TOLD],
            "{engine:?} {kind:?}"
        );
    }
}

#[tokio::test]
async fn a_change_that_the_server_works_on_is_made_whole_whoever_goes() {
    let Some(app) = spawn_on(Postgres, &[PATIENT]).await else {
        return;
    };
    let other = another_client(app.database_url()).await;
    for kind in KINDS {
        let mut five = Five::of(&app, kind).await;
        for sql in ["BEGIN", "LOCK TABLE remint_session IN SHARE MODE"] {
            other.execute_unprepared(sql).await.unwrap();
        }
        five.call().await;

        five.first_goes().await;
        until_two_wait(&other).await;
        five.go([2, 3]);
        other.execute_unprepared("COMMIT").await.unwrap();

        let ends = five.end().await;
        assert_eq!(ends[1..], [TOLD, GONE, GONE, TOLD], "{kind:?}");
        assert_ne!(ends[0].1, "torn", "{kind:?}");
    }
}
