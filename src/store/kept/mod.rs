//! Connections that are kept at hand while statements follow each other.
//!
//! *Why.* The library's pool asks each connection that is given back to it whether it still lives.
//! That is one more round trip for each statement, and a task that waits for it.
//!
//! *Why for so short a time.* A connection that is kept is one that the pool can neither ask, replace
//! nor give to others. So it is kept for some [`AT_HAND`], whether it is used or not, and never for
//! twice as long; where statements follow each other closely that is enough for dozens of them.

#[cfg(test)]
mod tests;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::sleep;

use super::lent::Lent;

/// How long a connection stays out of its pool.
const AT_HAND: Duration = Duration::from_millis(20);

/// The connections that are at hand.
#[derive(Default)]
pub(super) struct Kept(Arc<Mutex<Shelf>>);

struct Shelf {
    lent: Vec<Lent>,
    /// How long each stays out of its pool.
    at_hand: Duration,
    /// Whether somebody will come and give them back.
    is_watched: bool,
}

impl Default for Shelf {
    fn default() -> Self {
        Self {
            lent: Vec::new(),
            at_hand: AT_HAND,
            is_watched: false,
        }
    }
}

impl Kept {
    /// One of them, if there is any.
    pub(super) fn take(&self) -> Option<Lent> {
        lock(&self.0).lent.pop()
    }

    /// Keeps `lent` for the next statement, or gives it back if it was away for long enough.
    pub(super) fn keep(&self, lent: Lent) {
        let mut kept = lock(&self.0);
        if lent.away() >= kept.at_hand {
            return;
        }
        kept.lent.push(lent);
        if !kept.is_watched {
            kept.is_watched = true;
            tokio::spawn(give_back(Arc::clone(&self.0)));
        }
    }

    /// From now on keeps them for so long, on a machine that may stand still.
    #[cfg(test)]
    pub(super) fn keep_for(&self, at_hand: Duration) {
        lock(&self.0).at_hand = at_hand;
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        lock(&self.0).lent.len()
    }

    /// Hangs up all of them.
    pub(super) fn close(&self) {
        lock(&self.0).close();
    }
}

impl Shelf {
    fn close(&mut self) {
        self.lent.drain(..).for_each(Lent::close);
    }
}

impl Drop for Shelf {
    /// Giving them back takes a runtime, which may be gone.
    fn drop(&mut self) {
        self.close();
    }
}

/// Gives back what was away for long enough, until nothing is left.
async fn give_back(shelf: Arc<Mutex<Shelf>>) {
    let mut watch = Watch(Some(shelf));
    while let Some(shelf) = &watch.0 {
        let at_hand = lock(shelf).at_hand;
        sleep(at_hand).await;
        let mut shelf = lock(shelf);
        shelf.lent.retain(|lent| lent.away() < at_hand);
        if shelf.lent.is_empty() {
            shelf.is_watched = false;
            drop(shelf);
            watch.0 = None;
        }
    }
}

/// Who watches a shelf, until there is nothing more to watch.
struct Watch(Option<Arc<Mutex<Shelf>>>);

impl Drop for Watch {
    /// Where the runtime has ended before, another one may go on with the shelf.
    fn drop(&mut self) {
        if let Some(shelf) = &self.0 {
            lock(shelf).is_watched = false;
        }
    }
}

/// A panic elsewhere leaves it as it was: it is changed in single steps.
fn lock(shelf: &Mutex<Shelf>) -> MutexGuard<'_, Shelf> {
    shelf.lock().unwrap_or_else(PoisonError::into_inner)
}
