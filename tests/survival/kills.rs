//! `kill -9` under load: clients lose answers, and nothing else.

use std::sync::Arc;

use remint::domain::{Clock as _, SystemClock};
use sea_orm::{ConnectionTrait as _, Database, DatabaseConnection};
use tokio::sync::Semaphore;
use tokio::task::{JoinSet, yield_now};
use tokio::time::timeout;

use super::chance::Chance;
use super::contract::{Contract, Login};
use super::door::Door;
use super::{ALICE, CONTRACTS, Row, place, rounds, rows};
use crate::harness::Answer;
use crate::harness::process::{PATIENCE, Place, Service};
use crate::harness::servers::{self, Engine};

/// How many clients there are, each with a session of its own.
const CLIENTS: usize = 8;

/// The longest grace that can be set, so that a slow machine is no thief.
const GRACE: (&str, &str) = ("REFRESH_GRACE_SECONDS", "300");

/// How many answers are waited for between two kills, at most.
const MOST_ANSWERS: u64 = 60;

/// A client that goes on with what it received, and with nothing else.
struct Client {
    contract: &'static dyn Contract,
    door: Door,
    kept: String,
    /// All that it kept before.
    spent: Vec<String>,
}

impl Client {
    /// One answer, if it arrives.
    async fn ask(&mut self) -> Option<Answer> {
        let call = self.contract.present(&self.kept);
        let answer = self.door.call(&call).await.ok()?;
        let kept = self.contract.keep(&self.kept, &answer);
        assert!(kept.is_some(), "a client was locked out: {answer:?}");
        Some(answer)
    }

    fn keep(&mut self, answer: &Answer) {
        let kept = self.contract.keep(&self.kept, answer).unwrap();
        self.spent.push(std::mem::replace(&mut self.kept, kept));
    }

    /// Refreshes for as long as the service lives.
    async fn refresh(&mut self, answered: &Semaphore) -> Option<()> {
        // The answer before may have been lost; this one is lost for certain.
        let lost = self.ask().await?;
        let again = self.ask().await?;
        let lasting = [&lost, &again].map(|answer| self.contract.lasting(answer));
        assert_eq!(lasting[0], lasting[1], "two successors");
        self.keep(&again);
        loop {
            let answer = self.ask().await?;
            self.keep(&answer);
            answered.add_permits(1);
        }
    }

    /// Whether a refresh with what was once kept is refused.
    async fn is_refused(&mut self, kept: &str) -> bool {
        let call = self.contract.present(kept);
        let answer = self.door.call(&call).await.unwrap();
        self.contract.keep(kept, &answer).is_none()
    }
}

/// All clients refresh until the service is killed.
async fn live_and_die(service: Service, clients: &mut Vec<Client>, chance: &mut Chance) {
    let answered = Arc::new(Semaphore::new(0));
    let mut running = JoinSet::new();
    for mut client in clients.drain(..) {
        client.door = Door::to(&service);
        let answered = Arc::clone(&answered);
        running.spawn(async move {
            client.refresh(&answered).await;
            client
        });
    }

    let enough = u32::try_from(chance.below(MOST_ANSWERS)).unwrap();
    let enough = answered.acquire_many(enough);
    timeout(PATIENCE, enough).await.unwrap().unwrap().forget();
    // The others are anywhere within their exchanges; and so is this one, after a while.
    for _ in 0..chance.below(100) {
        yield_now().await;
    }
    drop(service);
    clients.extend(running.join_all().await);
}

/// Beyond the grace, whatever was exchanged once ends its session.
async fn assert_spent(clients: &mut [Client], database: &DatabaseConnection) {
    let later = "UPDATE remint_session SET rotated_at = rotated_at - 301";
    database.execute_unprepared(later).await.unwrap();

    for (age, client) in clients.iter_mut().enumerate() {
        let spent = client.spent.len() - 1 - age;
        let (spent, kept) = (client.spent[spent].clone(), client.kept.clone());

        assert!(client.is_refused(&spent).await, "good twice, {age} back");
        assert!(client.is_refused(&kept).await, "alive after a reuse");
    }
    let ended = rows(database).await;
    let is_reuse = |row: &Row| row.revoked_because.as_deref() == Some("reuse");
    assert!(ended.iter().all(is_reuse), "{ended:?}");
}

async fn clients(contract: &'static dyn Contract, service: &Service) -> Vec<Client> {
    let issued_at = SystemClock.now().timestamp() - 3_600;
    let mut clients = Vec::new();
    for number in 0..CLIENTS {
        let mut door = Door::to(service);
        let login = Login {
            user: ALICE,
            number,
            issued_at,
        };
        let kept = contract.log_in(&mut door, login).await;
        clients.push(Client {
            contract,
            door,
            kept,
            spent: Vec::new(),
        });
    }
    clients
}

async fn kill_again_and_again(place: &Place, contract: &'static dyn Contract, url: &str) {
    let mut chance = Chance::new();
    let mut service = place.serve();
    let mut clients = clients(contract, &service).await;
    for _ in 0..rounds(100, 4) {
        live_and_die(service, &mut clients, &mut chance).await;
        service = place.serve();
    }

    let mut exchanges = 0;
    for client in &mut clients {
        client.door = Door::to(&service);
        // One at least, and as many as are presented again below.
        loop {
            let answer = client.ask().await.unwrap();
            client.keep(&answer);
            if client.spent.len() >= CLIENTS {
                break;
            }
        }
        exchanges += client.spent.len();
    }
    let database = Database::connect(url).await.unwrap();
    let generations: i64 = rows(&database).await.iter().map(|row| row.generation).sum();
    // One rotation for each answer that somebody kept, and none for those that were lost.
    assert_eq!(generations, i64::try_from(exchanges).unwrap());
    assert_spent(&mut clients, &database).await;
}

async fn clients_survive_kills(engine: Engine) {
    for contract in CONTRACTS {
        let Some(server) = servers::database(engine).await else {
            return;
        };
        let place = place(contract, &server.url).with(GRACE.0, GRACE.1);
        let alice = ["user", "add", "alice@example.com", "--id", ALICE];
        place.run(&alice).only_line();

        kill_again_and_again(&place, contract, &server.url).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_survive_kills_of_a_service_on_sqlite() {
    clients_survive_kills(Engine::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_survive_kills_of_a_service_on_postgresql() {
    clients_survive_kills(Engine::Postgres).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_survive_kills_of_a_service_on_mariadb() {
    clients_survive_kills(Engine::MariaDb).await;
}
