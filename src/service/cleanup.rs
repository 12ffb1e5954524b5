//! Forgetting sessions that are over.
//!
//! *Why a sweep.* An index by the end of sessions would say at once which they are, and be written
//! with each refresh, which moves it. So all of them are looked at every now and then, in the order
//! of the index that is there anyway.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};

use crate::domain::{Clock, TokenPolicy};

use super::{SessionError, SessionStore};

/// How many rows are looked at, or removed, in one go: few enough that refreshes do not wait for it.
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
    /// Removes everything that is over, piece by piece; how many rows that were.
    ///
    /// A revoked session stays until it would have ended anyway: its row is what its tokens are
    /// refused by. A cut-off stays until every session that began before it is too old.
    pub async fn run(&self) -> Result<u64, SessionError> {
        let margin = self.policy.leeway + TimeDelta::minutes(1);
        let expired = self.clock.now() - margin;
        let started = expired - self.policy.session_max;
        let over = Over { expired, started };
        // Each is tried, whatever becomes of the other.
        let sessions = self.sweep(over).await;
        let cut_offs = self.remove_cut_offs(started).await;
        Ok(sessions? + cut_offs?)
    }

    async fn sweep(&self, over: Over) -> Result<u64, SessionError> {
        let mut removed = Ok(0);
        let mut place = None;
        loop {
            let swept = self.sessions.sweep(over, place, BATCH).await?;
            // A row that somebody holds is no reason to keep all behind it.
            removed = removed.and_then(|rows| Ok(rows + swept.removed?));
            place = swept.next;
            if place.is_none() {
                return removed;
            }
        }
    }

    async fn remove_cut_offs(&self, before: DateTime<Utc>) -> Result<u64, SessionError> {
        let mut removed = 0;
        loop {
            match self.sessions.remove_cut_offs(before, BATCH).await? {
                0 => return Ok(removed),
                rows => removed += rows,
            }
        }
    }
}

/// Which sessions are so old that they may be forgotten.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Over {
    /// Those that expired before this, …
    pub expired: DateTime<Utc>,
    /// … and started before this: the settings may allow more now than when they began.
    pub started: DateTime<Utc>,
}

/// Where a sweep goes on, in the order of the sessions' ids.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The last id that was looked at.
    pub after: String,
    /// The last one that there was in the beginning. What is written down behind it meanwhile is
    /// left to the next sweep, so that each has an end.
    pub end: String,
}

/// What a stretch of a sweep came to.
#[derive(Debug)]
pub struct Swept {
    /// How many sessions were removed; or why they could not be.
    pub removed: Result<u64, SessionError>,
    /// Where the next stretch begins, if this was not the last one.
    pub next: Option<Place>,
}
