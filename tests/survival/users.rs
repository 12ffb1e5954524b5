//! Sessions of users who go, come back, or look alike.

use chrono::TimeDelta;
use sea_orm::{ConnectionTrait as _, Database};

use super::contract::{Contract, ExpiredToken, Login, verify};
use super::door::{Call, Door};
use super::{ALICE, CONTRACTS, ENGINES, rows, settings};
use crate::harness::servers::{self, Engine};
use crate::harness::{Answer, TestApp, spawn_on, spawn_over};

/// A service and one contract of it.
struct Scene {
    app: TestApp,
    contract: &'static dyn Contract,
}

async fn scenes() -> Vec<Scene> {
    let mut scenes = Vec::new();
    for contract in CONTRACTS {
        scenes.extend(scenes_of(contract).await);
    }
    scenes
}

async fn scenes_of(contract: &'static dyn Contract) -> Vec<Scene> {
    let mut scenes = Vec::new();
    for engine in ENGINES {
        let app = spawn_on(engine, &settings(contract)).await;
        scenes.extend(app.map(|app| Scene { app, contract }));
    }
    scenes
}

impl Scene {
    async fn call(&self, call: &Call) -> Answer {
        Door::of(&self.app).call(call).await.unwrap()
    }

    async fn log_in(&self, user: &str) -> String {
        let issued_at = self.app.now().timestamp();
        let login = Login {
            user,
            number: 0,
            issued_at,
        };
        self.contract.log_in(&mut Door::of(&self.app), login).await
    }

    async fn refresh(&self, kept: &str) -> Answer {
        self.call(&self.contract.present(kept)).await
    }

    /// What is kept after a refresh that is granted.
    async fn next(&self, kept: &str) -> String {
        let answer = self.refresh(kept).await;
        let next = self.contract.keep(kept, &answer);
        next.unwrap_or_else(|| panic!("refused: {answer:?}"))
    }

    /// Asserts that the verify endpoint and then a refresh are told so of `kept`.
    async fn assert_refused(&self, kept: &str, code: &'static str) {
        self.assert_spent_is_refused(kept, code, code).await;
    }

    /// The same, where the verify endpoint says something else.
    async fn assert_spent_is_refused(&self, kept: &str, verdict: &str, code: &'static str) {
        let token = self.contract.access_token(kept);
        assert_eq!(self.call(&verify(&token)).await.code(), verdict);

        let said = self.contract.code(&self.refresh(kept).await);
        assert_eq!(said, self.contract.refusal(code), "{:?}", self.contract);
    }

    /// Asserts that `kept` is good for both; what is kept then.
    async fn assert_good(&self, kept: &str) -> String {
        let token = self.contract.access_token(kept);
        assert_eq!(self.call(&verify(&token)).await.status, 204);

        self.next(kept).await
    }

    /// How often each session was refreshed.
    async fn generations(&self) -> Vec<i64> {
        rows(&self.app.database)
            .await
            .iter()
            .map(|row| row.generation)
            .collect()
    }
}

#[tokio::test]
async fn whoever_is_unknown_begins_no_session() {
    for scene in scenes_of(&ExpiredToken::SingleUse).await {
        for (user, code) in [("nobody", "user_not_found"), ("bob", "user_inactive")] {
            let kept = scene.log_in(user).await;

            scene.assert_refused(&kept, code).await;
        }

        assert!(scene.generations().await.is_empty());
    }
}

#[tokio::test]
async fn whoever_is_active_again_goes_on_where_they_stopped() {
    for scene in scenes().await {
        let first = scene.log_in(ALICE).await;
        let kept = scene.next(&first).await;

        scene
            .app
            .sql("UPDATE users SET is_active = FALSE WHERE id = 'alice'")
            .await;
        let of_spent = scene.contract.of_spent("user_inactive");
        for (inactive, verdict) in [(&first, of_spent), (&kept, "user_inactive")] {
            scene
                .assert_spent_is_refused(inactive, verdict, "user_inactive")
                .await;
        }
        // Longer than the grace: nobody could have taken a try that was refused for a theft.
        scene.app.advance(TimeDelta::minutes(5));
        scene
            .app
            .sql("UPDATE users SET is_active = TRUE WHERE id = 'alice'")
            .await;

        assert_eq!(scene.generations().await, [1]);
        scene.next(&kept).await;
    }
}

