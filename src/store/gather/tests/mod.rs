//! Every order in which things can happen to callers that share queries.

mod threads;

use tokio::runtime::Builder;
use tokio::sync::Semaphore;
use tokio::task::{JoinHandle, yield_now};

use super::*;

/// What can happen next, from outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Event {
    /// One more caller asks.
    Ask,
    /// Two more ask in the same moment.
    Meet,
    /// The query that is under way answers.
    Answer,
    /// That caller gives up.
    Leave(usize),
    /// The query that is under way panics.
    Panic,
}

const CALLERS: usize = 4;

/// Longer than any schedule takes.
const PATIENCE: Duration = Duration::from_hours(1);

/// Answers with the number of the query, when it is told to.
#[derive(Default)]
struct Told {
    queries: Mutex<Vec<Vec<usize>>>,
    /// The queries that have answered.
    answered: Mutex<Vec<usize>>,
    under_way: Arc<Mutex<usize>>,
    word: Mutex<Option<Arc<Semaphore>>>,
}

impl Told {
    fn word(&self) -> Arc<Semaphore> {
        self.word.lock().unwrap().clone().unwrap()
    }
}

struct UnderWay(Arc<Mutex<usize>>);

impl Drop for UnderWay {
    fn drop(&mut self) {
        *self.0.lock().unwrap() -= 1;
    }
}

#[async_trait]
impl Batch for Arc<Told> {
    type Question = usize;
    type Answer = (usize, usize);

    async fn answer(&self, questions: Vec<usize>) -> Vec<(usize, usize)> {
        let word = Arc::new(Semaphore::new(0));
        let number = {
            let mut queries = self.queries.lock().unwrap();
            queries.push(questions.clone());
            *self.under_way.lock().unwrap() += 1;
            *self.word.lock().unwrap() = Some(Arc::clone(&word));
            queries.len() - 1
        };
        let _under_way = UnderWay(Arc::clone(&self.under_way));
        let told = word.acquire().await;
        // The panic hook need not know.
        told.unwrap_or_else(|_| std::panic::resume_unwind(Box::new(())))
            .forget();
        self.answered.lock().unwrap().push(number);
        questions.iter().map(|it| (*it, number)).collect()
    }
}

/// A service in the middle of some schedule.
struct World {
    told: Arc<Told>,
    gather: Arc<Gather<Arc<Told>>>,
    callers: Vec<Caller>,
    /// The queries that panicked.
    broken: Vec<usize>,
}

struct Caller {
    task: JoinHandle<Option<(usize, usize)>>,
    /// How many queries had begun when it asked, …
    asked: usize,
    /// … and when it gave up.
    left: Option<usize>,
}

impl World {
    fn new() -> Self {
        let told = Arc::new(Told::default());
        Self {
            gather: Arc::new(Gather::new(Arc::clone(&told), PATIENCE)),
            callers: Vec::new(),
            broken: Vec::new(),
            told,
        }
    }

    async fn happen(&mut self, event: Event) {
        self.begin(event);
        // More often than there are tasks, each of which may wake another.
        for _ in 0..4 * CALLERS {
            yield_now().await;
        }
    }

    /// The event alone, before anything comes of it.
    fn begin(&mut self, event: Event) {
        let begun = self.queries().len();
        match event {
            Event::Ask => {
                let (gather, number) = (Arc::clone(&self.gather), self.callers.len());
                let task = tokio::spawn(async move { gather.ask(number).await });
                self.callers.push(Caller {
                    task,
                    asked: begun,
                    left: None,
                });
            }
            Event::Meet => {
                self.begin(Event::Ask);
                self.begin(Event::Ask);
            }
            Event::Answer => self.told.word().add_permits(1),
            Event::Leave(number) => {
                self.callers[number].task.abort();
                self.callers[number].left = Some(begun);
            }
            Event::Panic => {
                self.told.word().close();
                self.broken.push(begun - 1);
            }
        }
    }

    fn queries(&self) -> Vec<Vec<usize>> {
        self.told.queries.lock().unwrap().clone()
    }

    fn under_way(&self) -> usize {
        *self.told.under_way.lock().unwrap()
    }

    fn possible(&self) -> Vec<Event> {
        let mut events = Vec::new();
        if self.callers.len() < CALLERS {
            events.push(Event::Ask);
        }
        if self.callers.len() + 1 < CALLERS {
            events.push(Event::Meet);
        }
        if self.under_way() > 0 {
            events.extend([Event::Answer, Event::Panic]);
        }
        let callers = self.callers.iter().enumerate();
        let waiting = callers.filter(|(_, caller)| !caller.task.is_finished());
        events.extend(waiting.map(|(number, _)| Event::Leave(number)));
        events
    }

