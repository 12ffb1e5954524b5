//! Work that is finished, also when whoever waits for it goes away.

use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::runtime::Handle;
use tokio_util::task::TaskTracker;

use crate::service::{Marked, has_begun_change, marked};

/// Work that goes on in a task of its own when whoever waits for it goes away after it has begun a change.
///
/// *Why.* The server drops the work on a request when its client hangs up. What it has changed by then stays
/// changed, and nobody would be told: there would be no line in the log, and no figure.
///
/// *Why not a task from the start.* That would be one wake-up more for each request, and hardly anybody
/// hangs up.
pub(super) struct Finished<'a, F: Work> {
    work: Option<Pin<Box<Marked<F>>>>,
    /// Where it goes on.
    unattended: &'a TaskTracker,
}

/// What a task can finish.
pub(super) trait Work: Future<Output: Send> + Send + 'static {}

impl<F: Future<Output: Send> + Send + 'static> Work for F {}

impl<'a, F: Work> Finished<'a, F> {
    pub(super) fn new(work: F, unattended: &'a TaskTracker) -> Self {
        Self {
            work: Some(Box::pin(marked(work))),
            unattended,
        }
    }
}

impl<F: Work> Future for Finished<'_, F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        // Not there meanwhile, so that nothing goes on that has panicked.
        let Some(mut work) = self.work.take() else {
            return Poll::Pending;
        };
        let polled = work.as_mut().poll(context);
        if polled.is_pending() {
            self.work = Some(work);
        }
        polled
    }
}

impl<F: Work> Drop for Finished<'_, F> {
    fn drop(&mut self) {
        if let Some(mut work) = self.work.take()
            && has_begun_change(work.as_mut())
            && let Ok(runtime) = Handle::try_current()
        {
            self.unattended.spawn_on(work, &runtime);
        }
    }
}