#[tokio::test]
async fn whoever_was_deleted_is_refused_until_the_key_is_there_again() {
    for scene in scenes().await {
        let kept = scene.next(&scene.log_in(ALICE).await).await;

        scene.app.sql("DELETE FROM users WHERE id = 'alice'").await;

        scene.assert_refused(&kept, "user_not_found").await;
        scene
            .app
            .sql("INSERT INTO users (id, email, is_active) VALUES ('alice', 'new', TRUE)")
            .await;
        scene.assert_good(&kept).await;
    }
}

#[tokio::test]
async fn a_logout_while_a_user_is_away_counts_when_they_are_back() {
    for scene in scenes().await {
        let kept = scene.next(&scene.log_in(ALICE).await).await;
        scene
            .app
            .sql("UPDATE users SET is_active = FALSE WHERE id = 'alice'")
            .await;

        let answer = scene.call(&scene.contract.log_out(&kept, false)).await;

        assert_eq!(answer.status, 204);
        scene
            .app
            .sql("UPDATE users SET is_active = TRUE WHERE id = 'alice'")
            .await;
        scene.assert_refused(&kept, "session_revoked").await;
    }
}

/// On each engine, a column type that takes ALICE and alice for the same.
const CASELESS: [(Engine, &str); 3] = [
    (Engine::Sqlite, "varchar(40) COLLATE NOCASE"),
    (Engine::Postgres, "citext"),
    (Engine::MariaDb, "varchar(40) COLLATE utf8mb4_general_ci"),
];

/// Services whose users have these keys, in a column that ignores case, and numbers.
async fn caseless(users: &[&str]) -> Vec<Scene> {
    let mut scenes = Vec::new();
    for (engine, column) in CASELESS {
        for contract in CONTRACTS {
            let Some(server) = servers::database(engine).await else {
                continue;
            };
            let mut statements = Vec::new();
            if engine == Engine::Postgres {
                statements.push("CREATE EXTENSION citext".to_owned());
            }
            let columns = format!("id {column}, number integer, is_active boolean");
            statements.push(format!("CREATE TABLE users ({columns})"));
            let row =
                |(number, user)| format!("INSERT INTO users VALUES ('{user}', {number}, TRUE)");
            statements.extend(users.iter().enumerate().map(row));
            let database = Database::connect(&server.url).await.unwrap();
            for statement in statements {
                database.execute_unprepared(&statement).await.unwrap();
            }
            let app = spawn_over(server, &settings(contract)).await;
            scenes.push(Scene { app, contract });
        }
    }
    scenes
}

#[tokio::test]
async fn two_users_behind_one_collation_have_sessions_of_their_own() {
    for scene in caseless(&["ALICE", "alice"]).await {
        let upper = scene.next(&scene.log_in("ALICE").await).await;
        let lower = scene.next(&scene.log_in("alice").await).await;
        assert_eq!(scene.generations().await, [1, 1]);

        let everywhere = scene.contract.log_out(&upper, true);
        assert_eq!(scene.call(&everywhere).await.status, 204);

        scene.assert_refused(&upper, "session_revoked").await;
        scene.assert_good(&lower).await;
    }
}

#[tokio::test]
async fn one_user_behind_a_collation_is_deactivated_alone() {
    for scene in caseless(&["ALICE", "alice"]).await {
        let upper = scene.next(&scene.log_in("ALICE").await).await;
        let lower = scene.next(&scene.log_in("alice").await).await;

        scene
            .app
            .sql("UPDATE users SET is_active = FALSE WHERE number = 0")
            .await;

        scene.assert_refused(&upper, "user_inactive").await;
        scene.assert_good(&lower).await;
    }
}

#[tokio::test]
async fn a_key_that_changes_its_case_is_another_users_until_it_changes_back() {
    for scene in caseless(&["alice"]).await {
        let kept = scene.next(&scene.log_in("alice").await).await;

        scene.app.sql("UPDATE users SET id = 'ALICE'").await;

        scene.assert_refused(&kept, "user_not_found").await;
        let upper = scene.log_in("ALICE").await;
        let upper = scene.assert_good(&upper).await;
        scene.app.sql("UPDATE users SET id = 'alice'").await;
        scene.assert_good(&kept).await;
        scene.assert_refused(&upper, "user_not_found").await;
    }
}
