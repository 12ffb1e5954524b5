//! Sessions and users, asked for together.

use std::fmt::Debug;
use std::sync::Arc;

use futures_util::future::join_all;
use remint::domain::{Revocation, Subject};
use remint::service::Change::Done;
use remint::service::{Holders as _, SessionStore as _, UserDirectory as _};
use remint::store::{DirectorySettings, SqlHolders, SqlSessionStore, SqlUserDirectory};
use sea_orm::DatabaseConnection;

use crate::harness::{TestApp, spawn_on_each};

use super::changes::{id, session};
use super::table::DEADLINE;

/// What asks for both, and what asks for one.
struct Asked {
    holders: SqlHolders,
    sessions: Arc<SqlSessionStore>,
    directory: Arc<SqlUserDirectory>,
}

impl Asked {
    async fn of(database: &DatabaseConnection) -> Self {
        let settings = DirectorySettings::default();
        let directory = SqlUserDirectory::open(database.clone(), &settings, DEADLINE).await;
        let directory = Arc::new(directory.unwrap());
        let sessions = Arc::new(SqlSessionStore::new(database.clone(), DEADLINE));
        Self {
            holders: SqlHolders::of(Arc::clone(&sessions), Arc::clone(&directory)),
            sessions,
            directory,
        }
    }
}

/// What was said, where it is not to matter why nothing was.
fn said<T: Debug, E>(answer: Result<T, E>) -> String {
    answer.map_or_else(|_| "nothing".to_owned(), |answer| format!("{answer:?}"))
}

/// Services with three sessions of alice, one of which is over, and a cut-off of bob's, who is not active.
async fn apps() -> Vec<(TestApp, Asked)> {
    let mut all = Vec::new();
    for app in spawn_on_each(&[]).await {
        let asked = Asked::of(&app.database).await;
        let sessions = &asked.sessions;
        for number in 0..3 {
            sessions.begin(&session(number)).await.unwrap();
        }
        let then = session(0).started_at;
        let revoked = sessions.revoke(id(2), Revocation::Logout, then).await;
        assert_eq!(revoked.unwrap(), Done);
        sessions.cut_off("bob", then).await.unwrap();
        all.push((app, asked));
    }
    all
}

#[tokio::test]
async fn together_they_say_what_each_says_alone() {
    let text = |name: &str| Subject::Text(name.to_owned());
    // PostgreSQL has no texts with a NUL: who asks for one spoils nobody's answer.
    let subjects = ["alice", "bob", "nobody", "ali\0ce", ""].map(text);
    for (app, asked) in apps().await {
        let subjects = subjects.iter().chain([&Subject::Integer(7)]);
        let questions =
            subjects.flat_map(|subject| (0..4).map(move |number| (id(number), subject)));
        let questions: Vec<_> = questions.collect();
        let together = questions.iter();
        let together = together.map(|(id, subject)| asked.holders.look_up(*id, subject));

        let answers = join_all(together).await;

        for ((id, subject), holder) in questions.into_iter().zip(answers) {
            let standing = asked.sessions.standing(id, &subject.user_key()).await;
            let user = asked.directory.find(subject).await;
            assert_eq!(
                [said(holder.standing), said(holder.user)],
                [said(standing), said(user)],
                "{:?} {id} {subject:?}",
                app.database
            );
        }
    }
}

#[tokio::test]
async fn what_cannot_be_read_keeps_nothing_else_back() {
    let alice = Subject::Text("alice".to_owned());
    for (lost, expected) in [("users", [true, false]), ("remint_session", [false, true])] {
        for (app, asked) in apps().await {
            app.sql(&format!("DROP TABLE {lost}")).await;

            let look_ups = (0..3).map(|number| asked.holders.look_up(id(number), &alice));
            for holder in join_all(look_ups).await {
                let has_said = [holder.standing.is_ok(), holder.user.is_ok()];
                assert_eq!(has_said, expected, "{:?} without {lost}", app.database);
            }
        }
    }
}
