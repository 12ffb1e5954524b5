//! Changes: what is done at once is what some order of the same calls would have done, each caller
//! being told what became of its own.

use std::collections::BTreeMap;
use std::ops::Range;

use chrono::{DateTime, Utc};
use futures_util::future::join_all;
use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;
use remint::domain::{Contract, Handle, JsonText, Revocation, Session, SessionId};
use remint::service::Change::{Done, Lost};
use remint::service::{Change, Rotation, SessionImport as _, SessionStore as _};
use remint::store::SqlSessionStore;
use tokio::runtime::Runtime;

use super::{at, id};
use crate::harness::{TestApp, spawn_on_each};
use crate::store::table::DEADLINE;
use crate::survival::rounds;

/// What somebody wants of a session; of a login, with the time at which it was issued.
#[derive(Debug, Clone)]
enum Call {
    Begin(Session, Option<DateTime<Utc>>),
    Revoke(SessionId),
    Rotate(SessionId, Rotation),
}

/// The sessions that are written down, by their ids.
#[derive(Debug, Clone, Default, PartialEq)]
struct Rows(BTreeMap<String, Session>);

impl Rows {
    fn of(sessions: impl IntoIterator<Item = Session>) -> Self {
        let named = |session: Session| (session.id.to_string(), session);
        Self(sessions.into_iter().map(named).collect())
    }

    /// What a call does when nobody else calls.
    fn make(&mut self, call: &Call) -> Change {
        let is_done = match call {
            Call::Begin(session, issued_at) => self.begin(session, *issued_at),
            Call::Revoke(id) => self.revoke(*id),
            Call::Rotate(id, step) => self.rotate(*id, step),
        };
        if is_done { Done } else { Lost }
    }

    fn begin(&mut self, session: &Session, issued_at: Option<DateTime<Utc>>) -> bool {
        let Session { id, handle, .. } = session;
        let mut others = self.0.values();
        let is_free =
            others.all(|it| it.id != *id && (it.handle.is_none() || it.handle != *handle));
        let is_alive = issued_at.is_none_or(|at| at > CUT_OFF);
        if is_free && is_alive {
            self.0.insert(id.to_string(), session.clone());
        }
        is_free && is_alive
    }

    fn revoke(&mut self, id: SessionId) -> bool {
        let row = self.0.get_mut(&id.to_string());
        let Some(row) = row.filter(|row| row.revoked.is_none()) else {
            return false;
        };
        row.revoked = Some(REVOKED);
        true
    }

    fn rotate(&mut self, id: SessionId, step: &Rotation) -> bool {
        let row = self.0.get_mut(&id.to_string());
        let is_due = |row: &&mut Session| {
            row.generation == step.from && row.revoked.is_none() && row.expires_at > step.at
        };
        let Some(row) = row.filter(is_due) else {
            return false;
        };
        row.generation = step.to;
        row.rotated_at = step.at;
        row.expires_at = step.expires_at;
        row.claims.clone_from(&step.claims);
        true
    }

    /// Whether some order of those calls has those outcomes, and leaves those rows.
    fn lead_to(&self, calls: &[(Call, Change)], left: &Self) -> bool {
        // What would be lost now may as well be: it leaves the rows as they are.
        let is_over = |(call, outcome): &&_| *outcome == Lost && self.clone().make(call) == Lost;
        let calls: Vec<_> = calls.iter().filter(|it| !is_over(it)).cloned().collect();
        if calls.is_empty() {
            return self == left;
        }
        (0..calls.len()).any(|number| {
            let (mut rows, mut others) = (self.clone(), calls.clone());
            let (call, outcome) = others.remove(number);
            outcome == Done && rows.make(&call) == Done && rows.lead_to(&others, left)
        })
    }
}

/// The sessions that there may be.
const NUMBERS: Range<u8> = 0..6;

/// The user's cut-off.
const CUT_OFF: DateTime<Utc> = DateTime::from_timestamp(700, 0).unwrap();

/// When the login was issued that a session goes back to; nothing where it began here.
fn issued_at(number: u8) -> Option<DateTime<Utc>> {
    [None, Some(at(700)), Some(at(701))][usize::from(number) % 3]
}

/// How sessions are revoked here.
const REVOKED: (DateTime<Utc>, Revocation) = (DateTime::UNIX_EPOCH, Revocation::Operator);

