//! What must stay true of sessions whatever races, breaks or is taken away.
//!
//! The tests speak to the service as a contract's clients do, see [`contract`]: a new contract is
//! one more implementation, and one more line in [`CONTRACTS`] or in [`LASTING`].

mod chance;
pub(crate) mod contract;
pub(crate) mod door;
mod interleavings;
mod kills;
mod machine;
mod model;
mod parallel;
mod revoking;
pub(crate) mod started;
mod stepwise;
mod users;
mod writes;

use sea_orm::{ConnectionTrait as _, DatabaseConnection, Statement};

use crate::harness::ADMIN;
use crate::harness::process::Place;
use crate::harness::servers::Engine;
use crate::harness::servers::daemon::variable;

use self::contract::{Contract, ExpiredToken};
use self::started::Started;

pub(crate) const ENGINES: [Engine; 3] = [Engine::Sqlite, Engine::Postgres, Engine::MariaDb];

/// The contracts whose credentials are good once.
pub(crate) const CONTRACTS: [&dyn Contract; 4] = [
    &ExpiredToken::SingleUse,
    &Started::TokenPair,
    &Started::Envelope,
    &Started::OAuth2,
];

/// The contracts whose credentials stay good: no refresh is written down.
pub(crate) const LASTING: [&dyn Contract; 3] = [
    &ExpiredToken::Stateless,
    &Started::Cookie,
    &Started::RefreshToken,
];

/// The user of most tests.
pub(crate) const ALICE: &str = "alice";

/// The settings of a service that answers in the end, however slow the machine is.
pub(crate) fn settings(contract: &dyn Contract) -> Vec<(&'static str, &'static str)> {
    let patient = [
        ("DATABASE_TIMEOUT_MILLISECONDS", "20000"),
        ("REQUEST_TIMEOUT_SECONDS", "30"),
    ];
    [&patient, &[ADMIN][..], contract.settings()].concat()
}

/// Where the real binary runs on that database.
fn place(contract: &dyn Contract, url: &str) -> Place {
    let settings = settings(contract).into_iter();
    settings.fold(
        Place::new().with("DATABASE_URL", url),
        |place, (name, value)| place.with(name, value),
    )
}

/// How often a test tries its luck: `full` times where somebody asked for it and will wait,
/// `quick` times otherwise.
pub(crate) fn rounds(full: usize, quick: usize) -> usize {
    if variable("REMINT_FULL") == "1" {
        full
    } else {
        quick
    }
}

/// A session as its row has it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) generation: i64,
    pub(crate) revoked_because: Option<String>,
}

/// The sessions that are written down, the one that began first at the front.
pub(crate) async fn rows(database: &DatabaseConnection) -> Vec<Row> {
    let sql = "SELECT generation, revoked_because FROM remint_session ORDER BY started_at, id";
    let select = Statement::from_string(database.get_database_backend(), sql);
    let rows = database.query_all_raw(select).await.unwrap();
    let row = |row: &sea_orm::QueryResult| Row {
        generation: row.try_get("", "generation").unwrap(),
        revoked_because: row.try_get("", "revoked_because").unwrap(),
    };
    rows.iter().map(row).collect()
}
