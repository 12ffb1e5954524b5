//! What is counted for whom.

use std::fmt;
use std::num::NonZeroU32;
use std::time::Duration;

use crate::domain::{ClientNetwork, SessionId};
use crate::metrics::LimitKind;
use crate::service::Throttled;

/// One thing that is counted for one session or client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Bucket {
    /// Failed attempts of a client.
    Failures(ClientNetwork),
    /// Requests of a client.
    Requests(ClientNetwork),
    /// Refreshes of a session.
    Session(SessionId),
}

impl Bucket {
    pub(super) fn kind(&self) -> LimitKind {
        match self {
            Self::Failures(_) => LimitKind::Failures,
            Self::Requests(_) => LimitKind::Requests,
            Self::Session(_) => LimitKind::Session,
        }
    }
}

impl fmt::Display for Bucket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failures(client) => write!(f, "failures:{client}"),
            Self::Requests(client) => write!(f, "requests:{client}"),
            Self::Session(session) => write!(f, "session:{session}"),
        }
    }
}

/// One more of what a bucket counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Take {
    pub(super) bucket: Bucket,
    /// What is taken for; the same is taken once.
    pub(super) step: Option<u64>,
}

impl Take {
    pub(super) fn exchange(session: SessionId, generation: Option<u64>) -> Self {
        Self {
            bucket: Bucket::Session(session),
            step: generation,
        }
    }

    pub(super) fn failure(client: ClientNetwork) -> Self {
        Self {
            bucket: Bucket::Failures(client),
            step: None,
        }
    }

    pub(super) fn request(client: ClientNetwork) -> Self {
        Self {
            bucket: Bucket::Requests(client),
            step: None,
        }
    }
}

/// That there were too many, and `wait` until there may be one more.
pub(super) fn throttled(limit: NonZeroU32, wait: Duration) -> Throttled {
    Throttled {
        limit: limit.get(),
        // Rounded up: whoever comes at that second is let through.
        retry_after: (wait.as_secs() + u64::from(wait.subsec_nanos() > 0)).max(1),
    }
}
