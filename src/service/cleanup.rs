//! Forgetting sessions that are over.

use std::sync::Arc;

use chrono::TimeDelta;

use crate::domain::{Clock, TokenPolicy};

use super::{Ended, SessionError, SessionStore};

/// How many rows one statement removes: few enough that refreshes do not wait for it.
const BATCH: u64 = 500;

/// Removes what no token can refer to any more. Any number of replicas may do so at once.
pub struct Cleaner {
    /// What is cleaned.
    pub sessions: Arc<dyn SessionStore>,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// The limits.
    pub policy: TokenPolicy,
}

impl Cleaner {
    /// Removes everything that is over, batch by batch; how many rows that were.
    ///
    /// A revoked session stays until it would have ended anyway: its row is what its tokens are
    /// refused by. A cut-off stays until every session that began before it is too old.
    pub async fn run(&self) -> Result<u64, SessionError> {
        let margin = self.policy.leeway + TimeDelta::minutes(1);
        let session = self.clock.now() - margin;
        let start = session - self.policy.session_max;
        let before = Ended {
            session,
            session_start: start,
            cut_off: start,
        };
        let mut removed = 0;
        loop {
            match self.sessions.remove_ended(before, BATCH).await? {
                0 => return Ok(removed),
                rows => removed += rows,
            }
        }
    }
}
