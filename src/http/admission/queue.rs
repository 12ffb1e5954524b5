//! Places, and a short queue for them.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, sleep_until, timeout};
use tracing::warn;

/// How long a request waits for a place, unless there is too much to do: as long as a bunch of
/// them, or a database that stumbles, may take.
const PATIENCE: Duration = Duration::from_millis(250);

/// How long it waits if there is: once nobody had a place [`SOON`] for [`PATIENCE`], or somebody was
/// turned away within [`LOAD_LASTS`].
const PATIENCE_UNDER_LOAD: Duration = Duration::from_millis(5);

/// A queue in which some wait for no longer than this moves on, also if it never empties.
const SOON: Duration = Duration::from_millis(20);

/// For how long there is too much to do after somebody was turned away.
const LOAD_LASTS: Duration = Duration::from_secs(1);

/// Between two answers to requests that are turned away, where there are many.
const PACE: Duration = Duration::from_millis(1);

/// The longest that such an answer waits for its turn.
const LATEST_ANSWER: Duration = Duration::from_millis(500);

/// Between two lines of the log about those who were turned away.
const REPORT_EVERY: Duration = Duration::from_secs(1);

/// Who is turned away comes back after 1, 2, … up to so many seconds in turn, so that not all come back at once.
const LONGEST_RETRY_AFTER: u64 = 3;

/// How many requests are worked on, and how many wait for that.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AdmissionSettings {
    /// The most that are worked on at a time.
    pub max_concurrent: usize,
    /// The most that wait.
    pub max_queued: usize,
}

/// Gives out places, first come first served.
pub(super) struct Queue {
    places: Arc<Semaphore>,
    waiting: Semaphore,
    state: Mutex<State>,
}

/// The right to be worked on; whoever leaves it, or drops it with all its clones, makes room.
#[derive(Clone)]
pub(in crate::http) struct Place(Arc<Mutex<Option<OwnedSemaphorePermit>>>);

impl Place {
    fn of(permit: OwnedSemaphorePermit) -> Self {
        Self(Arc::new(Mutex::new(Some(permit))))
    }

    pub(super) fn leave(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
    }
}

/// There is no place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::http) struct TurnedAway {
    /// In how many seconds to come back.
    pub(in crate::http) retry_after: u64,
}

struct State {
    /// When somebody had a place at once, or soon.
    flowed: Instant,
    /// How many were turned away.
    turned_away: u64,
    /// When the last of them was.
    last: Option<Instant>,
    /// When the next of them is answered at the earliest.
    next_answer: Instant,
    /// How many the log knows of, and since when.
    reported: Option<(u64, Instant)>,
}

impl Queue {
    pub(super) fn new(settings: AdmissionSettings) -> Self {
        let now = Instant::now();
        Self {
            places: Arc::new(Semaphore::new(settings.max_concurrent)),
            waiting: Semaphore::new(settings.max_queued),
            state: Mutex::new(State {
                flowed: now,
                turned_away: 0,
                last: None,
                next_answer: now,
                reported: None,
            }),
        }
    }

    /// A place, at once or after a short while.
    pub(super) async fn enter(&self) -> Result<Place, TurnedAway> {
        if let Ok(place) = Arc::clone(&self.places).try_acquire_owned() {
            self.state().flowed = Instant::now();
            return Ok(Place::of(place));
        }
        let began = Instant::now();
        let Some(place) = self.wait().await else {
            return Err(self.turn_away().await);
        };
        if began.elapsed() < SOON {
            self.state().flowed = Instant::now();
        }
        Ok(place)
    }

    /// A place, if there is room to wait for it and it comes in time.
    async fn wait(&self) -> Option<Place> {
        let _waiting = self.waiting.try_acquire().ok()?;
        let patience = self.state().patience();
        let place = timeout(patience, Arc::clone(&self.places).acquire_owned());
        place.await.ok()?.ok().map(Place::of)
    }

    async fn turn_away(&self) -> TurnedAway {
        let (turned_away, answer) = self.state().turn_away();
        if answer > Instant::now() {
            sleep_until(answer).await;
        }
        turned_away
    }

