//! Whatever happens in whatever order, the service does what the [model](super::model) says.

use std::collections::HashSet;
use std::sync::atomic::{AtomicUsize, Ordering};

use chrono::TimeDelta;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::TestCaseError;
use sea_orm::{ConnectionTrait as _, Statement};
use tokio::runtime::Runtime;

use super::contract::{Contract as _, ExpiredToken, Login, verify};
use super::door::{Call, Door};
use super::model::{Entry, Expected, LEEWAY, World};
use super::{rounds, settings};
use crate::harness::{Answer, TestApp, spawn_with};

/// How many users there are.
const PEOPLE: usize = 2;

/// Something that happens. Papers are picked from all that were ever given out.
#[derive(Clone, Debug)]
enum Event {
    Back(i64),
    Clean,
    Enter(usize, Entry),
    Forward(i64),
    LogIn(usize),
    LogOut(Pick, bool),
    Refresh(Pick),
    Verify(Pick),
}

/// A paper: one of the last few, or any.
#[derive(Clone, Debug)]
enum Pick {
    Any(Index),
    Recent(usize),
}

fn pick() -> impl Strategy<Value = Pick> {
    prop_oneof![
        2 => (0..4_usize).prop_map(Pick::Recent),
        1 => any::<Index>().prop_map(Pick::Any),
    ]
}

/// Seconds around every limit that there is.
fn seconds() -> impl Strategy<Value = i64> {
    let limits = [0, 30, 60, 1_800, 3_600, 86_400, 6 * 86_400, 7 * 86_400];
    (proptest::sample::select(limits.to_vec()), 0..3_i64).prop_map(|(limit, more)| limit + more)
}

fn event() -> impl Strategy<Value = Event> {
    let person = 0..PEOPLE;
    let entry = prop_oneof![
        3 => Just(Entry::Active),
        1 => Just(Entry::Inactive),
        1 => Just(Entry::Gone),
    ];
    prop_oneof![
        12 => pick().prop_map(Event::Refresh),
        4 => person.clone().prop_map(Event::LogIn),
        4 => seconds().prop_map(Event::Forward),
        2 => (0..90_i64).prop_map(Event::Back),
        2 => pick().prop_map(Event::Verify),
        2 => (pick(), any::<bool>()).prop_map(|(pick, all)| Event::LogOut(pick, all)),
        2 => (person, entry).prop_map(|(person, entry)| Event::Enter(person, entry)),
        1 => Just(Event::Clean),
    ]
}

/// One story: a world, and the service that lives through it.
struct Story<'a> {
    app: &'a TestApp,
    /// In front of the names of its people, who are nobody else's.
    prefix: String,
    world: World,
    seen: HashSet<String>,
    /// How far back the clock may step: what was forgotten cannot be told from what never was.
    floor: i64,
}

impl<'a> Story<'a> {
    async fn new(app: &'a TestApp, number: usize) -> Self {
        let story = Self {
            app,
            prefix: format!("story{number}-"),
            world: World::new(PEOPLE, app.now().timestamp()),
            seen: HashSet::new(),
            floor: i64::MIN,
        };
        for person in 0..PEOPLE {
            story.enter(person, Entry::Active).await;
        }
        story
    }

    fn name(&self, person: usize) -> String {
        format!("{}{person}", self.prefix)
    }

    fn paper(&self, pick: &Pick) -> Option<usize> {
        let papers = self.world.papers();
        match pick {
            Pick::Any(index) => (papers > 0).then(|| index.index(papers)),
            Pick::Recent(back) => papers.checked_sub(back + 1),
        }
    }

    async fn call(&self, call: &Call) -> Answer {
        Door::of(self.app).call(call).await.unwrap()
    }

    async fn enter(&self, person: usize, entry: Entry) {
        let name = self.name(person);
        self.app
            .sql(&format!("DELETE FROM users WHERE id = '{name}'"))
            .await;
        let is_active = match entry {
            Entry::Active => "TRUE",
            Entry::Gone => return,
            Entry::Inactive => "FALSE",
        };
        let row = format!(
            "INSERT INTO users (id, email, is_active) VALUES ('{name}', '{name}', {is_active})"
        );
        self.app.sql(&row).await;
    }

