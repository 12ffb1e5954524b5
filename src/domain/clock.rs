//! Where time and chance come from.

use std::sync::Mutex;

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

/// Tells the time.
///
/// A request reads it once, so that all of its rules see the same instant.
pub trait Clock: Send + Sync {
    /// The present instant.
    fn now(&self) -> DateTime<Utc>;
}

/// The machine's clock.
#[derive(Debug, Default, Clone, Copy)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that reads the machine's clock"
    )]
    fn now(&self) -> DateTime<Utc> {
        Utc::now()
    }
}

/// A clock that stands still until it is moved, for tests.
#[derive(Debug)]
pub struct ManualClock(Mutex<DateTime<Utc>>);

impl ManualClock {
    /// A clock that stands at `now`.
    pub fn new(now: DateTime<Utc>) -> Self {
        Self(Mutex::new(now))
    }

    /// Moves the clock by `step`, which may be negative.
    pub fn advance(&self, step: TimeDelta) {
        let mut now = self
            .0
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        *now += step;
    }
}

impl Clock for ManualClock {
    fn now(&self) -> DateTime<Utc> {
        *self
            .0
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// Draws identifiers that nobody has to keep secret.
pub trait IdSource: Send + Sync {
    /// An identifier for one request, ordered by time.
    fn request_id(&self) -> Uuid;

    /// Names a session that does not come from a token, ordered by time.
    fn session_id(&self) -> Uuid;

    /// The random part of a [`super::Handle`].
    fn handle_bits(&self) -> u16;

    /// The key of a new user in the table that the service itself made.
    fn user_id(&self) -> Uuid;
}

/// Identifiers from a random source that the operating system's seeds.
#[derive(Debug, Default, Clone, Copy)]
pub struct RandomIds;

impl IdSource for RandomIds {
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that draws request ids"
    )]
    fn request_id(&self) -> Uuid {
        Uuid::now_v7()
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that draws session ids"
    )]
    fn session_id(&self) -> Uuid {
        Uuid::now_v7()
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that draws the bits of handles"
    )]
    fn handle_bits(&self) -> u16 {
        let [first, second, ..] = *Uuid::new_v4().as_bytes();
        u16::from_be_bytes([first, second])
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that draws user ids"
    )]
    fn user_id(&self) -> Uuid {
        Uuid::new_v4()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sessions_are_in_the_order_in_which_they_were_named() {
        let ids: Vec<_> = (0..100).map(|_| RandomIds.session_id()).collect();

        assert!(ids.is_sorted(), "{ids:?}");
    }
}
