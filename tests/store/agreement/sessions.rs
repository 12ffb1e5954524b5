//! Sessions and cut-offs: those that are there, that have ended, and that nobody can read.

use std::ops::Range;

use futures_util::future::join_all;
use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::TestCaseResult;
use remint::domain::{Contract, Handle, JsonText, Revocation, Session, SessionName, Standing};
use remint::service::{SessionError, SessionImport as _, SessionStore as _};
use remint::store::SqlSessionStore;
use tokio::runtime::Runtime;

use super::{at, id, name};
use crate::harness::{TestApp, spawn_on_each};
use crate::store::table::DEADLINE;
use crate::survival::rounds;

/// What a later version, or a hand, may have made of a row.
const DAMAGES: [&str; 4] = [
    "contract = 'of tomorrow'",
    "generation = -1",
    "rotated_at = 9223372036854775807",
    "claims = '['",
];

/// The same of a cut-off.
const DAMAGE: &str =
    "UPDATE remint_cut_off SET valid_after = 9223372036854775807 WHERE user_key = 'alice'";

/// What is written down.
#[derive(Debug, Clone)]
struct Rows {
    sessions: Vec<Session>,
    /// The number of a session, and what happened to it.
    damages: Vec<(u8, &'static str)>,
    cut_offs: Vec<(String, i64)>,
    is_cut_off_damaged: bool,
}

/// What somebody wants to know.
#[derive(Debug, Clone)]
enum Question {
    Locate(SessionName),
    Standing(u8, String),
}

/// Some that are there, and some that are not.
const NUMBERS: Range<u8> = 0..16;

fn user() -> impl Strategy<Value = String> {
    prop_oneof![1 => Just("alice".to_owned()), 2 => name()]
}

fn session() -> impl Strategy<Value = Session> {
    let contract = select(&Contract::ALL[..]);
    let revoked = select(&[Revocation::Logout, Revocation::Operator, Revocation::Reuse][..]);
    let parts = (
        contract,
        any::<bool>(),
        user(),
        option::of(revoked),
        option::of(name()),
    );
    parts.prop_map(|(contract, has_handle, user_key, revoked, claim)| {
        let text = |claim: String| JsonText::from_valid(serde_json::Value::from(claim).to_string());
        Session {
            id: id(0),
            contract,
            handle: Handle::of_number(0).filter(|_| has_handle),
            user_key,
            generation: 1,
            rotated_at: at(1_000),
            started_at: at(500),
            expires_at: at(9_000),
            revoked: revoked.map(|why| (at(2_000), why)),
            claims: claim
                .into_iter()
                .map(|it| ("name".to_owned(), text(it)))
                .collect(),
        }
    })
}

fn sessions() -> impl Strategy<Value = Vec<Session>> {
    let numbered = |(number, session): (u8, Session)| Session {
        id: id(number),
        handle: session
            .handle
            .and_then(|_| Handle::of_number(number.into())),
        generation: number.into(),
        ..session
    };
    let sessions = btree_map(0..12_u8, session(), 0..12);
    sessions.prop_map(move |sessions| sessions.into_iter().map(numbered).collect())
}

fn rows() -> impl Strategy<Value = Rows> {
    let damages = vec((NUMBERS, select(&DAMAGES[..])), 0..3);
    let cut_offs = vec((user(), 0..9_000_i64), 0..4);
    let parts = (sessions(), damages, cut_offs, any::<bool>());
    parts.prop_map(|(sessions, damages, cut_offs, is_cut_off_damaged)| Rows {
        sessions,
        damages,
        cut_offs,
        is_cut_off_damaged,
    })
}

fn question() -> impl Strategy<Value = Question> {
    let handle = |number: u8| Handle::of_number(number.into()).unwrap();
    prop_oneof![
        2 => (NUMBERS, user()).prop_map(|(number, user)| Question::Standing(number, user)),
        1 => NUMBERS.prop_map(|number| Question::Locate(SessionName::Id(id(number)))),
        1 => NUMBERS.prop_map(move |it| Question::Locate(SessionName::Handle(handle(it)))),
    ]
}

async fn write(app: &TestApp, store: &SqlSessionStore, rows: &Rows) {
    app.sql("DELETE FROM remint_session").await;
    app.sql("DELETE FROM remint_cut_off").await;
    store.begin_absent(&rows.sessions).await.unwrap();
    for (user, seconds) in &rows.cut_offs {
        store.cut_off_as_of(user, at(*seconds)).await.unwrap();
    }
    if rows.is_cut_off_damaged {
        app.sql(DAMAGE).await;
    }
    for (number, damage) in &rows.damages {
        let id = id(*number).0;
        app.sql(&format!(
            "UPDATE remint_session SET {damage} WHERE id = '{id}'"
        ))
        .await;
    }
}

async fn ask(store: &SqlSessionStore, question: &Question) -> Result<Standing, String> {
    let answer: Result<_, SessionError> = match question {
        Question::Locate(name) => store.locate(*name).await,
        Question::Standing(number, user) => store.standing(id(*number), user).await,
    };
    answer.map_err(|error| format!("{error:?}"))
}

async fn agree_on(store: &SqlSessionStore, questions: &[Question]) -> TestCaseResult {
    let mut alone = Vec::new();
    for question in questions {
        alone.push(ask(store, question).await);
    }
    let together = join_all(questions.iter().map(|it| ask(store, it))).await;

    for ((question, alone), together) in questions.iter().zip(alone).zip(together) {
        prop_assert_eq!(together, alone, "{:?}", question);
    }
    Ok(())
}

#[test]
fn sessions_are_found_together_as_they_are_alone_whatever_became_of_their_rows() {
    let runtime = Runtime::new().unwrap();
    let apps = runtime.block_on(spawn_on_each(&[]));
    let cases = u32::try_from(rounds(2_000, 24)).unwrap();

    let questions = vec(question(), 1..40);
    proptest!(ProptestConfig::with_cases(cases), |(rows in rows(), questions in questions)| {
        for app in &apps {
            let store = SqlSessionStore::new(app.database.clone(), DEADLINE);
            runtime.block_on(write(app, &store, &rows));
            runtime.block_on(agree_on(&store, &questions))?;
        }
    });
}