    /// Lets something happen to the service and to the model, and compares.
    async fn happens(&mut self, event: &Event) -> Result<(), TestCaseError> {
        match event {
            Event::Back(seconds) => {
                let most = self.world.now.saturating_sub(self.floor);
                self.pass(-most.min(*seconds));
            }
            Event::Clean => {
                self.app.cleaner.run().await.unwrap();
                self.floor = self.floor.max(self.world.now - LEEWAY);
            }
            Event::Enter(person, entry) => {
                self.enter(*person, *entry).await;
                self.world.enter(*person, *entry);
            }
            Event::Forward(seconds) => self.pass(*seconds),
            Event::LogIn(person) => {
                let user = &self.name(*person);
                let (number, issued_at) = (self.world.papers(), self.world.now);
                let login = Login {
                    user,
                    number,
                    issued_at,
                };
                let text = ExpiredToken::SingleUse
                    .log_in(&mut Door::of(self.app), login)
                    .await;
                self.world.log_in(*person, text);
            }
            Event::LogOut(pick, everywhere) => {
                if let Some(paper) = self.paper(pick) {
                    let call = ExpiredToken::SingleUse.log_out(self.world.text(paper), *everywhere);
                    prop_assert_eq!(self.call(&call).await.status, 204);
                    self.world.log_out(paper, *everywhere);
                }
            }
            Event::Refresh(pick) => {
                if let Some(paper) = self.paper(pick) {
                    self.refresh(paper).await?;
                }
            }
            Event::Verify(pick) => {
                if let Some(paper) = self.paper(pick) {
                    let answer = self.call(&verify(self.world.text(paper))).await;
                    prop_assert_eq!(answer.code(), self.world.verify(paper));
                }
            }
        }
        Ok(())
    }

    fn pass(&mut self, seconds: i64) {
        self.app.advance(TimeDelta::seconds(seconds));
        self.world.now += seconds;
    }

    async fn refresh(&mut self, paper: usize) -> Result<(), TestCaseError> {
        let call = ExpiredToken::SingleUse.present(self.world.text(paper));
        let answer = self.call(&call).await;
        match self.world.refresh(paper) {
            Expected::Again(text) => {
                prop_assert_eq!(answer.status, 200, "{:?}", answer);
                prop_assert_eq!(answer.access_token(), text);
            }
            Expected::New => {
                prop_assert_eq!(answer.status, 200, "{:?}", answer);
                let text = answer.access_token();
                prop_assert!(self.seen.insert(text.clone()), "given out before");
                self.world.hand_out(self.world.chain_of(paper), text);
            }
            Expected::No(code) => prop_assert_eq!(answer.code(), code),
        }
        Ok(())
    }

    /// How often each session of these people was exchanged, by its row.
    async fn generations(&self) -> Vec<i64> {
        let sql = format!(
            "SELECT generation FROM remint_session WHERE user_key LIKE '{}%' ORDER BY generation",
            self.prefix
        );
        let backend = self.app.database.get_database_backend();
        let rows = self
            .app
            .database
            .query_all_raw(Statement::from_string(backend, sql));
        let rows = rows.await.unwrap();
        rows.iter()
            .map(|row| row.try_get("", "generation").unwrap())
            .collect()
    }
}

#[test]
fn the_service_does_what_the_model_says() {
    let runtime = Runtime::new().unwrap();
    // Short enough that a few steps of the clock reach the end.
    let short = ("SESSION_MAX_MINUTES", "11520");
    let settings = [&settings(&ExpiredToken::SingleUse), &[short][..]].concat();
    let app = runtime.block_on(spawn_with(&settings));
    let stories = AtomicUsize::new(0);

    let config = ProptestConfig::with_cases(u32::try_from(rounds(4_000, 100)).unwrap());
    proptest!(config, |(events in vec(event(), 1..60))| {
        runtime.block_on(async {
            let mut story = Story::new(&app, stories.fetch_add(1, Ordering::Relaxed)).await;
            for event in &events {
                story.happens(event).await?;
            }
            // Unless some were forgotten.
            if !events.iter().any(|event| matches!(event, Event::Clean)) {
                prop_assert_eq!(story.generations().await, story.world.generations());
            }
            Ok(())
        })?;
    });
}
