//! Connections, and the end of the process.

use std::time::Duration;

use crate::http::{AdmissionSettings, ServerSettings};

use super::vars::Vars;

/// The bounds of connections.
pub(super) fn read(vars: &mut Vars) -> ServerSettings {
    let head = vars.bounded("REQUEST_HEAD_TIMEOUT_SECONDS", 10, 1..=300);
    let idle = vars.bounded("KEEP_ALIVE_SECONDS", 75, 1..=3_600);
    let delay = vars.bounded("SHUTDOWN_DELAY_SECONDS", 0, 0..=600);
    let shutdown = vars.bounded("SHUTDOWN_TIMEOUT_SECONDS", 20, 1..=600);
    let connections = vars.bounded("MAX_CONNECTIONS", 4_096, 1..=1_000_000);
    ServerSettings {
        max_connections: usize::try_from(connections).unwrap_or(usize::MAX),
        head_deadline: Duration::from_secs(head.into()),
        idle_deadline: Duration::from_secs(idle.into()),
        shutdown_delay: Duration::from_secs(delay.into()),
        shutdown_deadline: Duration::from_secs(shutdown.into()),
    }
}

/// How many requests are worked on.
pub(super) fn admission(vars: &mut Vars) -> AdmissionSettings {
    let concurrent = vars.bounded("MAX_CONCURRENT_REQUESTS", 64, 1..=100_000);
    let queued = vars.bounded("MAX_QUEUED_REQUESTS", 1_024, 0..=100_000);
    AdmissionSettings {
        max_concurrent: usize::try_from(concurrent).unwrap_or(usize::MAX),
        max_queued: usize::try_from(queued).unwrap_or(usize::MAX),
    }
}
