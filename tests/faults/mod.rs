//! What breaks around the service, one fault after the other, while clients use it.
//!
//! Every test sends the same clients through its fault; what must stay true of them is written in
//! [`invariants`].

mod calls;
mod clock;
pub(crate) mod connections;
mod invariants;
mod network;
mod process;
mod scene;
mod servers;
mod sqlite;

use remint::domain::{Clock as _, SystemClock};
use tokio::task::block_in_place;

use crate::harness::process::Place;
use crate::survival::ALICE;
use crate::survival::door::Door;

use self::invariants::{Client, SETTINGS, User, clients};

/// Where the real binary runs on that database, with the settings that the invariants want. It gives
/// nothing up: a machine that stands still for a second breaks no preparation.
fn place(url: &str) -> Place {
    let place = Place::new().with("DATABASE_URL", url);
    let patient = ("DATABASE_TIMEOUT_MILLISECONDS", "60000");
    let settings = SETTINGS.into_iter().chain([patient]);
    settings.fold(place, |place, (name, value)| place.with(name, value))
}

/// Makes the tables, and the user of the tests.
fn add_alice(place: &Place) {
    let alice = ["user", "add", "alice@example.com", "--id", ALICE];
    place.run(&alice).only_line();
}

/// The clients of a user, who logged in at a service that is gone.
async fn logged_in(place: &Place, user: &User) -> Vec<Client> {
    let service = block_in_place(|| place.serve());
    let now = SystemClock.now().timestamp();
    clients(user, now, || Door::to(&service)).await
}
