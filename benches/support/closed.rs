//! So many clients at any time, each of which asks again as soon as it is answered.

use std::cell::RefCell;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use serde_json::Value;
use tokio::task::LocalSet;
use tokio::time::{Instant, timeout_at};

use super::exchange::exchange;
use super::tokens::Mint;

/// One answer in so many is looked at.
const SAMPLE: usize = 100;

/// Whoever has no answer by then has given up.
const PATIENCE: Duration = Duration::from_secs(10);

/// What a client sends.
pub(crate) enum Client {
    /// The same request again and again, whose answers are not looked at.
    Same(Rc<Vec<u8>>),
    /// Another expired token each time.
    Expired(Rc<RefCell<Mint>>),
    /// The refresh token of its last answer.
    Envelope(String),
}

/// What came of them all.
#[derive(Default)]
pub(crate) struct Run {
    /// How long each one took that was answered 200.
    pub(crate) took: Vec<Duration>,
    /// How many were answered something else, not in time, or not what was asked for.
    pub(crate) failed: usize,
}

/// Has `clients` ask for `time`; they are given back, to go on from there.
pub(crate) async fn run(
    address: SocketAddr,
    clients: Vec<Client>,
    time: Duration,
) -> (Vec<Client>, Run) {
    let end = Instant::now() + time;
    let total = Rc::new(RefCell::new(Run::default()));
    let local = LocalSet::new();
    let tasks: Vec<_> = clients
        .into_iter()
        .map(|mut client| {
            let total = Rc::clone(&total);
            local.spawn_local(async move {
                ask(address, &mut client, end, &total).await;
                client
            })
        })
        .collect();
    local.await;
    let mut clients = Vec::new();
    for task in tasks {
        clients.push(task.await.unwrap());
    }
    (clients, Rc::into_inner(total).unwrap().into_inner())
}

async fn ask(address: SocketAddr, client: &mut Client, end: Instant, total: &RefCell<Run>) {
    let mut stream = None;
    let mut buffer = Vec::with_capacity(4096);
    while Instant::now() < end {
        let request = client.request();
        let begun = Instant::now();
        let exchange = exchange(address, &mut stream, &request, &mut buffer);
        let answer = timeout_at(begun + PATIENCE, exchange).await.ok().flatten();
        let took = begun.elapsed();
        let mut total = total.borrow_mut();
        let is_sampled = total.took.len().is_multiple_of(SAMPLE);
        match answer {
            Some(answer) if answer.status == 200 && client.accept(answer.body, is_sampled) => {
                total.took.push(took);
            }
            _ => {
                total.failed += 1;
                stream = None;
            }
        }
    }
}

impl Client {
    fn request(&self) -> Rc<Vec<u8>> {
        match self {
            Self::Same(request) => Rc::clone(request),
            Self::Expired(mint) => Rc::new(mint.borrow_mut().request()),
            Self::Envelope(token) => {
                let body = format!(r#"{{"refreshToken":"{token}"}}"#);
                Rc::new(post("/api/refresh", &body))
            }
        }
    }

    /// Whether that is what was asked for, as far as it is looked at.
    fn accept(&mut self, body: &[u8], is_sampled: bool) -> bool {
        match self {
            Self::Same(_) => true,
            Self::Expired(_) if !is_sampled => true,
            Self::Expired(mint) => {
                let body: Value = serde_json::from_slice(body).unwrap_or_default();
                let token = body["access_token"].as_str().unwrap_or_default();
                mint.borrow().has_signed(token)
            }
            Self::Envelope(token) => {
                let body: Value = serde_json::from_slice(body).unwrap_or_default();
                let next = body["data"]["refreshToken"].as_str().unwrap_or_default();
                let is_next = !next.is_empty() && next != token;
                next.clone_into(token);
                is_next
            }
        }
    }
}

/// A request with a JSON body, as bytes.
pub(crate) fn post(path: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!(
        "POST {path} HTTP/1.1\r\nHost: remint\r\nContent-Type: application/json\r\nContent-Length: \
         {length}\r\n\r\n{body}"
    )
    .into_bytes()
}
