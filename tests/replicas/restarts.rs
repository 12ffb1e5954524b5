//! A rolling restart: each replica in turn, while clients go on.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{self, JoinHandle};

use serde_json::Value;

use super::{Replica, add_user, client, expired_token, refresh};
use crate::harness::process::PATIENCE;
use crate::harness::proxy::Kind;
use crate::harness::servers::daemon::variable;
use crate::harness::servers::{self, Engine};

/// How many clients there are, each with a session of its own.
const CLIENTS: usize = 8;

/// How many refreshes are seen to succeed between two restarts.
const ENOUGH: usize = 100;

/// Clients that refresh without a pause, each with what it received last.
struct Load {
    stop: Arc<AtomicBool>,
    answers: Receiver<Result<(), String>>,
    clients: Vec<JoinHandle<()>>,
    good: usize,
    failures: Vec<String>,
}

impl Load {
    fn on(proxy: SocketAddr) -> Self {
        let (sender, answers) = channel();
        let stop = Arc::new(AtomicBool::new(false));
        let start = |number| {
            let (stop, sender) = (Arc::clone(&stop), sender.clone());
            thread::spawn(move || go_on(proxy, number, &stop, &sender))
        };
        Self {
            clients: (0..CLIENTS).map(start).collect(),
            stop,
            answers,
            good: 0,
            failures: Vec::new(),
        }
    }

    /// Waits for so many answers from now on.
    fn wait(&mut self, answers: usize) {
        let until_now: Vec<_> = self.answers.try_iter().collect();
        for answer in until_now {
            self.note(answer);
        }
        for _ in 0..answers {
            let answer = self.answers.recv_timeout(PATIENCE).unwrap();
            self.note(answer);
        }
    }

    fn note(&mut self, answer: Result<(), String>) {
        match answer {
            Ok(()) => self.good += 1,
            Err(why) => self.failures.push(why),
        }
    }

    /// Ends it, and fails if one of the answers was not good.
    fn assert_good(mut self) {
        self.stop.store(true, Ordering::Relaxed);
        for client in self.clients.drain(..) {
            client.join().unwrap();
        }
        self.wait(0);
        let Self { good, failures, .. } = self;
        let bad = failures.len();
        assert!(bad == 0, "{bad} failed beside {good}: {failures:#?}");
    }
}

fn go_on(
    proxy: SocketAddr,
    number: usize,
    stop: &AtomicBool,
    answers: &Sender<Result<(), String>>,
) {
    // Half of them as browsers and apps do, half as scripts do.
    let client = client(number.is_multiple_of(2));
    let mut token = expired_token("alice", number);
    while !stop.load(Ordering::Relaxed) {
        let answer = match refresh(&client, proxy, &token) {
            Ok((200, body)) => {
                let body: Value = serde_json::from_str(&body).unwrap();
                body["access_token"]
                    .as_str()
                    .unwrap()
                    .clone_into(&mut token);
                Ok(())
            }
            Ok((status, body)) => Err(format!("client {number}: {status} {body}")),
            Err(error) => Err(format!("client {number}: {error}")),
        };
        if answers.send(answer).is_err() {
            return;
        }
    }
}

async fn restart_each(kind: Kind, settings: &[(&str, &str)]) {
    let Some(database) = servers::database(Engine::Postgres).await else {
        return;
    };
    let settings = [&[("REFRESH_MODE", "single_use")], settings].concat();
    let mut replicas = [(); 2].map(|()| Replica::new(&database, &settings));
    add_user(&replicas[0], "alice");
    let Some(proxy) = kind.before(&replicas.each_ref().map(|one| one.address.clone())) else {
        return;
    };
    for replica in &mut replicas {
        replica.start();
    }

    let mut load = Load::on(proxy.address);
    let restarts = if variable("REMINT_FULL") == "1" {
        20
    } else {
        2
    };
    for number in 0..restarts {
        load.wait(ENOUGH);
        let again = replicas[number % 2].start();
        again.line_with("remint::audit");
    }
    load.wait(ENOUGH);

    load.assert_good();
}

#[tokio::test(flavor = "multi_thread")]
async fn behind_haproxy_nobody_notices_that_replicas_are_restarted() {
    restart_each(Kind::HaProxy, &[("SHUTDOWN_DELAY_SECONDS", "1")]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn behind_nginx_nobody_notices_that_replicas_are_restarted() {
    restart_each(Kind::Nginx, &[]).await;
}
