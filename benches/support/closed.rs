//! So many clients at any time, each of which asks again as soon as it is answered.

use std::cell::{Cell, RefCell};
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use serde_json::Value;
use tokio::task::LocalSet;
use tokio::time::{Instant, timeout_at};

use super::exchange::{Answer, exchange};
use super::tokens::Stock;

/// One answer in so many is looked at.
const SAMPLE: usize = 100;

/// Whoever has no answer so long after the end has given up.
const PATIENCE: Duration = Duration::from_secs(10);

/// So long may a fixed number of requests take.
const LONGEST: Duration = Duration::from_mins(10);

/// When the clients stop.
#[derive(Clone, Copy)]
pub(crate) enum Until {
    /// After so long.
    Over(Duration),
    /// As soon as they have asked so often together.
    Asked(usize),
}

/// What a client sends.
pub(crate) enum Client {
    /// The same request again and again, whose answers are not looked at.
    Same(Rc<Vec<u8>>),
    /// Another expired token each time.
    Expired(Rc<Stock>),
    /// The refresh token of its last answer.
    Envelope(String),
}

/// What came of them all.
#[derive(Default)]
pub(crate) struct Run {
    /// How long each one took that was answered 200.
    pub(crate) took: Vec<Duration>,
    /// How many of them were answered before the end.
    pub(crate) in_time: usize,
    /// How many were answered 503.
    pub(crate) turned_away: usize,
    /// How many were answered something else, not in time, or not what was asked for.
    pub(crate) failed: usize,
}

struct Shared {
    address: SocketAddr,
    end: Instant,
    until: Until,
    asked: Cell<usize>,
    total: RefCell<Run>,
}

/// Has `clients` ask; they are given back, to go on from there.
pub(crate) async fn run(
    address: SocketAddr,
    clients: Vec<Client>,
    until: Until,
) -> (Vec<Client>, Run) {
    let end = Instant::now()
        + match until {
            Until::Over(time) => time,
            Until::Asked(_) => LONGEST,
        };
    let shared = Rc::new(Shared {
        address,
        end,
        until,
        asked: Cell::default(),
        total: RefCell::default(),
    });
    let local = LocalSet::new();
    let start = |mut client: Client| {
        let shared = Rc::clone(&shared);
        local.spawn_local(async move {
            // For all requests together: a timer for each would be a part of what is measured.
            let asked = timeout_at(end + PATIENCE, shared.ask(&mut client)).await;
            if asked.is_err() {
                shared.total.borrow_mut().failed += 1;
            }
            client
        })
    };
    let tasks: Vec<_> = clients.into_iter().map(start).collect();
    local.await;
    let mut clients = Vec::new();
    for task in tasks {
        clients.push(task.await.unwrap());
    }
    let Some(shared) = Rc::into_inner(shared) else {
        unreachable!("every client has ended");
    };
    (clients, shared.total.into_inner())
}

impl Shared {
    async fn ask(&self, client: &mut Client) {
        let mut stream = None;
        let mut buffer = Vec::with_capacity(4096);
        while !self.is_over() {
            self.asked.set(self.asked.get() + 1);
            let request = client.request();
            let begun = Instant::now();
            let answer = exchange(self.address, &mut stream, &request, &mut buffer).await;
            self.note(begun, client, answer.as_ref());
            if answer.is_none() {
                stream = None;
            }
        }
    }

    fn is_over(&self) -> bool {
        match self.until {
            Until::Over(_) => Instant::now() >= self.end,
            Until::Asked(most) => self.asked.get() >= most,
        }
    }

    fn note(&self, begun: Instant, client: &mut Client, answer: Option<&Answer<'_>>) {
        let now = Instant::now();
        let mut total = self.total.borrow_mut();
        let is_sampled = total.took.len().is_multiple_of(SAMPLE);
        match answer {
            Some(answer) if answer.status == 200 && client.accept(answer.body, is_sampled) => {
                total.took.push(now - begun);
                total.in_time += usize::from(now < self.end);
            }
            Some(answer) if answer.status == 503 => total.turned_away += 1,
            _ => total.failed += 1,
        }
    }
}

impl Client {
    fn request(&self) -> Rc<Vec<u8>> {
        match self {
            Self::Same(request) => Rc::clone(request),
            Self::Expired(stock) => Rc::new(stock.take()),
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
            Self::Expired(stock) => {
                let body: Value = serde_json::from_slice(body).unwrap_or_default();
                let token = body["access_token"].as_str().unwrap_or_default();
                stock.mint.borrow().has_signed(token)
            }
            Self::Envelope(token) => {
                let next = text_of("refreshToken", body).unwrap_or_default();
                let is_next = !next.is_empty() && next != token;
                if is_next {
                    next.clone_into(token);
                }
                is_next && (!is_sampled || is_envelope(body, token))
            }
        }
    }
}

/// The text of the first member of that name, at little cost: no answer has quotes in it.
fn text_of<'a>(name: &str, body: &'a [u8]) -> Option<&'a str> {
    let (_, after) = std::str::from_utf8(body).ok()?.split_once(name)?;
    after.strip_prefix("\":\"")?.split('"').next()
}

/// Whether `token` is where the contract has it.
fn is_envelope(body: &[u8], token: &str) -> bool {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    body["success"] == true && body["data"]["refreshToken"] == token
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
