//! What must stay true whatever breaks, checked with every answer that a client gets:
//!
//! - **One successor.** Whoever presents the same credential, however often, gets the same bytes.
//! - **Nobody is stranded.** What a client received last is good, in the end.
//! - **Nobody who is shut out gets in.** No exchange that began after a deactivation was committed
//!   is granted.
//! - **Our trouble is ours.** It is told with 503, in time, and says when to come back; never with
//!   a refusal.
//! - **No secret** is in what is answered then, nor in any log.

use std::collections::HashMap;
use std::io::Result;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use sea_orm::{ConnectionTrait, DatabaseConnection};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::harness::process::PATIENCE;
use crate::harness::{ADMIN, Answer, logs};
use crate::survival::contract::{Contract, Login};
use crate::survival::door::Door;
use crate::survival::{CONTRACTS, rows};

/// What the clients need: the longest grace that can be set, so that a slow machine is no thief.
pub(crate) const SETTINGS: [(&str, &str); 3] = [
    ADMIN,
    ("REFRESH_GRACE_SECONDS", "300"),
    ("REFRESH_MODE", "single_use"),
];

/// What an answer may take: a request's 15 s, on a machine that has other things to do. What waits for
/// a connection that is lost waits for minutes.
const LONGEST: Duration = Duration::from_secs(25);

/// Somebody whom the test deactivates and activates again, by turns.
#[derive(Clone)]
pub(crate) struct User {
    name: &'static str,
    /// How often such a change began or ended.
    changes: Arc<AtomicUsize>,
}

impl User {
    /// Somebody who is active.
    pub(crate) fn active(name: &'static str) -> Self {
        Self {
            name,
            changes: Arc::default(),
        }
    }

    /// From now on nothing is granted.
    pub(crate) async fn deactivate(&self, database: &impl ConnectionTrait) {
        self.change(database, "FALSE").await;
    }

    /// From now on nothing is refused.
    pub(crate) async fn activate(&self, database: &impl ConnectionTrait) {
        self.change(database, "TRUE").await;
    }

    async fn change(&self, database: &impl ConnectionTrait, value: &str) {
        let name = self.name;
        let sql = format!("UPDATE users SET is_active = {value} WHERE id = '{name}'");
        self.changes.fetch_add(1, Ordering::SeqCst);
        database.execute_unprepared(&sql).await.unwrap();
        self.changes.fetch_add(1, Ordering::SeqCst);
    }

    fn changes(&self) -> usize {
        self.changes.load(Ordering::SeqCst)
    }

    /// Whether the user was active all the time since there were `before` changes, or never was.
    fn was_active(&self, before: usize) -> Option<bool> {
        let is_between = before % 2 == 1;
        let has_changed = self.changes() != before;
        (!is_between && !has_changed).then_some(before.is_multiple_of(4))
    }
}

/// What came of a try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// There is a successor.
    Granted,
    /// The service did not live to answer.
    Lost,
    /// The user is not active.
    Refused,
    /// The service was in trouble, and said so.
    Unavailable,
}

/// A browser with two tabs, which go on with what they received last.
pub(crate) struct Client {
    contract: &'static dyn Contract,
    tabs: [Door; 2],
    user: User,
    kept: String,
    /// What was answered to each credential, as far as it must be the same again.
    granted: HashMap<String, String>,
}

/// A client of each contract whose credentials are good once, all of the same user, who logged in a
/// while before `now`.
pub(crate) async fn clients(user: &User, now: i64, door: impl Fn() -> Door) -> Vec<Client> {
    let login = Login {
        user: user.name,
        number: 0,
        issued_at: now - 3_600,
    };
    let mut clients = Vec::new();
    for contract in CONTRACTS {
        let mut tabs = [door(), door()];
        let kept = contract.log_in(&mut tabs[0], login).await;
        clients.push(Client {
            contract,
            tabs,
            user: user.clone(),
            kept,
            granted: HashMap::new(),
        });
    }
    clients
}

/// From now on the tabs of all of them go through other doors.
pub(crate) fn go_to(clients: &mut [Client], door: impl Fn() -> Door) {
    for client in clients {
        client.tabs = [door(), door()];
    }
}

impl Client {
    /// Both tabs present what was received last, at the same moment.
    pub(crate) async fn refresh(&mut self) -> Outcome {
        let call = self.contract.present(&self.kept);
        let (begun, before) = (Instant::now(), self.user.changes());
        let [one, other] = &mut self.tabs;
        let (one, other) = tokio::join!(one.call(&call), other.call(&call));
        let took = begun.elapsed();
        let was_active = self.user.was_active(before);

        let presented = self.kept.clone();
        let outcomes = [one, other].map(|answer| self.check(&presented, answer, was_active));
        if outcomes.contains(&Outcome::Unavailable) {
            assert!(took < LONGEST, "a 503 took {took:?}");
        }
        if outcomes.contains(&Outcome::Granted) {
            return Outcome::Granted;
        }
        outcomes[0]
    }

