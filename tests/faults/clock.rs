//! A clock that is set, by a little or by a lot, while sessions go on.

use chrono::TimeDelta;
use remint::domain::Contract as Name;

use crate::harness::{ADMIN, TestApp, spawn_with};
use crate::survival::contract::{Contract, ExpiredToken, Login, verify};
use crate::survival::door::Door;
use crate::survival::{ALICE, CONTRACTS, LASTING};

/// How far clocks may differ.
const LEEWAY: TimeDelta = TimeDelta::seconds(30);

/// A service, and what a client keeps of a login and of the refresh after it.
struct Scene {
    app: TestApp,
    contract: &'static dyn Contract,
    spent: String,
    kept: String,
}

async fn scene(contract: &'static dyn Contract) -> Scene {
    let app = spawn_with(&[&[ADMIN], contract.settings()].concat()).await;
    let spent = log_in(&app, contract).await;
    let mut door = Door::of(&app);
    let answer = door.call(&contract.present(&spent)).await.unwrap();
    let kept = contract.keep(&spent, &answer).unwrap();
    Scene {
        app,
        contract,
        spent,
        kept,
    }
}

async fn log_in(app: &TestApp, contract: &dyn Contract) -> String {
    let login = Login {
        user: ALICE,
        number: 0,
        issued_at: app.now().timestamp(),
    };
    contract.log_in(&mut Door::of(app), login).await
}

impl Scene {
    /// What is kept after a refresh with `kept`; the code of the refusal if there is none.
    async fn exchange(&self, kept: &str) -> Result<String, String> {
        let call = self.contract.present(kept);
        let answer = Door::of(&self.app).call(&call).await.unwrap();
        assert!(answer.status < 500, "{answer:?}");
        let next = self.contract.keep(kept, &answer);
        next.ok_or_else(|| self.contract.code(&answer))
    }

    async fn verify(&self, kept: &str) -> u16 {
        let call = verify(&self.contract.access_token(kept));
        Door::of(&self.app).call(&call).await.unwrap().status
    }
}

/// Every contract.
fn contracts() -> impl Iterator<Item = &'static dyn Contract> {
    CONTRACTS.into_iter().chain(LASTING)
}

#[tokio::test]
async fn tokens_stay_good_when_the_clock_goes_back_a_little() {
    for contract in contracts() {
        let scene = scene(contract).await;

        scene.app.advance(TimeDelta::seconds(-25));

        assert_eq!(scene.verify(&scene.kept).await, 204, "{contract:?}");
        let next = scene.exchange(&scene.kept).await.unwrap();
        assert_eq!(scene.verify(&next).await, 204, "{contract:?}");
        scene.exchange(&next).await.unwrap();
    }
}

#[tokio::test]
async fn an_answer_is_given_again_when_the_clock_goes_back() {
    for contract in CONTRACTS {
        for step in [TimeDelta::seconds(-25), TimeDelta::hours(-1)] {
            let scene = scene(contract).await;

            scene.app.advance(step);
            let meanwhile = scene.exchange(&scene.spent).await;
            scene.app.advance(-step);

            let is_refused = meanwhile.is_err() && step < -LEEWAY;
            assert!(
                is_refused || meanwhile == Ok(scene.kept.clone()),
                "{contract:?}"
            );
            let again = scene.exchange(&scene.spent).await;
            assert_eq!(again, Ok(scene.kept.clone()), "{contract:?}");
        }
    }
}

#[tokio::test]
async fn nobody_loses_a_session_over_a_clock_that_is_far_behind() {
    for contract in contracts() {
        for step in [TimeDelta::hours(-1), TimeDelta::days(-400)] {
            let mut scene = scene(contract).await;

            scene.app.advance(step);
            for _ in 0..3 {
                if let Ok(next) = scene.exchange(&scene.kept).await {
                    scene.kept = next;
                }
                scene.app.advance(TimeDelta::seconds(1));
                scene.app.cleaner.run().await.unwrap();
            }
            scene.app.advance(-step);

            let next = scene.exchange(&scene.kept).await;
            assert!(next.is_ok(), "{contract:?} {step}: {next:?}");
        }
    }
}

#[tokio::test]
async fn a_clock_that_goes_forward_by_days_costs_no_session() {
    for contract in contracts() {
        let scene = scene(contract).await;

        scene.app.advance(TimeDelta::days(5));

        let next = scene.exchange(&scene.kept).await.unwrap();
        assert_eq!(scene.verify(&next).await, 204, "{contract:?}");
        scene.exchange(&next).await.unwrap();
    }
}

#[tokio::test]
async fn what_a_clock_far_ahead_refuses_is_good_again_when_it_is_mended() {
    for contract in contracts() {
        let scene = scene(contract).await;

        scene.app.advance(TimeDelta::days(400));
        let meanwhile = scene.exchange(&scene.kept).await;
        scene.app.advance(TimeDelta::days(-400));

        assert!(meanwhile.is_err(), "{contract:?}");
        assert_eq!(scene.verify(&scene.kept).await, 204, "{contract:?}");
        scene.exchange(&scene.kept).await.unwrap();
    }
}

#[tokio::test]
async fn whoever_logs_in_after_a_logout_everywhere_is_in_though_the_clock_goes_back() {
    for contract in contracts().filter(|one| one.name() != Name::ExpiredToken) {
        let scene = scene(contract).await;
        let mut door = Door::of(&scene.app);
        let answer = door.call(&contract.log_out(&scene.kept, true)).await;
        assert_eq!(answer.unwrap().status, 204);

        scene.app.advance(TimeDelta::seconds(-25));
        let kept = log_in(&scene.app, contract).await;

        assert_eq!(scene.verify(&kept).await, 204, "{contract:?}");
        scene.exchange(&kept).await.unwrap();
        scene.exchange(&scene.kept).await.unwrap_err();
    }
}

#[tokio::test]
async fn a_limit_is_over_after_a_minute_though_the_clock_went_back() {
    let stateless = &ExpiredToken::Stateless;
    let settings = [&[("RATE_LIMIT_PER_MINUTE", "3")], stateless.settings()].concat();
    let app = spawn_with(&settings).await;
    let token = app.expired_token();
    for expected in [200, 200, 200, 429] {
        assert_eq!(app.refresh(&token).await.status, expected);
    }

    app.advance(TimeDelta::minutes(-10));
    assert_eq!(app.refresh(&token).await.status, 429);
    app.advance(TimeDelta::seconds(61));

    assert_eq!(app.refresh(&token).await.status, 200);
}
