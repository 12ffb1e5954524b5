//! Clients that do nothing but refresh.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{self, JoinHandle};

use serde_json::Value;

use super::{client, expired_token, refresh};
use crate::harness::process::PATIENCE;

/// How many clients there are, each with a session of its own.
const CLIENTS: usize = 8;

/// Clients that refresh without a pause, each with what it received last.
pub(super) struct Load {
    stop: Arc<AtomicBool>,
    answers: Receiver<Result<(), String>>,
    clients: Vec<JoinHandle<()>>,
    good: usize,
    failures: Vec<String>,
}

impl Load {
    pub(super) fn on(proxy: SocketAddr) -> Self {
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
    pub(super) fn wait(&mut self, answers: usize) {
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
    pub(super) fn assert_good(mut self) {
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
