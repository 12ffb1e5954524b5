//! Requests at a rate that does not depend on the answers, as many clients make them.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::task::LocalSet;
use tokio::time::{Instant, sleep, timeout};

use super::exchange::exchange;
use super::tokens::Mint;

/// Stands for the status where all connections were busy.
pub(crate) const UNSENT: u16 = 1;

/// Whoever has no answer by then has given up.
const PATIENCE: Duration = Duration::from_secs(2);

/// Between two looks at the clock.
const TICK: Duration = Duration::from_micros(500);

/// What is sent.
#[derive(Clone, Copy)]
pub(crate) enum Load {
    /// So many requests at any time, each as soon as the one before it is answered.
    Closed(usize),
    /// So many requests a second, evenly. One that finds all connections busy is not sent.
    Open(f64),
}

/// One request, and what came of it.
#[derive(Clone, Copy)]
pub(crate) struct Answered {
    /// When it was due, since the beginning.
    pub(crate) due: Duration,
    /// How long after that the answer was there.
    pub(crate) took: Duration,
    /// The status of the answer; 0 where there was none, [`UNSENT`] where there was no request.
    pub(crate) status: u16,
}

struct Shared {
    address: SocketAddr,
    began: Instant,
    /// When the next answer makes no further request due.
    ends: Option<Instant>,
    due: RefCell<VecDeque<Instant>>,
    ready: Semaphore,
    open: Cell<usize>,
    answers: RefCell<Vec<Answered>>,
    mint: RefCell<Mint>,
}

/// Puts `load` on the service for `time`, over so many connections in turn.
pub(crate) async fn drive(
    address: SocketAddr,
    mint: Mint,
    (load, connections): (Load, usize),
    time: Duration,
) -> (Mint, Vec<Answered>) {
    let began = Instant::now();
    let ends = match load {
        Load::Closed(_) => Some(began + time),
        Load::Open(_) => None,
    };
    let shared = Rc::new(Shared {
        address,
        began,
        ends,
        due: RefCell::default(),
        ready: Semaphore::new(0),
        open: Cell::default(),
        answers: RefCell::default(),
        mint: RefCell::new(mint),
    });
    let local = LocalSet::new();
    for _ in 0..connections {
        let shared = Rc::clone(&shared);
        local.spawn_local(async move { connection(&shared).await });
    }
    local
        .run_until(schedule(&shared, (load, connections), time))
        .await;
    drop(local);
    let shared = Rc::into_inner(shared).unwrap();
    (shared.mint.into_inner(), shared.answers.into_inner())
}

/// Says when requests are due, and waits for the last answers.
async fn schedule(shared: &Shared, (load, connections): (Load, usize), time: Duration) {
    let end = shared.began + time;
    match load {
        Load::Closed(count) => {
            (0..count).for_each(|_| shared.demand(shared.began));
            sleep(time).await;
        }
        Load::Open(rate) => {
            let between = Duration::from_secs_f64(1.0 / rate);
            let mut due = shared.began;
            while due < end {
                if due <= Instant::now() {
                    if shared.open.get() < connections {
                        shared.demand(due);
                    } else {
                        shared.answers.borrow_mut().push(Answered {
                            due: due - shared.began,
                            took: Duration::ZERO,
                            status: UNSENT,
                        });
                    }
                    due += between;
                } else {
                    sleep(TICK).await;
                }
            }
        }
    }
    while shared.open.get() > 0 && end.elapsed() < PATIENCE {
        sleep(TICK).await;
    }
}

impl Shared {
    fn demand(&self, due: Instant) {
        self.due.borrow_mut().push_back(due);
        self.open.set(self.open.get() + 1);
        self.ready.add_permits(1);
    }

    fn note(&self, due: Instant, status: u16) {
        self.answers.borrow_mut().push(Answered {
            due: due - self.began,
            took: due.elapsed(),
            status,
        });
        self.open.set(self.open.get() - 1);
        if self.ends.is_some_and(|ends| Instant::now() < ends) {
            self.demand(Instant::now());
        }
    }
}

/// Sends what is due, one after the other, on a connection of its own.
async fn connection(shared: &Shared) {
    let mut stream = None;
    let mut buffer = Vec::with_capacity(4096);
    loop {
        shared.ready.acquire().await.unwrap().forget();
        let due = shared.due.borrow_mut().pop_front().unwrap();
        let left = PATIENCE.saturating_sub(due.elapsed());
        let request = shared.mint.borrow_mut().request();
        let exchange = exchange(shared.address, &mut stream, &request, &mut buffer);
        let status = timeout(left, exchange).await.ok().flatten();
        let status = status.map(|answer| answer.status);
        if status.is_none() {
            stream = None;
        }
        shared.note(due, status.unwrap_or_default());
    }
}
