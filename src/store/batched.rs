//! Statements that many callers share, in time, and without one caller's values spoiling the
//! answers of the others.

use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use sea_orm::DbErr;
use tokio::time::timeout;
use tracing::{Instrument as _, Span};

use crate::metrics::StatementMeter;
use crate::service::begin_change;
use crate::trace;

use super::connections::Connections;
use super::dialect::Dialect;
use super::errors::{is_about_a_row, may_have_waited_for_a_row};
use super::gather::{Batch, Gather};
use super::tries::persistently;

/// A statement that answers many questions.
#[async_trait]
pub(super) trait BatchStatement: Send + Sync + 'static {
    type Question: Clone + Send + Sync + 'static;
    type Answer: Send + 'static;

    /// Whether it changes anything.
    const CHANGES: bool;

    /// Where it is run.
    fn connection(&self) -> &Connections;

    /// One answer to each question, in their order, over `connection`. Where it fails nothing has
    /// changed, or nobody knows.
    async fn run(
        &self,
        connection: &Connections,
        questions: &[Self::Question],
    ) -> Result<Vec<Result<Self::Answer, DbErr>>, DbErr>;
}

/// Why there is no answer.
#[derive(Debug, Clone)]
pub(super) enum BatchError {
    Database(DbErr),
    Timeout,
}

impl BatchError {
    /// What a span says of it.
    fn word(&self) -> &'static str {
        match self {
            Self::Database(_) => "database",
            Self::Timeout => "timeout",
        }
    }
}

/// A statement whose concurrent callers share it: see [`Gather`].
pub(super) struct Batched<S: BatchStatement> {
    gather: Gather<Arc<InTime<S>>>,
}

impl<S: BatchStatement> Batched<S> {
    /// Each statement has `deadline` to finish.
    pub(super) fn new(statement: S, deadline: Duration) -> Self {
        let batch = InTime {
            statement,
            deadline,
            meter: OnceLock::new(),
        };
        Self {
            gather: Gather::new(Arc::new(batch), deadline),
        }
    }

    pub(super) fn statement(&self) -> &S {
        &self.gather.batch().statement
    }

    /// From now on the statement is counted; by the first meter, if there are several.
    pub(super) fn measure(&self, meter: StatementMeter) {
        self.gather.batch().meter.set(meter).ok();
    }

    /// Tells the meter how many wait.
    pub(super) fn measure_queue(&self) {
        if let Some(meter) = self.gather.batch().meter.get() {
            meter.set_queue(self.gather.waiting());
        }
    }

    /// What the database says, now or later than now, within the deadline.
    pub(super) async fn ask(&self, question: S::Question) -> Result<S::Answer, BatchError> {
        let batch = self.gather.batch();
        let span = batch.span();
        let asked = timeout(batch.deadline, self.together_or_alone(question, &span));
        let answer = asked.instrument(span.clone()).await;
        noted(&span, answer.unwrap_or(Err(BatchError::Timeout)))
    }

    /// The same of a change, within three deadlines: the wait for its turn, the statement, and one
    /// of its own if the shared one was refused. A change that was said to have failed must not be
    /// made afterwards, so nobody is answered while a statement that may make it is under way.
    pub(super) async fn change(&self, question: S::Question) -> Result<S::Answer, BatchError> {
        begin_change();
        let span = self.gather.batch().span();
        let asked = self.together_or_alone(question, &span);
        noted(&span, asked.instrument(span.clone()).await)
    }

    async fn together_or_alone(
        &self,
        question: S::Question,
        span: &Span,
    ) -> Result<S::Answer, BatchError> {
        match self.gather.ask(question.clone()).await {
            Some(told) => self.gather.batch().settle(told, question, span).await,
            None => Err(BatchError::Timeout),
        }
    }

    /// What runs the statement, for those who ask for something else as well.
    pub(super) fn in_time(&self) -> Arc<InTime<S>> {
        Arc::clone(self.gather.batch())
    }
}

/// Passes on what came of a question, once its span has it.
pub(super) fn noted<A>(span: &Span, answer: Result<A, BatchError>) -> Result<A, BatchError> {
    answer.inspect_err(|error| trace::failed(span, error.word()))
}

fn given_up() -> DbErr {
    DbErr::Custom("the statement was given up".to_owned())
}

/// A statement that ends within a deadline, and is counted.
pub(super) struct InTime<S> {
    statement: S,
    deadline: Duration,
    meter: OnceLock<StatementMeter>,
}