    fn check(
        &mut self,
        presented: &str,
        answer: Result<Answer>,
        was_active: Option<bool>,
    ) -> Outcome {
        let Ok(answer) = answer else {
            return Outcome::Lost;
        };
        if let Some(next) = self.contract.keep(presented, &answer) {
            assert_ne!(
                was_active,
                Some(false),
                "granted to somebody who was shut out"
            );
            self.receive(presented, next, &answer);
            return Outcome::Granted;
        }
        if answer.status < 500 && was_active != Some(true) {
            let refusal = self.contract.refusal("user_inactive");
            assert_eq!(self.contract.code(&answer), refusal, "{answer:?}");
            return Outcome::Refused;
        }
        assert_is_our_trouble(&answer);
        Outcome::Unavailable
    }

    fn receive(&mut self, presented: &str, next: String, answer: &Answer) {
        logs::never(&self.contract.access_token(&next));
        let lasting = self.contract.lasting(answer).to_owned();
        let before = self.granted.insert(presented.to_owned(), lasting);
        if let Some(before) = before {
            assert_eq!(before, self.granted[presented], "two successors");
        }
        self.kept = next;
    }
}

/// Nobody's fault but ours, and the caller is told when to come back.
pub(crate) fn assert_is_our_trouble(answer: &Answer) {
    assert_eq!(answer.status, 503, "{answer:?}");
    let seconds = answer.header("retry-after").map(str::parse::<u64>);
    assert!(matches!(seconds, Some(Ok(1..))), "{answer:?}");
    logs::assert_clean(&answer.body);
}

/// Asserts that each client can go on, and that what the database says of their sessions, of which
/// there are no others, is what they know.
pub(crate) async fn assert_settled(clients: &mut [Client], database: &DatabaseConnection) {
    for client in &mut *clients {
        // A busy machine may be in trouble now and then.
        let going_on = async { while client.refresh().await != Outcome::Granted {} };
        let is_going_on = timeout(PATIENCE, going_on).await.is_ok();
        assert!(is_going_on, "stranded");
    }

    let rows = rows(database).await;
    let revoked = rows.iter().find(|row| row.revoked_because.is_some());
    assert_eq!(revoked, None, "nobody has ended it");
    let mut written: Vec<_> = rows.iter().map(|row| row.generation).collect();
    let exchanges = clients.iter().map(|client| client.granted.len());
    let mut known: Vec<_> = exchanges.map(|it| i64::try_from(it).unwrap()).collect();
    written.sort_unstable();
    known.sort_unstable();
    assert_eq!(written, known, "a step that nobody has made, or one twice");
}

/// Clients that refresh, each as fast as it is answered.
pub(crate) struct Load {
    is_over: Arc<AtomicBool>,
    /// How often there was each outcome since it was last asked for.
    outcomes: Arc<[Semaphore; 4]>,
    running: JoinSet<Client>,
}

impl Load {
    pub(crate) fn of(clients: impl IntoIterator<Item = Client>) -> Self {
        let mut load = Self {
            is_over: Arc::default(),
            outcomes: Arc::new([(); 4].map(|()| Semaphore::new(0))),
            running: JoinSet::new(),
        };
        for mut client in clients {
            let is_over = Arc::clone(&load.is_over);
            let outcomes = Arc::clone(&load.outcomes);
            load.running.spawn(async move {
                while !is_over.load(Ordering::SeqCst) {
                    outcomes[client.refresh().await as usize].add_permits(1);
                }
                client
            });
        }
        load
    }

    /// Waits until so many tries from now on had that outcome.
    pub(crate) async fn until(&mut self, count: u32, outcome: Outcome) {
        let outcomes = Arc::clone(&self.outcomes);
        let counter = &outcomes[outcome as usize];
        counter.forget_permits(usize::MAX);
        let enough = async {
            tokio::select! {
                permits = counter.acquire_many(count) => permits.unwrap().forget(),
                // Only a client for whom something was not true ends before the load does.
                client = self.running.join_next() => drop(client.unwrap().unwrap()),
            }
        };
        timeout(PATIENCE, enough).await.unwrap();
    }

    /// Waits for the answers to what was asked; the clients.
    pub(crate) async fn stop(self) -> Vec<Client> {
        self.is_over.store(true, Ordering::SeqCst);
        self.running.join_all().await
    }
}
