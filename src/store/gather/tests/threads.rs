//! The same promises on real threads, whatever they do to each other.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use tokio::runtime::Builder;
use tokio::select;

use super::*;

const THREADS: usize = 4;

/// How many ask at the same time: so few that often nobody does, and more than one query takes.
const CROWDS: [usize; 5] = [2, 3, 6, 40, 300];

/// How many questions a crowd has.
const QUESTIONS: usize = 12_000;

/// What is asked about, and who asked.
#[derive(Default)]
struct Asked {
    /// How often it was changed.
    version: AtomicUsize,
    is_under_way: AtomicBool,
    /// In how many queries each question was.
    queries: Vec<AtomicUsize>,
    /// How many questions were in a query of several.
    shared: AtomicUsize,
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
        if questions.len() > 1 {
            self.shared.fetch_add(questions.len(), Ordering::SeqCst);
        }
        yields(questions[0] % 4).await;
        questions.iter().map(|it| (*it, version)).collect()
    }
}

async fn yields(times: usize) {
    for _ in 0..times {
        yield_now().await;
    }
}

/// Changes something and asks, again and again; each third time it goes away if that takes long.
async fn call(gather: Arc<Gather<Arc<Asked>>>, questions: Vec<usize>) {
    for question in questions {
        yields(question % 5).await;
        let version = gather.batch().version.fetch_add(1, Ordering::SeqCst) + 1;
        let asking = gather.ask(question);
        let answer = if is_impatient(question) {
            select! {
                biased;
                answer = asking => answer,
                () = yields(question % 7) => continue,
            }
        } else {
            asking.await
        };
        let (answered, seen) = answer.expect("no answer");
        assert_eq!(answered, question, "somebody else's answer");
        assert!(seen >= version, "older than the question");
    }
}

fn is_impatient(question: usize) -> bool {
    question.is_multiple_of(3)
}

/// What became of the questions of so many callers.
async fn crowd(callers: usize) -> Arc<Asked> {
    let asked = Arc::new(Asked {
        queries: (0..QUESTIONS).map(|_| AtomicUsize::new(0)).collect(),
        ..Asked::default()
    });
    let gather = Arc::new(Gather::new(Arc::clone(&asked), PATIENCE));
    let callers = (0..callers).map(|first| {
        let questions = (first..QUESTIONS).step_by(callers).collect();
        tokio::spawn(call(Arc::clone(&gather), questions))
    });
    for caller in callers.collect::<Vec<_>>() {
        caller.await.unwrap();
    }
    asked
}

#[test]
fn on_many_threads_each_caller_is_answered_once_by_a_query_that_began_after_it_asked() {
    let threads = Builder::new_multi_thread().worker_threads(THREADS).build();
    let threads = threads.unwrap();

    for callers in CROWDS {
        let asked = threads.block_on(crowd(callers));

        for (question, queries) in asked.queries.iter().enumerate() {
            let in_queries = queries.load(Ordering::SeqCst);
            let is_left_out = in_queries == 0 && is_impatient(question);
            assert!(in_queries == 1 || is_left_out, "in {in_queries} queries");
        }
        assert!(
            asked.shared.load(Ordering::SeqCst) > 0,
            "nobody shared a query"
        );
    }
}