/// One moment: what is there, and what everybody wants at once.
#[derive(Debug, Clone)]
struct Moment {
    rows: Rows,
    calls: Vec<Call>,
}

fn session(number: u8, handle: Option<u8>, generation: u64) -> Session {
    Session {
        id: id(number),
        contract: Contract::Envelope,
        handle: handle.and_then(|handle| Handle::of_number(handle.into())),
        user_key: "alice".to_owned(),
        generation,
        rotated_at: at(1_000),
        started_at: at(500),
        expires_at: at(9_000),
        revoked: None,
        claims: Vec::new(),
    }
}

/// Sessions, of which some are revoked and some have reached their ends.
fn rows() -> impl Strategy<Value = Rows> {
    let parts = (
        any::<bool>(),
        0..3_u64,
        option::weighted(0.2, any::<bool>()),
    );
    btree_map(NUMBERS, parts, 0..5).prop_map(|rows| {
        let row = |(number, (has_handle, generation, is_revoked))| {
            let handle = Some(number).filter(|_| has_handle);
            let mut row = session(number, handle, generation);
            match is_revoked {
                None => {}
                Some(true) => row.revoked = Some(REVOKED),
                Some(false) => row.expires_at = at(1_500),
            }
            row
        };
        Rows::of(rows.into_iter().map(row))
    })
}

/// Calls that can be told from each other by the claims that they leave behind.
fn calls() -> impl Strategy<Value = Vec<Call>> {
    let call = (NUMBERS, 0..7_u8, 0..3_u64, option::of(NUMBERS));
    vec(call, 1..24).prop_map(|calls| {
        let call = |(index, (number, kind, from, handle)): (usize, (u8, u8, u64, Option<u8>))| {
            let claims = vec![("call".to_owned(), JsonText::from_valid(index.to_string()))];
            match kind {
                0 => Call::Revoke(id(number)),
                1 | 2 => Call::Begin(
                    Session {
                        claims,
                        ..session(number, handle, from)
                    },
                    issued_at(number),
                ),
                _ => Call::Rotate(
                    id(number),
                    Rotation {
                        from,
                        to: from + 1,
                        at: at(2_000),
                        expires_at: at(8_000),
                        claims,
                    },
                ),
            }
        };
        calls.into_iter().enumerate().map(call).collect()
    })
}

async fn make(store: &SqlSessionStore, call: &Call) -> Change {
    let outcome = match call {
        Call::Begin(session, issued_at) => {
            let begun = store.begin_and_look(session, *issued_at).await;
            begun.map(|begun| if begun.is_some() { Done } else { Lost })
        }
        Call::Revoke(id) => store.revoke(*id, REVOKED.1, REVOKED.0).await,
        Call::Rotate(id, step) => store.rotate(*id, step.clone()).await,
    };
    outcome.unwrap()
}

/// The rows that calls leave which are made at once, and what each of them is told.
async fn at_once(app: &TestApp, Moment { rows, calls }: &Moment) -> (Vec<Change>, Rows) {
    let store = SqlSessionStore::new(app.database.clone(), DEADLINE);
    app.sql("DELETE FROM remint_session").await;
    store.cut_off("alice", CUT_OFF).await.unwrap();
    let before: Vec<_> = rows.0.values().cloned().collect();
    store.begin_absent(&before).await.unwrap();

    let outcomes = join_all(calls.iter().map(|call| make(&store, call))).await;

    let after = join_all(NUMBERS.map(|number| store.find(id(number)))).await;
    let after = after.into_iter().filter_map(Result::unwrap);
    (outcomes, Rows::of(after))
}

#[test]
fn changes_of_the_same_moment_are_those_of_some_order() {
    let runtime = Runtime::new().unwrap();
    let apps = runtime.block_on(spawn_on_each(&[]));
    let cases = u32::try_from(rounds(4_000, 48)).unwrap();

    let moment = (rows(), calls()).prop_map(|(rows, calls)| Moment { rows, calls });
    proptest!(ProptestConfig::with_cases(cases), |(moment in moment)| {
        for app in &apps {
            let (outcomes, left) = runtime.block_on(at_once(app, &moment));
            let told: Vec<_> = moment.calls.iter().cloned().zip(outcomes).collect();
            prop_assert!(moment.rows.lead_to(&told, &left), "{:#?} left {:#?}", told, left);
        }
    });
}
