//! Reading rows for many callers with one statement, in time, and without one caller's key
//! spoiling the answers of the others.

use std::time::Duration;

use async_trait::async_trait;
use sea_orm::{DbErr, Value};
use tokio::time::timeout;

use super::errors::is_about_the_statement;
use super::gather::{Batch, Gather, MOST};

/// Reads what many questions ask for.
#[async_trait]
pub(super) trait Reader: Send + Sync + 'static {
    type Question: Send + Sync + 'static;
    type Answer: Send + 'static;

    /// One answer to each question, in their order, read by one statement.
    async fn read(
        &self,
        questions: &[Self::Question],
    ) -> Result<Vec<Result<Self::Answer, DbErr>>, DbErr>;
}

/// Why nothing was read.
#[derive(Debug, Clone)]
pub(super) enum ReadError {
    Database(DbErr),
    Timeout,
}

/// A [`Reader`] whose concurrent callers share statements: see [`Gather`].
pub(super) struct Loader<R: Reader> {
    gather: Gather<InTime<R>>,
    deadline: Duration,
}

impl<R: Reader> Loader<R> {
    /// Each caller gets an answer or an error within `deadline`.
    pub(super) fn new(reader: R, deadline: Duration) -> Self {
        let gather = Gather::new(InTime { reader, deadline });
        Self { gather, deadline }
    }

    pub(super) fn reader(&self) -> &R {
        &self.gather.batch().reader
    }

    /// What is there now, or later than now.
    pub(super) async fn load(&self, question: R::Question) -> Result<R::Answer, ReadError> {
        match timeout(self.deadline, self.gather.ask(question)).await {
            Ok(Some(answer)) => answer,
            Ok(None) => Err(ReadError::Database(given_up())),
            Err(_) => Err(ReadError::Timeout),
        }
    }
}

fn given_up() -> DbErr {
    DbErr::Custom("the query was given up".to_owned())
}

struct InTime<R> {
    reader: R,
    deadline: Duration,
}

#[async_trait]
impl<R: Reader> Batch for InTime<R> {
    type Question = R::Question;
    type Answer = Result<R::Answer, ReadError>;

    async fn answer(&self, questions: &[R::Question]) -> Vec<Self::Answer> {
        match timeout(self.deadline, self.read(questions)).await {
            Ok(answers) => answers,
            Err(_) => questions.iter().map(|_| Err(ReadError::Timeout)).collect(),
        }
    }
}

impl<R: Reader> InTime<R> {
    /// All at once; and where the server takes offence at what was asked, each by itself, so that
    /// only the one fails that it cannot read.
    async fn read(&self, questions: &[R::Question]) -> Vec<Result<R::Answer, ReadError>> {
        let error = match self.reader.read(questions).await {
            Ok(answers) => return answers.into_iter().map(in_words).collect(),
            Err(error) => error,
        };
        if questions.len() == 1 || !is_about_the_statement(&error) {
            let fail = |_| Err(ReadError::Database(error.clone()));
            return questions.iter().map(fail).collect();
        }
        let mut answers = Vec::with_capacity(questions.len());
        for question in questions {
            let alone = self.reader.read(std::slice::from_ref(question)).await;
            let answer =
                alone.and_then(|mut answers| answers.pop().unwrap_or_else(|| Err(given_up())));
            answers.push(in_words(answer));
        }
        answers
    }
}

fn in_words<A>(answer: Result<A, DbErr>) -> Result<A, ReadError> {
    answer.map_err(ReadError::Database)
}

/// One statement for each number of questions, up to [`MOST`], rounded up to a power of two: nine
/// stay prepared where 256 would push each other out.
pub(super) struct Padded(Vec<String>);

impl Padded {
    /// Builds them with `statement`, which is told how many questions there are.
    pub(super) fn new(statement: impl Fn(usize) -> String) -> Self {
        let sizes = (0..)
            .map(|power| 1 << power)
            .take_while(|size| *size <= MOST);
        Self(sizes.map(statement).collect())
    }

    /// The statement for lists of that length, with their values one list after the other: the last
    /// value of each fills it up.
    pub(super) fn bind<const N: usize>(&self, lists: [Vec<Value>; N]) -> (&str, Vec<Value>) {
        let longest = lists.iter().map(Vec::len).max().unwrap_or_default();
        let size = longest.next_power_of_two();
        let sql = self.0.get(size.trailing_zeros() as usize);
        let mut values = Vec::with_capacity(N * size);
        for list in lists {
            let last = list.last().cloned();
            let missing = size - list.len();
            values.extend(list);
            values.extend(last.into_iter().cycle().take(missing));
        }
        (sql.map_or("", String::as_str), values)
    }

    /// The statement for one value.
    pub(super) fn lone(&self) -> &str {
        self.0.first().map_or("", String::as_str)
    }
}
