//! What is asked for.

use super::servers::Engine;

/// What is asked for, and where it is kept.
#[derive(Clone, Copy)]
pub(crate) struct Workload {
    pub(crate) name: &'static str,
    pub(crate) engine: Engine,
    pub(crate) contract: Contract,
    /// The most that it may cost, in requests to the floor.
    pub(crate) target: f64,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Contract {
    Stateless,
    SingleUse,
    Envelope,
}

/// Each of them.
#[rustfmt::skip]
pub(crate) const WORKLOADS: [Workload; 9] = [
    Workload { name: "stateless, SQLite", engine: Engine::Sqlite, contract: Contract::Stateless, target: 2.2 },
    Workload { name: "stateless, PostgreSQL", engine: Engine::Postgres, contract: Contract::Stateless, target: 2.2 },
    Workload { name: "stateless, MariaDB", engine: Engine::MariaDb, contract: Contract::Stateless, target: 2.2 },
    Workload { name: "single_use, SQLite", engine: Engine::Sqlite, contract: Contract::SingleUse, target: 4.5 },
    Workload { name: "envelope, SQLite", engine: Engine::Sqlite, contract: Contract::Envelope, target: 4.5 },
    Workload { name: "single_use, PostgreSQL", engine: Engine::Postgres, contract: Contract::SingleUse, target: 3.5 },
    Workload { name: "envelope, PostgreSQL", engine: Engine::Postgres, contract: Contract::Envelope, target: 3.5 },
    Workload { name: "single_use, MariaDB", engine: Engine::MariaDb, contract: Contract::SingleUse, target: 3.5 },
    Workload { name: "envelope, MariaDB", engine: Engine::MariaDb, contract: Contract::Envelope, target: 3.5 },
];
