//! Instructions instead of time: the same on a machine that others use as well.

use std::rc::Rc;

use remint::domain::{Clock as _, SystemClock};

use super::closed::{Client, Until, run};
use super::fill::Rows;
use super::service::{SECRET, Service};
use super::tokens::{Mint, Stock};

/// How many refreshes are counted.
const COUNTED: usize = 1_000;

/// Those before them warm up.
const WARM_UP: usize = 200;

/// Who refreshes.
#[derive(Clone, Copy)]
pub(crate) enum By<'a> {
    /// Refresh tokens of the contract `envelope`.
    Envelope,
    /// Expired tokens, in that mode.
    Expired(&'a str),
}

/// What one refresh takes with so many clients at a time: the difference of two runs under valgrind,
/// so that the start is not in it.
pub(crate) async fn instructions(by: By<'_>, clients: usize) -> u64 {
    let short = count(by, clients, WARM_UP).await;
    let long = count(by, clients, WARM_UP + COUNTED).await;
    long.saturating_sub(short) / u64::try_from(COUNTED).unwrap()
}

async fn count(by: By<'_>, clients: usize, refreshes: usize) -> u64 {
    let mode = match by {
        By::Envelope => "stateless",
        By::Expired(mode) => mode,
    };
    let settings = [("REFRESH_MODE", mode)];
    let service = Service::under_callgrind(&settings).await;
    let users = Rows::default().users;
    let mint = Mint::new(SECRET, SystemClock.now().timestamp(), users);
    let stock = Rc::new(Stock::new(mint));
    stock.fill(refreshes);
    let mut asking = Vec::new();
    for user in (0..users).take(clients) {
        asking.push(match by {
            By::Envelope => Client::Envelope(service.log_in(user).await),
            By::Expired(_) => Client::Expired(Rc::clone(&stock)),
        });
    }
    let (_, done) = run(service.address, asking, Until::Asked(refreshes)).await;
    assert_eq!(done.took.len(), refreshes, "some were not answered well");
    service.stop_and_count()
}
