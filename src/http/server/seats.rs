//! Who is connected, and since when without a request.
//!
//! A connection costs a client next to nothing, and each may sit idle for longer than a minute. So
//! that nobody keeps everybody else out with idle ones, whoever sat idle for the longest makes room
//! once there is none left.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, sleep};

/// Who sat idle for less is left alone: an answer may still be on its way to them.
const LEAST_IDLE: Duration = Duration::from_secs(1);

/// The connections that there may be.
pub(super) struct Seats {
    free: Arc<Semaphore>,
    taken: Arc<Mutex<Taken>>,
}

#[derive(Default)]
struct Taken {
    /// What the next seat is known by.
    next: u64,
    seats: HashMap<u64, Arc<Sitter>>,
}

/// One connection; it ends with this.
pub(super) struct Seat {
    number: u64,
    sitter: Arc<Sitter>,
    taken: Arc<Mutex<Taken>>,
    _free: OwnedSemaphorePermit,
}

struct Sitter {
    /// None while there is a request.
    idle_since: Mutex<Option<Instant>>,
    leave: Notify,
}

impl Seats {
    pub(super) fn new(count: usize) -> Self {
        Self {
            free: Arc::new(Semaphore::new(count)),
            taken: Arc::default(),
        }
    }

    /// A seat, for which somebody may have to leave.
    pub(super) async fn take(&self) -> Seat {
        loop {
            if let Some(seat) = self.try_take() {
                return seat;
            }
            lock(&self.taken).dismiss_longest_idle();
            tokio::select! {
                Ok(free) = Arc::clone(&self.free).acquire_owned() => return self.seat(free),
                () = sleep(LEAST_IDLE) => {}
            }
        }
    }

    /// A seat that is free.
    pub(super) fn try_take(&self) -> Option<Seat> {
        let free = Arc::clone(&self.free).try_acquire_owned().ok()?;
        Some(self.seat(free))
    }

    /// Waits until all of the `count` seats are free.
    pub(super) async fn all_left(&self, count: usize) {
        let count = u32::try_from(count).unwrap_or(u32::MAX);
        self.free.acquire_many(count).await.ok();
    }

    fn seat(&self, free: OwnedSemaphorePermit) -> Seat {
        let sitter = Arc::new(Sitter {
            idle_since: Mutex::new(Some(Instant::now())),
            leave: Notify::new(),
        });
        let mut taken = lock(&self.taken);
        let number = taken.next;
        taken.next += 1;
        taken.seats.insert(number, Arc::clone(&sitter));
        Seat {
            number,
            sitter,
            taken: Arc::clone(&self.taken),
            _free: free,
        }
    }
}

impl Taken {
    fn dismiss_longest_idle(&self) {
        let idle = self.seats.values().filter_map(|sitter| {
            let since = (*lock(&sitter.idle_since))?;
            (since.elapsed() >= LEAST_IDLE).then_some((since, sitter))
        });
        if let Some((_, sitter)) = idle.min_by_key(|(since, _)| *since) {
            sitter.leave.notify_one();
        }
    }
}

impl Seat {
    /// From now on there is a request.
    pub(super) fn work(&self) {
        *lock(&self.sitter.idle_since) = None;
    }

    /// From now on there is none.
    pub(super) fn rest(&self) {
        *lock(&self.sitter.idle_since) = Some(Instant::now());
    }

    /// Ready when somebody else is to have the seat.
    pub(super) async fn dismissed(&self) {
        loop {
            self.sitter.leave.notified().await;
            // A request may have come in the meantime.
            if lock(&self.sitter.idle_since).is_some() {
                return;
            }
        }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        lock(&self.taken).seats.remove(&self.number);
    }
}

/// A panic elsewhere leaves what is locked as it was: it is changed in single steps.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    fn idle_for(seat: &Seat, time: Duration) {
        *lock(&seat.sitter.idle_since) = Instant::now().checked_sub(time);
    }

    #[tokio::test]
    async fn who_sat_idle_for_the_longest_makes_room() {
        let seats = Seats::new(3);
        let taken = [(); 3].map(|()| seats.try_take().unwrap());
        idle_for(&taken[0], 2 * LEAST_IDLE);
        idle_for(&taken[1], 3 * LEAST_IDLE);
        taken[2].work();

        assert!(seats.take().now_or_never().is_none());

        let left = taken.each_ref().map(|seat| seat.dismissed().now_or_never());
        assert_eq!(left, [None, Some(()), None]);
    }

    #[tokio::test]
    async fn nobody_leaves_in_the_middle_of_a_request_or_just_after() {
        let seats = Seats::new(2);
        let taken = [(); 2].map(|()| seats.try_take().unwrap());
        taken[0].work();
        taken[1].rest();

        assert!(seats.take().now_or_never().is_none());

        for seat in &taken {
            assert!(seat.dismissed().now_or_never().is_none());
        }
    }

    #[tokio::test]
    async fn a_seat_that_is_left_is_the_next_ones() {
        let seats = Seats::new(1);
        let first = seats.take().await;
        assert!(seats.try_take().is_none());

        drop(first);

        assert!(seats.try_take().is_some());
    }
}
