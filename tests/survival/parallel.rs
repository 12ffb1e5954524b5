//! Many callers with one credential: one rotation, and one answer for all of them.

use std::sync::Arc;

use remint::domain::{Clock as _, SystemClock};
use sea_orm::{Database, DatabaseConnection};
use tokio::sync::Barrier;
use tokio::task::JoinSet;

use super::contract::{Contract, Login};
use super::door::{Call, Door};
use super::{ALICE, CONTRACTS, Row, place, rounds, rows, settings};
use crate::harness::process::{Place, Service};
use crate::harness::servers::{self, Engine, ThrowawayDatabase};
use crate::harness::{Answer, START, spawn_on};

/// How many callers there are.
const CALLERS: usize = 50;

/// All callers make the same call at the same moment.
async fn at_once(doors: &mut Vec<Door>, call: &Call) -> Vec<Answer> {
    let start = Arc::new(Barrier::new(doors.len()));
    let mut callers = JoinSet::new();
    for mut door in doors.drain(..) {
        let (start, call) = (Arc::clone(&start), call.clone());
        callers.spawn(async move {
            start.wait().await;
            let answer = door.call(&call).await.unwrap();
            (door, answer)
        });
    }
    let mut answers = Vec::new();
    for (door, answer) in callers.join_all().await {
        doors.push(door);
        answers.push(answer);
    }
    answers
}

/// Round after round, each with the credential that the one before gave.
async fn race(
    contract: &dyn Contract,
    doors: &mut Vec<Door>,
    database: &DatabaseConnection,
    now: i64,
) {
    let login = Login {
        user: ALICE,
        number: 0,
        issued_at: now - 3_600,
    };
    let mut kept = contract.log_in(&mut doors[0], login).await;
    for round in 1..=rounds(200, 25) {
        let answers = at_once(doors, &contract.present(&kept)).await;

        let refused = answers.iter().find(|answer| answer.status != 200);
        assert!(refused.is_none(), "round {round}: {refused:?}");
        let other = answers.iter().find(|answer| answer.body != answers[0].body);
        assert!(other.is_none(), "round {round}: two successors");
        let row = Row {
            generation: i64::try_from(round).unwrap(),
            revoked_because: None,
        };
        assert_eq!(rows(database).await, [row], "round {round}");
        kept = contract.keep(&answers[0]);
    }
}

async fn race_in_one_process(engine: Engine) {
    for contract in CONTRACTS {
        let Some(app) = spawn_on(engine, &settings(contract)).await else {
            return;
        };
        let mut doors: Vec<_> = (0..CALLERS).map(|_| Door::of(&app)).collect();

        race(contract, &mut doors, &app.database, START).await;
    }
}

/// The service as two processes on one database.
fn two_processes(contract: &dyn Contract, server: &ThrowawayDatabase) -> [(Service, Place); 2] {
    let places = [(); 2].map(|()| place(contract, &server.url));
    places[0]
        .run(&["user", "add", "alice@example.com", "--id", ALICE])
        .only_line();
    places.map(|place| (place.serve(), place))
}

async fn race_over_two_processes(engine: Engine) {
    for contract in CONTRACTS {
        let Some(server) = servers::database(engine).await else {
            return;
        };
        let services = two_processes(contract, &server);
        let addresses = services.iter().map(|(service, _)| service.address());
        let mut doors: Vec<_> = addresses.cycle().take(CALLERS).map(Door::to).collect();
        let database = Database::connect(&server.url).await.unwrap();

        race(
            contract,
            &mut doors,
            &database,
            SystemClock.now().timestamp(),
        )
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn callers_of_one_process_on_sqlite_get_one_successor() {
    race_in_one_process(Engine::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn callers_of_one_process_on_postgresql_get_one_successor() {
    race_in_one_process(Engine::Postgres).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn callers_of_one_process_on_mariadb_get_one_successor() {
    race_in_one_process(Engine::MariaDb).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn callers_of_two_processes_on_sqlite_get_one_successor() {
    race_over_two_processes(Engine::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn callers_of_two_processes_on_postgresql_get_one_successor() {
    race_over_two_processes(Engine::Postgres).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn callers_of_two_processes_on_mariadb_get_one_successor() {
    race_over_two_processes(Engine::MariaDb).await;
}