    /// A panic elsewhere leaves the state as it was: it is changed in single steps.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn patience(&self) -> Duration {
        let is_loaded = self.flowed.elapsed() > PATIENCE
            || self.last.is_some_and(|last| last.elapsed() < LOAD_LASTS);
        if is_loaded {
            PATIENCE_UNDER_LOAD
        } else {
            PATIENCE
        }
    }

    /// What one more is told, and when.
    fn turn_away(&mut self) -> (TurnedAway, Instant) {
        let now = Instant::now();
        let retry_after = 1 + self.turned_away % LONGEST_RETRY_AFTER;
        let answer = self.next_answer.clamp(now, now + LATEST_ANSWER);
        self.turned_away += 1;
        self.last = Some(now);
        self.next_answer = answer + PACE;
        self.report(now);
        (TurnedAway { retry_after }, answer)
    }

    /// A line for each request would cost more than the request.
    fn report(&mut self, now: Instant) {
        let (reported, at) = self.reported.unzip();
        if at.is_some_and(|at| now - at < REPORT_EVERY) {
            return;
        }
        let requests = self.turned_away - reported.unwrap_or_default();
        self.reported = Some((self.turned_away, now));
        warn!(
            requests,
            "turned away since the last such line: there are more than MAX_CONCURRENT_REQUESTS and \
             MAX_QUEUED_REQUESTS allow, or the database is slow"
        );
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;
    use futures_util::future::join_all;

    use super::*;

    fn queue(max_concurrent: usize, max_queued: usize) -> Queue {
        Queue::new(AdmissionSettings {
            max_concurrent,
            max_queued,
        })
    }

    #[tokio::test(start_paused = true)]
    async fn a_place_that_is_left_goes_to_the_first_who_waits() {
        let queue = queue(1, 2);
        let taken = queue.enter().await.unwrap();
        let (mut first, mut second) = (Box::pin(queue.enter()), Box::pin(queue.enter()));
        assert!((&mut first).now_or_never().is_none());
        assert!((&mut second).now_or_never().is_none());

        drop(taken);

        assert!((&mut second).now_or_never().is_none());
        first.await.unwrap();
        second.await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_finds_the_queue_full_is_turned_away_at_once() {
        let queue = queue(1, 1);
        let _taken = queue.enter().await;
        let mut waits = Box::pin(queue.enter());
        assert!((&mut waits).now_or_never().is_none());

        let turned = queue.enter().now_or_never().unwrap();

        assert_eq!(turned.err(), Some(TurnedAway { retry_after: 1 }));
    }

    #[tokio::test(start_paused = true)]
    async fn many_who_are_turned_away_hear_so_one_after_the_other() {
        let queue = queue(1, 0);
        let _taken = queue.enter().await;

        let began = Instant::now();
        let turned = join_all((0..5).map(|_| queue.enter())).await;

        let retry_after = |turned: Result<_, TurnedAway>| turned.err().unwrap().retry_after;
        let turned: Vec<_> = turned.into_iter().map(retry_after).collect();
        assert_eq!(turned, [1, 2, 3, 1, 2]);
        assert!(began.elapsed() >= 4 * PACE);
        queue.state().next_answer = began + 2 * PATIENCE + LATEST_ANSWER;
        queue.enter().await.err().unwrap();
        assert!(began.elapsed() < 2 * PATIENCE + LATEST_ANSWER);
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_goes_away_leaves_the_queue() {
        let queue = queue(1, 1);
        let taken = queue.enter().await;
        assert!(queue.enter().now_or_never().is_none());

        let mut waits = Box::pin(queue.enter());

        assert!((&mut waits).now_or_never().is_none());
        drop(taken);
        waits.await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_waits_for_long_where_no_place_was_free_for_long() {
        let queue = queue(1, 9);
        let _taken = queue.enter().await;
        queue.state().flowed -= 2 * PATIENCE;

        let began = Instant::now();
        queue.enter().await.err().unwrap();

        assert_eq!(began.elapsed(), PATIENCE_UNDER_LOAD);
    }

    #[tokio::test(start_paused = true)]
    async fn where_places_come_soon_whoever_has_none_yet_may_wait_for_longer() {
        let queue = queue(1, 9);
        let taken = queue.enter().await.unwrap();
        queue.state().flowed -= 2 * PATIENCE;
        let mut waits = Box::pin(queue.enter());
        assert!((&mut waits).now_or_never().is_none());
        drop(taken);
        let _taken = waits.await.unwrap();

        let began = Instant::now();
        queue.enter().await.err().unwrap();

        assert_eq!(began.elapsed(), PATIENCE);
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_waits_for_long_and_less_once_somebody_was_turned_away() {
        let queue = queue(1, 9);
        let _taken = queue.enter().await;

        let began = Instant::now();
        queue.enter().await.err().unwrap();
        let first = began.elapsed();
        let again = Instant::now();
        queue.enter().await.err().unwrap();
        let second = again.elapsed();

        assert_eq!(first, PATIENCE);
        assert_eq!(second, PATIENCE_UNDER_LOAD);
    }
}
