//! Many callers with one credential: one rotation, and one answer for all of them.

use std::sync::Arc;

use chrono::TimeDelta;
use remint::domain::{Clock as _, SystemClock};
use sea_orm::{ConnectionTrait as _, Database, DatabaseConnection, DbBackend, Statement};
use tokio::sync::Barrier;
use tokio::task::JoinSet;

use super::contract::{Contract, Login};
use super::door::{Call, Door};
use super::{ALICE, CONTRACTS, Row, place, rounds, rows, settings};
use crate::harness::process::{Place, Service};
use crate::harness::servers::{self, Engine, ThrowawayDatabase};
use crate::harness::{Answer, START, spawn_on};

/// The longest grace that can be set: all callers of a round tick less.
const GRACE: (&str, &str) = ("REFRESH_GRACE_SECONDS", "300");

/// How many callers there are.
const CALLERS: usize = 50;

/// Makes the database itself count what becomes of sessions: two rotations within one second leave
/// the same row.
async fn write_steps_down(database: &DatabaseConnection) {
    let step = "INSERT INTO step VALUES (NEW.generation)";
    let trigger = |event: &str| {
        let name = event.to_lowercase();
        format!(
            "CREATE TRIGGER note_{name} AFTER {event} ON remint_session FOR EACH ROW \
             BEGIN {step}; END"
        )
    };
    let triggers = if database.get_database_backend() == DbBackend::Postgres {
        [
            format!(
                "CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql \
                 AS 'BEGIN {step}; RETURN NEW; END'"
            ),
            "CREATE TRIGGER note AFTER INSERT OR UPDATE ON remint_session \
             FOR EACH ROW EXECUTE FUNCTION note()"
                .to_owned(),
        ]
    } else {
        ["INSERT", "UPDATE"].map(trigger)
    };
    let table = "CREATE TABLE step (generation bigint)".to_owned();
    for statement in [&[table][..], &triggers].concat() {
        database.execute_unprepared(&statement).await.unwrap();
    }
}

/// How many steps there were, of which each must be to another generation.
async fn steps(database: &DatabaseConnection) -> usize {
    let select = "SELECT generation FROM step ORDER BY generation";
    let select = Statement::from_string(database.get_database_backend(), select);
    let rows = database.query_all_raw(select).await.unwrap();
    let generation = |row: &sea_orm::QueryResult| row.try_get("", "generation").unwrap();
    let generations: Vec<i64> = rows.iter().map(generation).collect();
    assert!(
        generations.is_sorted_by(|one, next| one < next),
        "{generations:?}"
    );
    generations.len()
}

/// Clients that call at the same moment.
struct Callers {
    doors: Vec<Door>,
    /// Makes each of them see another time, where the test has the clock.
    tick: Arc<dyn Fn() + Send + Sync>,
}

impl Callers {
    async fn call(&mut self, call: &Call) -> Vec<Answer> {
        let start = Arc::new(Barrier::new(self.doors.len()));
        let mut callers = JoinSet::new();
        for mut door in self.doors.drain(..) {
            let (start, tick) = (Arc::clone(&start), Arc::clone(&self.tick));
            let call = call.clone();
            callers.spawn(async move {
                start.wait().await;
                tick();
                let answer = door.call(&call).await.unwrap();
                (door, answer)
            });
        }
        let (doors, answers) = callers.join_all().await.into_iter().unzip();
        self.doors = doors;
        answers
    }

    /// Round after round, each with the credential that the one before gave.
    async fn race(mut self, contract: &dyn Contract, now: i64, database: &DatabaseConnection) {
        let login = Login {
            user: ALICE,
            number: 0,
            issued_at: now - 3_600,
        };
        let mut kept = contract.log_in(&mut self.doors[0], login).await;
        write_steps_down(database).await;
        for round in 1..=rounds(200, 10) {
            let answers = self.call(&contract.present(&kept)).await;

            let next = |answer| contract.keep(&kept, answer);
            let refused = answers.iter().find(|answer| next(answer).is_none());
            assert!(refused.is_none(), "round {round}: {refused:?}");
            let lasting = contract.lasting(&answers[0]);
            let mut others = answers.iter().map(|answer| contract.lasting(answer));
            assert!(
                others.all(|other| other == lasting),
                "round {round}: two successors"
            );
            let row = Row {
                generation: i64::try_from(round).unwrap(),
                revoked_because: None,
            };
            assert_eq!(rows(database).await, [row], "round {round}");
            assert_eq!(steps(database).await, round, "round {round}");
            kept = contract.keep(&kept, &answers[0]).unwrap();
        }
    }
}

async fn race_in_one_process(engine: Engine) {
    for contract in CONTRACTS {
        let settings = [&settings(contract), &[GRACE][..]].concat();
        let Some(app) = spawn_on(engine, &settings).await else {
            return;
        };
        let clock = Arc::clone(&app.clock);
        let callers = Callers {
            doors: (0..CALLERS).map(|_| Door::of(&app)).collect(),
            tick: Arc::new(move || clock.advance(TimeDelta::seconds(1))),
        };

        callers.race(contract, START, &app.database).await;
    }
}

/// The service as two processes on one database.
fn two_processes(contract: &dyn Contract, server: &ThrowawayDatabase) -> [(Service, Place); 2] {
    let places = [(); 2].map(|()| place(contract, &server.url).with(GRACE.0, GRACE.1));
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
        let services = services.iter().map(|(service, _)| service);
        let callers = Callers {
            doors: services.cycle().take(CALLERS).map(Door::to).collect(),
            tick: Arc::new(|| ()),
        };
        let database = Database::connect(&server.url).await.unwrap();

        let now = SystemClock.now().timestamp();
        callers.race(contract, now, &database).await;
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
