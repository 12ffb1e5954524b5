//! Refreshes that race what ends their session: once that has answered, nothing goes on.

use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use remint::domain::SessionId;
use remint::service::{Change, Revoker};
use remint::store::SqlSessionStore;
use tokio::sync::Barrier;
use tokio::task::JoinSet;
use uuid::Uuid;

use super::contract::{Contract, Login, verify};
use super::door::Door;
use super::{ALICE, CONTRACTS, ENGINES, LASTING, Row, rounds, rows, settings};
use crate::harness::{TestApp, config, jwt, spawn_on};

/// How many refreshes race each end.
const TABS: usize = 4;

/// What ends sessions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Deactivation,
    Everywhere,
    Logout,
    Operator,
    OperatorForUser,
}

impl End {
    /// What refreshes and checks say afterwards.
    fn code(self) -> &'static str {
        match self {
            Self::Deactivation => "user_inactive",
            Self::Everywhere | Self::Logout | Self::Operator | Self::OperatorForUser => {
                "session_revoked"
            }
        }
    }

    /// Whether it ends every session of the user.
    fn is_wide(self) -> bool {
        match self {
            Self::Deactivation | Self::Everywhere | Self::OperatorForUser => true,
            Self::Logout | Self::Operator => false,
        }
    }
}

/// One service, one contract, one way to end sessions.
struct Scene {
    app: TestApp,
    contract: &'static dyn Contract,
    end: End,
    revoker: Revoker,
}

impl Scene {
    fn door(&self) -> Door {
        Door::of(&self.app)
    }

    /// Ends the session of `kept`; returns when it has ended.
    async fn end(&self, kept: &str) {
        match self.end {
            End::Deactivation => self.set_active("FALSE").await,
            End::Everywhere | End::Logout => {
                let call = self.contract.log_out(kept, self.end == End::Everywhere);
                assert_eq!(self.door().call(&call).await.unwrap().status, 204);
            }
            End::Operator => {
                let claims = jwt::payload(&self.contract.access_token(kept));
                let id = claims["remint"]["sid"].as_str().unwrap();
                let id = SessionId(Uuid::parse_str(id).unwrap());
                assert_eq!(self.revoker.revoke(id).await.unwrap(), Change::Done);
            }
            End::OperatorForUser => self.revoker.revoke_user(ALICE).await.unwrap(),
        }
    }

    async fn set_active(&self, active: &str) {
        let update = format!("UPDATE users SET is_active = {active} WHERE id = '{ALICE}'");
        self.app.sql(&update).await;
    }

    /// What two clients of the user were given by logins and, every other time, one refresh each.
    async fn begin(&self, round: usize) -> [Vec<String>; 2] {
        self.app.advance(TimeDelta::seconds(1));
        let issued_at = self.app.now().timestamp();
        let mut clients = [vec![], vec![]];
        for (number, given) in clients.iter_mut().enumerate() {
            let number = 2 * round + number;
            let login = Login {
                user: ALICE,
                number,
                issued_at,
            };
            given.push(self.contract.log_in(&mut self.door(), login).await);
            // The operator names a session by what its tokens say, which legacy ones do not.
            if round.is_multiple_of(2) || self.end == End::Operator {
                given.extend(self.refresh(&given[0]).await);
            }
        }
        clients
    }

    /// What a client keeps after a refresh, if it was granted.
    async fn refresh(&self, kept: &str) -> Option<String> {
        let call = self.contract.present(kept);
        let answer = self.door().call(&call).await.unwrap();
        let given = self.contract.keep(kept, &answer);
        if given.is_none() {
            let code = self.contract.refusal(self.end.code());
            assert_eq!(self.contract.code(&answer), code);
        }
        given
    }

