//! The first statement of a use fails, then the second, and so on until it gets by with fewer.
//!
//! Whatever is lost, the caller is told to come back, in the words of his contract; and when he
//! does, he finds everything as if nothing had been lost.

mod ends;
mod link;
mod others;
mod refreshes;

use std::ops::Range;
use std::sync::Arc;

use remint::domain;
use sea_orm::DbBackend;
use serde_json::Value;

use crate::harness::{Answer, TestApp, spawn_on};
use crate::survival::contract::{Contract, Login, verify};
use crate::survival::door::{Call, Door};
use crate::survival::{ALICE, ENGINES, rounds, settings};

use self::link::{Fault, Link};

/// A service on a way that can fail, and a contract.
struct Scene {
    app: TestApp,
    link: Arc<Link>,
    contract: &'static dyn Contract,
}

/// A scene of that contract on each engine that there is time for.
async fn scenes(contract: &'static dyn Contract, more: &[(&str, &str)]) -> Vec<Scene> {
    let settings = [&settings(contract), more].concat();
    let mut scenes = Vec::new();
    for engine in &ENGINES[..rounds(3, 1)] {
        let Some(app) = spawn_on(*engine, &settings).await else {
            continue;
        };
        let link = Arc::new(Link::default());
        let way = link.to(&app.database);
        scenes.push(Scene {
            app: app.through(way, &settings).await,
            link,
            contract,
        });
    }
    scenes
}

/// One use of which one statement may have failed.
#[derive(Debug)]
struct Seen {
    contract: &'static dyn Contract,
    fault: Fault,
    /// How many statements passed before.
    passed: usize,
    /// The statements by which a login is written down without having been read, and which it is read
    /// instead of where one of them fails.
    unseen: Range<usize>,
    has_failed: bool,
    answer: Answer,
}

impl Scene {
    /// Fails each statement of `act` in every way, each time after `prepare` in an empty database,
    /// and has `check` look at what came of it; the last time of each way nothing fails.
    async fn fail_each<S>(
        &self,
        prepare: impl AsyncFn() -> S,
        act: impl AsyncFn(&S) -> Answer,
        check: impl AsyncFn(S, Seen),
    ) {
        for fault in Fault::ALL {
            for passed in 0.. {
                self.app.sql("DELETE FROM remint_session").await;
                self.app.sql("DELETE FROM remint_cut_off").await;
                let state = prepare().await;
                self.link.arm(passed, fault);
                let answer = act(&state).await;
                let has_failed = self.link.disarm();
                let seen = Seen {
                    contract: self.contract,
                    fault,
                    passed,
                    unseen: self.unseen(),
                    has_failed,
                    answer,
                };
                check(state, seen).await;
                if !has_failed {
                    assert!(passed > 0, "no statement at all");
                    break;
                }
            }
        }
    }

    /// Behind the one that looks up the user: one where it says as well what became of the session; one
    /// more that reads the cut-off; and one more before, where what is written cannot depend on it.
    fn unseen(&self) -> Range<usize> {
        if format!("{:?}", self.contract) != "SingleUse" {
            return 0..0;
        }
        let backend = self.app.database.get_database_backend();
        if backend == DbBackend::Sqlite {
            1..2
        } else if backend == DbBackend::Postgres {
            1..3
        } else {
            1..4
        }
    }

    async fn call(&self, call: &Call) -> Answer {
        Door::of(&self.app).call(call).await.unwrap()
    }

    /// What a client keeps of its `number`-th login.
    async fn log_in(&self, number: usize) -> String {
        let login = Login {
            user: ALICE,
            number,
            issued_at: self.app.now().timestamp(),
        };
        self.contract.log_in(&mut Door::of(&self.app), login).await
    }

    async fn present(&self, kept: &str) -> Answer {
        self.call(&self.contract.present(kept)).await
    }

    /// What `kept` is exchanged for.
    async fn exchange(&self, kept: &str) -> String {
        let answer = self.present(kept).await;
        let next = self.contract.keep(kept, &answer);
        next.unwrap_or_else(|| panic!("stranded: {answer:?}"))
    }

    async fn verify(&self, kept: &str) -> u16 {
        self.call(&verify(&self.contract.access_token(kept)))
            .await
            .status
    }
}

impl Seen {
    /// The answer, if it does not say that the service is in trouble; which it must say where one
    /// of its statements has failed, and only there.
    fn unless_in_trouble(&self, is_said: impl Fn(&Value) -> bool) -> Option<&Answer> {
        if self.answer.status != 503 {
            let got_over_it = self.has_failed && self.fault.can_be_mended();
            assert!(!self.has_failed || got_over_it, "{self:?}");
            return Some(&self.answer);
        }
        assert!(self.has_failed, "{self:?}");
        assert_eq!(self.answer.header("retry-after"), Some("2"), "{self:?}");
        assert_eq!(self.answer.header("set-cookie"), None, "{self:?}");
        assert!(is_said(&self.answer.body_json()), "{self:?}");
        None
    }

    /// The answer; to whoever asks again, where the service was in trouble.
    async fn in_the_end(
        &self,
        is_said: impl Fn(&Value) -> bool,
        again: impl AsyncFn() -> Answer,
    ) -> Answer {
        match self.unless_in_trouble(is_said) {
            Some(answer) => answer.clone(),
            None => again().await,
        }
    }

    /// The answer to a refresh, unless it says that the service is in trouble, in the words of its contract.
    fn unless_contract_in_trouble(&self) -> Option<&Answer> {
        let is_unseen = self.has_failed && self.unseen.contains(&self.passed);
        if is_unseen && self.fault != Fault::Outage {
            let is_first = self.passed == self.unseen.start;
            assert!(!is_first || self.answer.status != 503, "{self:?}");
            if self.answer.status != 503 {
                return Some(&self.answer);
            }
        }
        self.unless_in_trouble(|body| match self.contract.name() {
            domain::Contract::Cookie => {
                body["message"] == "An error occurred while refreshing token"
            }
            domain::Contract::Envelope => body["errors"][0]["code"] == "UNAVAILABLE",
            domain::Contract::ExpiredToken | domain::Contract::RefreshToken => is_problem(body),
            domain::Contract::OAuth2 => is_oauth_error(body),
            domain::Contract::TokenPair => body["errors"][0]["type"] == "Server",
        })
    }
}

fn is_problem(body: &Value) -> bool {
    body["code"] == "unavailable"
}

fn is_oauth_error(body: &Value) -> bool {
    body["error"] == "temporarily_unavailable"
}
