//! The service as people run it, and clients who use it all the time.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures_util::FutureExt as _;
use poem::http::Method;
use sea_orm::{Database, DatabaseConnection};
use tokio::task::block_in_place;
use tokio::time::timeout;

use super::invariants::Outcome::{Granted, Unavailable};
use super::invariants::{Load, User, assert_settled, go_to};
use super::{add_alice, logged_in, place};
use crate::harness::process::{Place, Service};
use crate::harness::servers::Engine;
use crate::survival::ALICE;
use crate::survival::door::{Call, Door};

/// What it may take until everybody is served again after everything is as it should be: the ten seconds
/// that pass between two pools that gave way, and what the machine may stand still. What is lost for good
/// comes back in five minutes at the earliest.
const SOON: Duration = Duration::from_secs(40);

/// Short, so that faults are soon noticed.
const DEADLINE: (&str, &str) = ("DATABASE_TIMEOUT_MILLISECONDS", "1000");

/// A service, its clients, and a way to its database past everything that fails.
pub(super) struct Scene {
    pub(super) load: Load,
    pub(super) database: DatabaseConnection,
    pub(super) alice: User,
    service: Service,
    _place: Place,
}

impl Scene {
    /// Everything works, and has worked for a while. The service has the database at `url`, and the
    /// settings say how it comes to it.
    pub(super) async fn at(url: &str, settings: &[(&str, &str)]) -> Self {
        block_in_place(|| add_alice(&place(url)));
        let settings = settings.iter();
        let place = settings.fold(place(url), |place, (name, value)| place.with(name, value));
        let alice = User::active(ALICE);
        let mut clients = logged_in(&place, &alice).await;
        let place = place.with(DEADLINE.0, DEADLINE.1);
        let service = block_in_place(|| place.serve());
        go_to(&mut clients, || Door::to(&service));
        let mut load = Load::of(clients);
        load.until(20, Granted).await;
        Self {
            load,
            database: Database::connect(url).await.unwrap(),
            alice,
            service,
            _place: place,
        }
    }

    /// Waits until as many tries as there are clients met trouble.
    pub(super) async fn trouble(&mut self) {
        self.load.until(4, Unavailable).await;
    }

    /// Asserts that everybody is served again, and soon.
    pub(super) async fn recover(&mut self, what: &str) {
        let all = self.load.until(8, Granted);
        assert!(timeout(SOON, all).await.is_ok(), "{what}");
    }

    /// What the readiness probe is answered.
    pub(super) async fn readiness(&self) -> u16 {
        let probe = Call {
            method: Method::GET,
            path: "/readyz",
            headers: Vec::new(),
            body: String::new(),
        };
        Door::to(&self.service).call(&probe).await.unwrap().status
    }

    /// Asserts that nothing was lost.
    pub(super) async fn settle(self) {
        let mut clients = self.load.stop().await;
        assert_settled(&mut clients, &self.database).await;
    }
}

/// Runs a test on each engine that is a server, at the same time, since they wait a lot.
pub(super) async fn on_servers<F: Future<Output = ()>>(test: fn(Engine) -> F) {
    let run = async |engine| {
        let result = AssertUnwindSafe(Box::pin(test(engine)))
            .catch_unwind()
            .await;
        assert!(result.is_ok(), "on {engine:?}");
    };
    tokio::join!(run(Engine::Postgres), run(Engine::MariaDb));
}
