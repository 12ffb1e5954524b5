//! The service as people run it, and clients who use it all the time.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures_util::FutureExt as _;
use poem::http::Method;
use remint::domain::{Clock as _, SystemClock};
use sea_orm::{Database, DatabaseConnection};
use tokio::task::block_in_place;

use super::invariants::Outcome::{Granted, Unavailable};
use super::invariants::{Load, User, assert_settled, clients};
use super::place;
use crate::harness::process::{Place, Service};
use crate::harness::servers::Engine;
use crate::survival::ALICE;
use crate::survival::door::{Call, Door};

/// What it may take until everybody is served again after everything is as it should be.
pub(super) const SOON: Duration = Duration::from_secs(6);

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
        let add = ["user", "add", "alice@example.com", "--id", ALICE];
        block_in_place(|| place(url).run(&add).only_line().to_owned());
        let settings = settings.iter();
        let place = settings.fold(place(url), |place, (name, value)| place.with(name, value));
        let service = block_in_place(|| place.serve());
        let alice = User::active(ALICE);
        let now = SystemClock.now().timestamp();
        let mut load = Load::of(clients(&alice, now, || Door::to(&service)).await);
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
        self.recover_within(SOON, what).await;
    }

    /// Asserts that everybody is served again within that time.
    pub(super) async fn recover_within(&mut self, time: Duration, what: &str) {
        let took = self.load.until(8, Granted).await;
        assert!(took < time, "{what}: {took:?}");
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