    /// What holds at each moment at which nothing moves by itself.
    fn check(&self, lone: bool) {
        assert!(self.under_way() <= 1, "several queries under way");
        let someone_waits = self.callers.iter().any(|it| !it.task.is_finished());
        assert!(self.under_way() == 1 || !someone_waits, "stranded");
        if lone {
            let newest = self.callers.len() - 1;
            assert_eq!(self.queries().last(), Some(&vec![newest]), "kept waiting");
        }
        for (number, query) in self.queries().iter().enumerate() {
            assert!(query.is_sorted(), "out of order");
            assert!(self.is_whole(number, query), "given up for others");
            for caller in query {
                let Caller { asked, left, .. } = &self.callers[*caller];
                assert!(*asked <= number, "answered by an older query");
                assert!(left.is_none_or(|left| number < left), "asked for nobody");
            }
        }
    }

    /// Whether a query was left to end, which only a caller who is alone in it may prevent.
    fn is_whole(&self, number: usize, query: &[usize]) -> bool {
        let is_last = number + 1 == self.queries().len();
        let has_ended = self.told.answered.lock().unwrap().contains(&number);
        let is_given_up = matches!(query, [only] if self.callers[*only].left.is_some());
        has_ended
            || is_given_up
            || self.broken.contains(&number)
            || is_last && self.under_way() == 1
    }

    /// What they got in the end.
    async fn check_answers(self) {
        let queries = self.queries();
        for (number, caller) in self.callers.into_iter().enumerate() {
            match caller.task.await {
                Ok(Some((question, query))) => {
                    assert_eq!(question, number, "somebody else's answer");
                    assert!(queries[query].contains(&number));
                }
                Err(error) if error.is_cancelled() => assert!(caller.left.is_some()),
                Ok(None) | Err(_) => {
                    let mut broken = self.broken.iter().map(|query| &queries[*query]);
                    assert!(broken.any(|query| query.contains(&number)), "not answered");
                }
            }
        }
    }
}

/// What is possible after `schedule`; checked on the way.
async fn run(schedule: &[Event]) -> Vec<Event> {
    let mut world = World::new();
    for event in schedule {
        let lone = *event == Event::Ask && world.under_way() == 0;
        world.happen(*event).await;
        world.check(lone);
    }
    let possible = world.possible();
    if possible.is_empty() {
        world.check_answers().await;
    }
    possible
}

#[test]
fn in_every_order_of_events_each_caller_is_answered_by_a_query_that_began_after_it_asked() {
    let runtime = Builder::new_current_thread().build().unwrap();
    let mut open = vec![Vec::new()];
    let mut complete = 0;
    while let Some(schedule) = open.pop() {
        let possible = runtime.block_on(run(&schedule));
        complete += usize::from(possible.is_empty());
        for event in possible {
            open.push([schedule.as_slice(), &[event]].concat());
        }
    }
    assert!(complete > 1_000, "only {complete} schedules");
}

#[tokio::test]
async fn whoever_has_waited_for_too_long_is_told_so_and_is_in_no_query() {
    let mut world = World::new();
    world.gather = Arc::new(Gather::new(Arc::clone(&world.told), Duration::ZERO));
    world.happen(Event::Ask).await;
    world.happen(Event::Ask).await;

    world.happen(Event::Answer).await;

    assert_eq!(world.queries(), [[0]]);
    let late = world.callers.pop().unwrap().task.await.unwrap();
    assert_eq!(late, None);
}

/// A world whose callers 0 and 1 have met, and are answered.
async fn after_a_crowd() -> World {
    let mut world = World::new();
    for event in [Event::Ask, Event::Ask, Event::Answer, Event::Answer] {
        world.happen(event).await;
    }
    world
}

#[tokio::test]
async fn where_callers_have_met_those_who_ask_at_the_same_moment_share_a_query() {
    let mut world = after_a_crowd().await;
    world.begin(Event::Ask);

    world.happen(Event::Ask).await;

    assert_eq!(world.queries(), [vec![0], vec![1], vec![2, 3]]);
}

#[tokio::test]
async fn the_first_of_them_may_go_away_and_the_other_is_answered() {
    let mut world = after_a_crowd().await;
    world.begin(Event::Ask);
    world.happen(Event::Ask).await;
    world.happen(Event::Leave(2)).await;

    world.happen(Event::Answer).await;

    let other = world.callers.pop().unwrap().task.await.unwrap();
    assert_eq!(other, Some((3, 2)));
}