    /// Tabs of both clients that refresh while the session of the first one ends, which takes
    /// every place in the queue in turn; what they were given.
    async fn race(self: &Arc<Self>, round: usize, kept: [&str; 2]) -> [Vec<String>; 2] {
        let start = Arc::new(Barrier::new(TABS + 1));
        let mut racers = JoinSet::new();
        for racer in 0..=TABS {
            let ends = racer == round % (TABS + 1);
            let client = if ends { 0 } else { racer % 2 };
            let (scene, start) = (Arc::clone(self), Arc::clone(&start));
            let kept = kept[client].to_owned();
            racers.spawn(async move {
                start.wait().await;
                // All see another time, so that some are issued after the cut-off.
                scene.app.advance(TimeDelta::seconds(1));
                if ends {
                    scene.end(&kept).await;
                    return (client, None);
                }
                (client, scene.refresh(&kept).await)
            });
        }
        let mut given = [vec![], vec![]];
        for (client, successor) in racers.join_all().await {
            given[client].extend(successor);
        }
        given
    }

    /// Nothing of what was ever given out is good for anything.
    async fn assert_over(&self, given: &[String], round: usize) {
        let (contract, mut door) = (self.contract, self.door());
        let (code, newest) = (self.end.code(), given.last());
        for kept in given {
            let refreshed = door.call(&contract.present(kept)).await.unwrap();
            let token = contract.access_token(kept);
            let verified = door.call(&verify(&token)).await.unwrap();

            let codes = [contract.code(&refreshed), verified.code()];
            let verdict = if Some(kept) == newest {
                code
            } else {
                contract.of_spent(code)
            };
            let expected = [contract.refusal(code), verdict];
            assert_eq!(codes, expected, "round {round} of {contract:?}");
        }
    }
}

async fn scenes(end: End) -> Vec<Arc<Scene>> {
    let mut scenes = Vec::new();
    for engine in ENGINES {
        for contract in [&CONTRACTS[..], &LASTING].concat() {
            let Some(app) = spawn_on(engine, &settings(contract)).await else {
                continue;
            };
            let deadline = Duration::from_secs(30);
            let revoker = Revoker {
                sessions: Arc::new(SqlSessionStore::new(app.database.clone(), deadline)),
                clock: app.clock.clone(),
                policy: config(app.database_url(), contract.settings()).policy,
            };
            scenes.push(Arc::new(Scene {
                app,
                contract,
                end,
                revoker,
            }));
        }
    }
    scenes
}

async fn nothing_survives(end: End) {
    let (mut granted, mut refused) = (0, 0);
    for scene in scenes(end).await {
        for round in 0..rounds(500, 10) {
            let [mut given, mut others] = scene.begin(round).await;

            let kept = [given.last().unwrap().as_str(), others.last().unwrap()];
            let [more, more_others] = scene.race(round, kept).await;

            let winners = more.len() + more_others.len();
            (granted, refused) = (granted + winners, refused + TABS - winners);
            given.extend(more);
            scene.assert_over(&given, round).await;
            others.extend(more_others);
            if end.is_wide() {
                scene.assert_over(&others, round).await;
            } else {
                assert!(scene.refresh(others.last().unwrap()).await.is_some());
            }
            if end == End::Deactivation {
                scene.set_active("TRUE").await;
            }
        }
        // Or they were refused for another reason than the end.
        let rows = rows(&scene.app.database).await;
        let is_reuse = |row: &Row| row.revoked_because.as_deref() == Some("reuse");
        assert!(!rows.iter().any(is_reuse));
    }
    assert!(
        granted > 0 && refused > 0,
        "no race: {granted} and {refused}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_survives_a_logout_that_it_races() {
    nothing_survives(End::Logout).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_survives_a_logout_everywhere_that_it_races() {
    nothing_survives(End::Everywhere).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_survives_an_operator_that_it_races() {
    nothing_survives(End::Operator).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_survives_an_operator_who_ends_all_of_a_users_that_it_races() {
    nothing_survives(End::OperatorForUser).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_survives_a_deactivation_that_it_races() {
    nothing_survives(End::Deactivation).await;
}
