//! What ends sessions: once it has answered that they are over, they are.

use poem::http::Method;
use remint::domain::Contract as Name;
use serde_json::{Value, json};

use super::{Scene, Seen, is_oauth_error, is_problem, scenes};
use crate::harness::{Answer, jwt};
use crate::survival::contract::Contract;
use crate::survival::door::Call;
use crate::survival::started::tokens;
use crate::survival::{ALICE, CONTRACTS, LASTING, rows};

/// Something that ends the first of two sessions of one user.
trait End {
    /// Whether it ends the other one as well.
    const EVERYTHING: bool;

    async fn ask(&self, scene: &Scene, kept: &str) -> Answer;

    /// Whether a body says that the service is in trouble.
    fn is_trouble(body: &Value) -> bool {
        is_problem(body)
    }

    /// Whether an answer says that all is over, but leaves out what it could not find out besides.
    fn leaves_out(_: &Answer) -> bool {
        false
    }
}

struct Logout;

impl End for Logout {
    const EVERYTHING: bool = false;

    async fn ask(&self, scene: &Scene, kept: &str) -> Answer {
        scene.call(&scene.contract.log_out(kept, false)).await
    }
}

struct LogoutEverywhere;

impl End for LogoutEverywhere {
    const EVERYTHING: bool = true;

    async fn ask(&self, scene: &Scene, kept: &str) -> Answer {
        scene.call(&scene.contract.log_out(kept, true)).await
    }
}

struct OAuthRevocation;

impl End for OAuthRevocation {
    const EVERYTHING: bool = false;

    async fn ask(&self, scene: &Scene, kept: &str) -> Answer {
        let token = match scene.contract.name() {
            Name::ExpiredToken => kept.to_owned(),
            Name::Cookie | Name::Envelope | Name::OAuth2 | Name::RefreshToken | Name::TokenPair => {
                let [_, refresh] = tokens(kept);
                refresh
            }
        };
        scene
            .call(&Call::form("/oauth/revoke", &[("token", &token)]))
            .await
    }

    fn is_trouble(body: &Value) -> bool {
        is_oauth_error(body)
    }
}

struct Operator;

impl End for Operator {
    const EVERYTHING: bool = false;

    async fn ask(&self, scene: &Scene, kept: &str) -> Answer {
        let claims = jwt::payload(&scene.contract.access_token(kept));
        let session = claims["remint"]["sid"].as_str().unwrap();
        let path = format!("/admin/sessions/{session}");
        scene.app.admin(Method::DELETE, &path, "").await
    }
}

struct CutOff;

impl End for CutOff {
    const EVERYTHING: bool = true;

    async fn ask(&self, scene: &Scene, _: &str) -> Answer {
        let body = json!({"user": ALICE}).to_string();
        scene
            .app
            .admin(Method::POST, "/admin/cut-offs", &body)
            .await
    }

    /// Whether there is such a user.
    fn leaves_out(answer: &Answer) -> bool {
        answer.status == 200 && answer.body_json()["known"].is_null()
    }
}

async fn is_over(scene: &Scene, kept: &str) -> bool {
    let answer = scene.present(kept).await;
    assert_ne!(answer.status, 503, "{answer:?}");
    let is_refused = scene.contract.keep(kept, &answer).is_none();
    is_refused && scene.verify(kept).await == 401
}

async fn survives_any_failure<E: End>(end: E, contract: &'static dyn Contract) {
    for scene in scenes(contract, &[]).await {
        let log_in_twice = async || [scene.log_in(0).await, scene.log_in(1).await];
        let ask = async |[mine, _]: &[String; 2]| end.ask(&scene, mine).await;
        let check = async |[mine, other]: [String; 2], seen: Seen| {
            let again = async || end.ask(&scene, &mine).await;
            let ended = if E::leaves_out(&seen.answer) {
                assert!(seen.has_failed, "{seen:?}");
                seen.answer.clone()
            } else {
                seen.in_the_end(E::is_trouble, again).await
            };
            assert!(ended.status < 300, "{ended:?} after {seen:?}");
            assert!(is_over(&scene, &mine).await, "goes on: {seen:?}");
            let other = is_over(&scene, &other).await;
            assert_eq!(other, E::EVERYTHING, "the other one: {seen:?}");
            let rows = rows(&scene.app.database).await;
            let goes_on = rows.iter().any(|row| row.revoked_because.is_none());
            assert!(
                !(E::EVERYTHING && goes_on),
                "half-written: {rows:?} {seen:?}"
            );
        };

        scene.fail_each(log_in_twice, ask, check).await;
    }
}

/// Every contract.
fn contracts() -> impl Iterator<Item = &'static dyn Contract> {
    CONTRACTS.into_iter().chain(LASTING)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_logout_is_final_after_any_failure() {
    for contract in contracts() {
        survives_any_failure(Logout, contract).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_logout_everywhere_is_final_after_any_failure() {
    for contract in contracts() {
        survives_any_failure(LogoutEverywhere, contract).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revocation_by_oauth_is_final_after_any_failure() {
    for contract in contracts() {
        survives_any_failure(OAuthRevocation, contract).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operators_word_is_final_after_any_failure() {
    for contract in contracts().filter(|one| one.name() != Name::ExpiredToken) {
        survives_any_failure(Operator, contract).await;
        survives_any_failure(CutOff, contract).await;
    }
}
