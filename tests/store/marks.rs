//! Which work on a request is finished when its caller goes away: what is about to change something.

use chrono::{DateTime, Utc};
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use remint::domain::{Handle, Revocation, SessionName};
use remint::service::{SessionStore, has_begun_change, marked};
use remint::store::SqlSessionStore;
use sea_orm::TransactionTrait as _;

use crate::harness::spawn_on_each;

use super::changes::{id, session, step};
use super::leaving::ONE_CONNECTION;
use super::table::DEADLINE;

/// Work whose outcome nobody asks for.
type Work<'a> = BoxFuture<'a, ()>;

fn changes(store: &dyn SessionStore) -> Vec<(&'static str, Work<'_>)> {
    let at = DateTime::<Utc>::from_timestamp(1_000, 0).unwrap();
    let (name, rotation) = step(1, 1);
    let begin = async move |number| store.begin(&session(number)).await;
    let look = async move || store.begin_and_look(&session(3), None).await;
    let handle = Handle::of_number(1).unwrap();
    vec![
        ("begin", begin(2).map(drop).boxed()),
        ("begin and look", look().map(drop).boxed()),
        ("rotate", store.rotate(name, rotation).map(drop).boxed()),
        ("handle", store.give_handle(name, handle).map(drop).boxed()),
        (
            "revoke",
            store.revoke(name, Revocation::Logout, at).map(drop).boxed(),
        ),
        ("cut off", store.cut_off("alice", at).map(drop).boxed()),
        (
            "cut off as of",
            store.cut_off_as_of("alice", at).map(drop).boxed(),
        ),
    ]
}

fn questions(store: &dyn SessionStore) -> Vec<(&'static str, Work<'_>)> {
    vec![
        ("standing", store.standing(id(1), "alice").map(drop).boxed()),
        (
            "locate",
            store.locate(SessionName::Id(id(1))).map(drop).boxed(),
        ),
        ("find", store.find(id(1)).map(drop).boxed()),
        ("of user", store.of_user("alice").map(drop).boxed()),
        ("cut off of", store.cut_off_of("alice").map(drop).boxed()),
    ]
}

/// Whether `work` would be finished, once it has come to where it waits for its connection.
fn is_to_be_finished(work: Work<'_>) -> bool {
    let mut work = Box::pin(marked(work));
    assert!(work.as_mut().now_or_never().is_none(), "it waits");
    has_begun_change(work.as_mut())
}

#[tokio::test]
async fn a_change_is_to_be_finished_from_before_it_is_made_and_a_question_never() {
    for app in spawn_on_each(&ONE_CONNECTION).await {
        let store = SqlSessionStore::new(app.database.clone(), DEADLINE);
        let held = app.database.begin().await.unwrap();

        for (name, change) in changes(&store) {
            assert!(is_to_be_finished(change), "{name}");
        }
        for (name, question) in questions(&store) {
            assert!(!is_to_be_finished(question), "{name}");
        }
        held.rollback().await.unwrap();
    }
}