impl<S: BatchStatement> InTime<S> {
    /// How long it may take.
    pub(super) fn deadline(&self) -> Duration {
        self.deadline
    }

    /// The span of a question; none where the statement is not counted either, as those of probes.
    pub(super) fn span(&self) -> Span {
        match self.meter.get() {
            Some(meter) => {
                let system = Dialect::of(self.statement.connection()).system();
                trace::statement(meter.word(), system)
            }
            None => Span::none(),
        }
    }

    /// Tells the meter that so many more wait than it knows of.
    pub(super) fn note_waiting(&self, callers: usize) {
        if let Some(meter) = self.meter.get() {
            meter.add_to_queue(callers);
        }
    }

    /// What a statement that begins now is run over.
    fn connection(&self) -> Connections {
        let connection = self.statement.connection();
        if S::CHANGES {
            begins_soon(connection, self.deadline)
        } else {
            connection.clone()
        }
    }

    /// What one of the callers of a shared statement is answered; by one of its own, if that was refused.
    pub(super) async fn settle(
        &self,
        told: Told<S::Answer>,
        question: S::Question,
        span: &Span,
    ) -> Result<S::Answer, BatchError> {
        trace::asked_together(span, told.together);
        match told.reply {
            Reply::Answer(answer) => answer,
            Reply::Refused => {
                // In this caller's own time: one whose row is locked must not hold up the others.
                let (begun, questions) = (Instant::now(), [question]);
                let connection = self.connection();
                let alone = persistently(|| self.statement.run(&connection, &questions));
                let answers = timeout(self.deadline, alone).await;
                let has_failed = !matches!(&answers, Ok(Ok(_)));
                self.note_run(1, begun, has_failed);
                let Ok(answers) = answers else {
                    return Err(BatchError::Timeout);
                };
                let only = |mut answers: Vec<_>| answers.pop().unwrap_or_else(|| Err(given_up()));
                answers.and_then(only).map_err(BatchError::Database)
            }
        }
    }

    /// Counts a run for so many callers.
    fn note_run(&self, callers: usize, begun: Instant, has_failed: bool) {
        if let Some(meter) = self.meter.get() {
            meter.ran(callers, begun.elapsed(), has_failed);
        }
    }
}

/// `connection` for statements that leave the database half of `deadline`: a change that begins later
/// could be made after its caller was told that there was no time for it.
pub(super) fn begins_soon(connection: &Connections, deadline: Duration) -> Connections {
    connection.until(tokio::time::Instant::now() + deadline / 2)
}

/// What a shared statement says to one caller, and how many share it.
pub(super) struct Told<A> {
    reply: Reply<A>,
    together: usize,
}

enum Reply<A> {
    Answer(Result<A, BatchError>),
    /// The server takes offence at something that it was asked; whose it is shows if each asks
    /// alone.
    Refused,
}

#[async_trait]
impl<S: BatchStatement> Batch for Arc<InTime<S>> {
    type Question = S::Question;
    type Answer = Told<S::Answer>;

    async fn answer(&self, questions: Vec<S::Question>) -> Vec<Self::Answer> {
        let connection = self.connection();
        let shared = persistently(|| self.statement.run(&connection, &questions));
        let fail = |error: BatchError| move |_| Reply::Answer(Err(error.clone()));
        let begun = Instant::now();
        let outcome = timeout(self.deadline, shared).await;
        let is_anothers =
            |error: &DbErr| is_about_a_row(error) || S::CHANGES && may_have_waited_for_a_row(error);
        let may_be_anothers = |error: &DbErr| questions.len() > 1 && is_anothers(error);
        let go_alone = matches!(&outcome, Ok(Err(error)) if may_be_anothers(error));
        let has_failed = !go_alone && !matches!(&outcome, Ok(Ok(_)));
        let together = questions.len();
        self.note_run(together, begun, has_failed);
        let replies: Vec<_> = match outcome {
            Ok(Ok(answers)) => {
                let in_words = |answer: Result<_, _>| answer.map_err(BatchError::Database);
                answers
                    .into_iter()
                    .map(|it| Reply::Answer(in_words(it)))
                    .collect()
            }
            Ok(Err(_)) if go_alone => questions.iter().map(|_| Reply::Refused).collect(),
            Ok(Err(error)) => questions
                .iter()
                .map(fail(BatchError::Database(error)))
                .collect(),
            Err(_) => questions.iter().map(fail(BatchError::Timeout)).collect(),
        };
        let tell = |reply| Told { reply, together };
        replies.into_iter().map(tell).collect()
    }
}
