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

use crate::harness::process::Place;

use self::invariants::SETTINGS;

/// Where the real binary runs on that database, with the settings that the invariants want.
fn place(url: &str) -> Place {
    let place = Place::new().with("DATABASE_URL", url);
    let settings = SETTINGS.into_iter();
    settings.fold(place, |place, (name, value)| place.with(name, value))
}
