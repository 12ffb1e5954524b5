//! Work that is finished, also when whoever waits for it goes away.

use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::runtime::Handle;

use crate::service::{Marked, has_begun_change, marked};

/// Work that goes on in a task of its own when whoever waits for it goes away after it has begun a change.
///
/// *Why.* The server drops the work on a request when its client hangs up. What it has changed by then stays
/// changed, and nobody would be told: there would be no line in the log, and no figure.
///
/// *Why not a task from the start.* That would be one wake-up more for each request, and hardly anybody
/// hangs up.
pub(super) struct Finished<F: Work>(Option<Pin<Box<Marked<F>>>>);

/// What a task can finish.
pub(super) trait Work: Future<Output: Send> + Send + 'static {}

impl<F: Future<Output: Send> + Send + 'static> Work for F {}

impl<F: Work> Finished<F> {
    pub(super) fn new(work: F) -> Self {
        Self(Some(Box::pin(marked(work))))
    }
}

impl<F: Work> Future for Finished<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let Some(work) = &mut self.0 else {
            return Poll::Pending;
        };
        let polled = work.as_mut().poll(context);
        if polled.is_ready() {
            self.0 = None;
        }
        polled
    }
}

impl<F: Work> Drop for Finished<F> {
    fn drop(&mut self) {
        if let Some(mut work) = self.0.take()
            && has_begun_change(work.as_mut())
            && let Ok(runtime) = Handle::try_current()
        {
            runtime.spawn(work);
        }
    }
}
