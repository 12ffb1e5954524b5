//! Uses of the service that stop before each of their statements, and every order to go on in.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use futures_util::future::{join, poll_fn};
use remint::domain::{
    Handle, Lookup, Revocation, Session, SessionId, SessionName, Standing, Subject,
};
use remint::service::{
    Change, DirectoryError, Holder, Holders, Over, Place, Rotation, SessionError, SessionStore,
    Swept, UserDirectory,
};

/// Where one use waits until it may go on.
#[derive(Default)]
struct Gate {
    is_open: AtomicBool,
    somebody_waits: AtomicBool,
}

impl Gate {
    async fn pass(&self) {
        poll_fn(|_| {
            let open = self.is_open.swap(false, Ordering::Relaxed);
            self.somebody_waits.store(!open, Ordering::Relaxed);
            // Nobody is woken: whoever opens the gate polls again.
            if open { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    }
}

/// Sessions behind a gate.
struct Gated {
    sessions: Arc<dyn SessionStore>,
    gate: Arc<Gate>,
}

#[async_trait]
impl SessionStore for Gated {
    async fn standing(&self, id: SessionId, user_key: &str) -> Result<Standing, SessionError> {
        self.gate.pass().await;
        self.sessions.standing(id, user_key).await
    }

    async fn locate(&self, name: SessionName) -> Result<Standing, SessionError> {
        self.gate.pass().await;
        self.sessions.locate(name).await
    }

    async fn give_handle(&self, id: SessionId, handle: Handle) -> Result<Change, SessionError> {
        self.gate.pass().await;
        self.sessions.give_handle(id, handle).await
    }

    async fn find(&self, id: SessionId) -> Result<Option<Session>, SessionError> {
        self.gate.pass().await;
        self.sessions.find(id).await
    }

    async fn of_user(&self, user_key: &str) -> Result<Vec<Session>, SessionError> {
        self.gate.pass().await;
        self.sessions.of_user(user_key).await
    }

    async fn begin(&self, session: &Session) -> Result<Change, SessionError> {
        self.gate.pass().await;
        self.sessions.begin(session).await
    }

    /// In two steps, as databases do it that have many writers.
    async fn begin_and_look(
        &self,
        session: &Session,
        issued_at: Option<DateTime<Utc>>,
    ) -> Result<Option<Standing>, SessionError> {
        self.gate.pass().await;
        if self
            .sessions
            .begin_and_look(session, issued_at)
            .await?
            .is_none()
        {
            return Ok(None);
        }
        // What was seen beside it may be older by now.
        let standing = self.standing(session.id, &session.user_key);
        standing.await.map(Some)
    }

    async fn rotate(&self, id: SessionId, rotation: Rotation) -> Result<Change, SessionError> {
        self.gate.pass().await;
        self.sessions.rotate(id, rotation).await
    }

    async fn revoke(
        &self,
        id: SessionId,
        because: Revocation,
        at: DateTime<Utc>,
    ) -> Result<Change, SessionError> {
        self.gate.pass().await;
        self.sessions.revoke(id, because, at).await
    }

    async fn cut_off(&self, user_key: &str, at: DateTime<Utc>) -> Result<(), SessionError> {
        self.gate.pass().await;
        self.sessions.cut_off(user_key, at).await
    }

    async fn cut_off_as_of(&self, user_key: &str, at: DateTime<Utc>) -> Result<(), SessionError> {
        self.gate.pass().await;
        self.sessions.cut_off_as_of(user_key, at).await
    }

    async fn sweep(
        &self,
        over: Over,
        place: Option<Place>,
        limit: u64,
    ) -> Result<Swept, SessionError> {
        self.gate.pass().await;
        self.sessions.sweep(over, place, limit).await
    }

    async fn remove_cut_offs(
        &self,
        before: DateTime<Utc>,
        limit: u64,
    ) -> Result<u64, SessionError> {
        self.gate.pass().await;
        self.sessions.remove_cut_offs(before, limit).await
    }

    async fn ping(&self) -> Result<(), SessionError> {
        self.gate.pass().await;
        self.sessions.ping().await
    }
}

/// Users who are looked up even while whoever asked waits at a gate: others share the query.
pub(super) struct Ungated(pub(super) Arc<dyn UserDirectory>);

#[async_trait]
impl UserDirectory for Ungated {
    async fn find(&self, subject: &Subject) -> Result<Lookup, DirectoryError> {
        let (directory, subject) = (Arc::clone(&self.0), subject.clone());
        let lookup = tokio::spawn(async move { directory.find(&subject).await });
        lookup.await.unwrap()
    }

    async fn ping(&self) -> Result<(), DirectoryError> {
        self.0.ping().await
    }
}

/// Users and sessions, of which each goes on by itself.
pub(super) struct Apart {
    pub(super) directory: Arc<dyn UserDirectory>,
    pub(super) sessions: Arc<dyn SessionStore>,
}

#[async_trait]
impl Holders for Apart {
    async fn look_up(&self, session: SessionId, subject: &Subject) -> Holder {
        let user_key = subject.user_key();
        let standing = self.sessions.standing(session, &user_key);
        let (standing, user) = join(standing, self.directory.find(subject)).await;
        Holder { standing, user }
    }
}

/// What a use gave its caller: a new token, or nothing.
pub(super) type Given = Option<String>;

/// A use of the sessions that goes on step by step.
pub(super) struct Stepwise {
    gate: Arc<Gate>,
    work: Pin<Box<dyn Future<Output = Given> + Send>>,
    has_begun: bool,
    outcome: Option<Given>,
}

impl Stepwise {
    /// What `work` does with `sessions`, or rather with what it gets in their place.
    pub(super) fn new<W>(
        sessions: &Arc<dyn SessionStore>,
        work: impl FnOnce(Arc<dyn SessionStore>) -> W,
    ) -> Self
    where
        W: Future<Output = Given> + Send + 'static,
    {
        let gate = Arc::new(Gate::default());
        let gated = Gated {
            sessions: Arc::clone(sessions),
            gate: Arc::clone(&gate),
        };
        Self {
            gate,
            work: Box::pin(work(Arc::new(gated))),
            has_begun: false,
            outcome: None,
        }
    }

    /// Goes on to the next statement, or to the end.
    async fn step(&mut self) {
        self.gate.is_open.store(self.has_begun, Ordering::Relaxed);
        self.has_begun = true;
        self.gate.somebody_waits.store(false, Ordering::Relaxed);
        self.outcome = poll_fn(|context| match self.work.as_mut().poll(context) {
            Poll::Ready(given) => Poll::Ready(Some(given)),
            Poll::Pending if self.gate.somebody_waits.load(Ordering::Relaxed) => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        })
        .await;
    }
}

/// The orders that were tried, and the next one.
#[derive(Default)]
pub(super) struct Orders {
    /// Whose turn it was, and who else could have gone on instead, later in the line.
    turns: Vec<(usize, Vec<usize>)>,
    pub(super) tried: usize,
}

impl Orders {
    /// Runs `uses` to their ends in the next order; `tick` runs whenever one of them begins.
    ///
    /// The answer is which of them ended, in that order, and what it gave.
    pub(super) async fn run(
        &mut self,
        mut uses: Vec<Stepwise>,
        tick: impl Fn(),
    ) -> Vec<(usize, Given)> {
        let mut ended = Vec::new();
        let plan: Vec<_> = self.turns.drain(..).collect();
        let mut plan = plan.into_iter();
        loop {
            let waiting = uses
                .iter()
                .enumerate()
                .filter(|(_, one)| one.outcome.is_none());
            let mut waiting = waiting.map(|(index, _)| index);
            let Some(first) = waiting.next() else {
                break;
            };
            let rest = waiting.collect();
            let (turn, others) = plan.next().unwrap_or((first, rest));
            if !uses[turn].has_begun {
                tick();
            }
            uses[turn].step().await;
            ended.extend(uses[turn].outcome.clone().map(|given| (turn, given)));
            self.turns.push((turn, others));
        }
        self.tried += 1;
        ended
    }

    /// Whether there is another order.
    pub(super) fn go_on(&mut self) -> bool {
        while let Some((_, mut others)) = self.turns.pop() {
            if !others.is_empty() {
                let turn = others.remove(0);
                self.turns.push((turn, others));
                return true;
            }
        }
        false
    }

    /// The order that ran last.
    pub(super) fn last(&self) -> Vec<usize> {
        self.turns.iter().map(|(turn, _)| *turn).collect()
    }
}
