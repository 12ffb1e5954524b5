//! Look-ups that are asked for at the same time, answered by one query.
//!
//! What a caller may rely on:
//!
//! - **Never older than the question.** A query answers only what was asked for before it began.
//! - **A lone caller waits for nobody.** With nothing under way its query starts at once, in its
//!   own task, and there is no timer.
//! - **In order, and bounded.** What is asked for while a query is under way goes into the next
//!   one, first come first served, [`MOST`] at a time and one query at a time.
//! - **Nobody is answered too late.** Whoever has waited for longer than the patience when a query
//!   begins is not in it: what nobody waits for any more must not be asked, or done, later.
//! - **Whoever goes away holds nobody up.** A caller that stops waiting is left out of the next
//!   query; if it was the one whose task ran the query, the next one starts all the same.
//!
//! Nothing is remembered: once a query has answered, its answers are gone.
//!
//! *Why one at a time.* While one query is under way the next one fills up, so the busier the
//! service is, the less a look-up costs. With several under way each would carry a few, and the
//! cost of a query (a wake-up of another thread, a round trip, a plan) is paid per query.
//!
//! *Why those who are ready go first, where callers have met.* The callers of a query are woken
//! together, and the first of their next requests would set off alone, with all others right behind
//! it: every other query would carry one.

#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::mem;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::task::yield_now;

/// The most look-ups of one query.
pub(super) const MOST: usize = 256;

/// Answers many questions with one query.
#[async_trait]
pub(super) trait Batch: Send + Sync + 'static {
    type Question: Send + 'static;
    type Answer: Send + 'static;

    /// One answer to each question, in their order. Ends within a deadline of its own.
    async fn answer(&self, questions: Vec<Self::Question>) -> Vec<Self::Answer>;
}

/// Gathers the questions of callers that do not know of each other.
pub(super) struct Gather<B: Batch>(Arc<Shared<B>>);

struct Shared<B: Batch> {
    batch: B,
    patience: Duration,
    queue: Mutex<Queue<B>>,
}

struct Queue<B: Batch> {
    /// Whether there is a [`Turn`].
    under_way: bool,
    /// Whether anybody had to wait since a query last began for one caller.
    crowded: bool,
    waiting: VecDeque<Waiting<B>>,
}

struct Waiting<B: Batch> {
    question: B::Question,
    asked: Instant,
    caller: oneshot::Sender<B::Answer>,
}

impl<B: Batch> Waiting<B> {
    fn new(question: B::Question) -> (Self, oneshot::Receiver<B::Answer>) {
        let (caller, answer) = oneshot::channel();
        let waiting = Self {
            question,
            asked: Instant::now(),
            caller,
        };
        (waiting, answer)
    }
}

impl<B: Batch> Gather<B> {
    /// Each caller waits for its turn for as long as `patience`.
    pub(super) fn new(batch: B, patience: Duration) -> Self {
        let waiting = VecDeque::new();
        let queue = Mutex::new(Queue {
            under_way: false,
            crowded: false,
            waiting,
        });
        Self(Arc::new(Shared {
            batch,
            patience,
            queue,
        }))
    }

    /// What answers the questions.
    pub(super) fn batch(&self) -> &B {
        &self.0.batch
    }

    /// The answer to `question`; none if its turn came too late, or the query that should have given
    /// it panicked.
    pub(super) async fn ask(&self, question: B::Question) -> Option<B::Answer> {
        let answer = match self.enter(question) {
            Entry::First(turn, question) => {
                if turn.after_a_crowd {
                    yield_now().await;
                }
                match turn.alone(question) {
                    Ok(question) => {
                        let mut answers = turn.shared.batch.answer(vec![question]).await;
                        return answers.pop();
                    }
                    Err(answer) => answer,
                }
            }
            Entry::Waits(answer) => answer,
        };
        answer.await.ok()
    }

    /// How many wait for the query before theirs.
    pub(super) fn waiting(&self) -> usize {
        self.0.lock().waiting.len()
    }

    fn enter(&self, question: B::Question) -> Entry<B> {
        let mut queue = self.0.lock();
        if queue.under_way {
            queue.crowded = true;
            let (waiting, answer) = Waiting::new(question);
            queue.waiting.push_back(waiting);
            return Entry::Waits(answer);
        }
        queue.under_way = true;
        let turn = Turn {
            shared: Arc::clone(&self.0),
            after_a_crowd: mem::take(&mut queue.crowded),
            handed_on: false,
        };
        Entry::First(turn, question)
    }
}

enum Entry<B: Batch> {
    First(Turn<B>, B::Question),
    Waits(oneshot::Receiver<B::Answer>),
}

impl<B: Batch> Shared<B> {
    /// A panic elsewhere leaves the queue as it was: it is changed in single steps.
    fn lock(&self) -> MutexGuard<'_, Queue<B>> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The right to run a query; there is one at most. When it is given up, by whatever way, it goes
/// on to those who wait.
struct Turn<B: Batch> {
    shared: Arc<Shared<B>>,
    /// Whether callers have met before it.
    after_a_crowd: bool,
    /// Whether it was handed to a runtime that has not begun with it.
    handed_on: bool,
}

impl<B: Batch> Turn<B> {
    /// The question, if nobody else has one by now. Otherwise a query of many answers it: not in
    /// the task of this caller, who may go away.
    fn alone(&self, question: B::Question) -> Result<B::Question, oneshot::Receiver<B::Answer>> {
        let mut queue = self.shared.lock();
        if queue.waiting.is_empty() {
            return Ok(question);
        }
        let (waiting, answer) = Waiting::new(question);
        queue.waiting.push_front(waiting);
        Err(answer)
    }

    /// Answers those who wait, until nobody does.
    async fn serve(mut self) {
        self.handed_on = false;
        loop {
            let (questions, callers) = self.next();
            if questions.is_empty() {
                return;
            }
            let answers = self.shared.batch.answer(questions).await;
            for (caller, answer) in callers.into_iter().zip(answers) {
                // Whoever has gone meanwhile needs no answer.
                caller.send(answer).ok();
            }
            yield_now().await;
        }
    }

    /// The next ones who still wait.
    fn next(&self) -> (Vec<B::Question>, Vec<oneshot::Sender<B::Answer>>) {
        let mut queue = self.shared.lock();
        queue.drop_gone(self.shared.patience);
        let count = queue.waiting.len().min(MOST);
        let next = queue.waiting.drain(..count);
        next.map(|waiting| (waiting.question, waiting.caller))
            .unzip()
    }
}

impl<B: Batch> Queue<B> {
    fn drop_gone(&mut self, patience: Duration) {
        let now = Instant::now();
        let waits = |it: &Waiting<B>| !it.caller.is_closed() && now - it.asked < patience;
        self.waiting.retain(waits);
    }
}

impl<B: Batch> Drop for Turn<B> {
    fn drop(&mut self) {
        let mut queue = self.shared.lock();
        queue.drop_gone(self.shared.patience);
        if !queue.waiting.is_empty()
            && !self.handed_on
            && let Ok(runtime) = Handle::try_current()
        {
            drop(queue);
            let next = Self {
                shared: Arc::clone(&self.shared),
                after_a_crowd: true,
                handed_on: true,
            };
            runtime.spawn(next.serve());
            return;
        }
        // A runtime that is not there, or is going down, has nobody left who could wait.
        queue.waiting.clear();
        queue.under_way = false;
    }
}
