use std::time::Duration;

use async_trait::async_trait;
use shuttle::future::block_on;
use shuttle::sync::Arc;
use shuttle::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use shuttle::{check_pct, check_random};
use tokio::task::yield_now;

use super::gather::{Batch, Gather};

/// How many orders of steps are tried.
const ORDERS: usize = 1_000;

/// How often each caller asks.
const ROUNDS: usize = 3;

/// Longer than any order takes.
const PATIENCE: Duration = Duration::from_hours(1);

/// What is asked about, and who asked.
#[derive(Default)]
struct Asked {
    /// How often it was changed.
    version: AtomicUsize,
    is_under_way: AtomicBool,
    /// In how many queries each question was.
    queries: Vec<AtomicUsize>,
}

/// Of a query, which gives its place up even if it is dropped.
struct Place<'a>(&'a AtomicBool);

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.store(false, Ordering::SeqCst);
    }
}

#[async_trait]
impl Batch for Arc<Asked> {
    type Question = usize;
    type Answer = (usize, usize);

    async fn answer(&self, questions: Vec<usize>) -> Vec<(usize, usize)> {
        let others = self.is_under_way.swap(true, Ordering::SeqCst);
        assert!(!others, "several queries under way");
        let _place = Place(&self.is_under_way);
        let version = self.version.load(Ordering::SeqCst);
        for question in &questions {
            self.queries[*question].fetch_add(1, Ordering::SeqCst);
        }
        yield_now().await;
        questions.iter().map(|it| (*it, version)).collect()
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Patience {
    Leaves,
    Waits,
}

/// Changes something and asks.
async fn call(gather: Arc<Gather<Arc<Asked>>>, question: usize, patience: Patience) {
    let version = gather.batch().version.fetch_add(1, Ordering::SeqCst) + 1;
    let asking = tokio::spawn(async move { gather.ask(question).await });
    if patience == Patience::Leaves {
        yield_now().await;
        asking.abort();
    }
    match asking.await {
        Ok(answer) => {
            let (answered, seen) = answer.expect("no answer");
            assert_eq!(answered, question, "somebody else's answer");
            assert!(seen >= version, "older than the question");
        }
        Err(error) => assert!(error.is_cancelled() && patience == Patience::Leaves),
    }
}

/// One order of the steps of so many callers, the first of whom go away.
async fn promises_are_kept(callers: usize, leaving: usize) {
    let patience = move |caller| match caller {
        caller if caller < leaving => Patience::Leaves,
        _ => Patience::Waits,
    };
    let asked = Arc::new(Asked {
        queries: (0..callers * ROUNDS).map(|_| AtomicUsize::new(0)).collect(),
        ..Asked::default()
    });
    let gather = Arc::new(Gather::new(Arc::clone(&asked), PATIENCE));

    let tasks = (0..callers).map(|caller| {
        let gather = Arc::clone(&gather);
        tokio::spawn(async move {
            for round in 0..ROUNDS {
                let question = caller * ROUNDS + round;
                call(Arc::clone(&gather), question, patience(caller)).await;
            }
        })
    });
    for task in tasks.collect::<Vec<_>>() {
        task.await.unwrap();
    }

    for (question, queries) in asked.queries.iter().enumerate() {
        let in_queries = queries.load(Ordering::SeqCst);
        let is_left_out = in_queries == 0 && patience(question / ROUNDS) == Patience::Leaves;
        assert!(in_queries == 1 || is_left_out, "in {in_queries} queries");
    }
}

fn promises_are_kept_in_many_orders(callers: usize, leaving: usize) {
    check_random(
        move || block_on(promises_are_kept(callers, leaving)),
        ORDERS,
    );
    // Few changes of threads, at the worst places.
    check_pct(
        move || block_on(promises_are_kept(callers, leaving)),
        ORDERS,
        3,
    );
}

#[test]
fn each_caller_is_answered_once_by_a_query_that_began_after_it_asked() {
    promises_are_kept_in_many_orders(4, 0);
}

#[test]
fn whoever_goes_away_holds_nobody_up() {
    promises_are_kept_in_many_orders(4, 2);
}
