//! Ending everything that a user has.

use crate::domain::Clock;

use super::{SessionError, SessionStore};

/// How often a cut-off is moved forward that took until another second. It takes as long as a
/// statement, so more than one is rare.
const TRIES: usize = 8;

/// Ends everything of a user's that was issued until this returns.
///
/// A refresh may look for the cut-off just before it is there, and give out a token of a later
/// second than it was set to. So it is moved forward until it names the second that it was
/// written in: whoever did not see it had read the clock by then.
pub(super) async fn cut_off(
    sessions: &dyn SessionStore,
    clock: &dyn Clock,
    user_key: &str,
) -> Result<(), SessionError> {
    let mut at = clock.now();
    for _ in 0..TRIES {
        sessions.cut_off(user_key, at).await?;
        let now = clock.now();
        // A clock that stepped back tells nothing of what was given out before.
        if now.timestamp() <= at.timestamp() {
            return Ok(());
        }
        at = now;
    }
    Err(SessionError::Contended)
}
