//! What is counted for whom.

use std::fmt;

use crate::domain::{ClientNetwork, SessionId};

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
