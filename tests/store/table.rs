//! Users tables as somebody else might have made them.

use std::time::Duration;

use chrono::{DateTime, Utc};
use futures_util::future::join_all;
use remint::domain::{Lookup, Refusal, Subject};
use remint::service::UserDirectory as _;
use remint::store::{DirectorySettings, SqlUserDirectory};
use sea_orm::{ConnectionTrait as _, Database, DatabaseConnection};

use crate::harness::START;
use crate::harness::servers::{self, Engine, ThrowawayDatabase};

/// Long enough for any look-up that is not meant to fail.
pub(super) const DEADLINE: Duration = Duration::from_mins(1);

/// A database with the tables of one test.
pub(super) struct Tables {
    pub(super) engine: Engine,
    pub(super) connection: DatabaseConnection,
    pub(super) server: ThrowawayDatabase,
}

/// A database in which these statements ran; none where the engine is not installed.
pub(super) async fn tables(engine: Engine, statements: &[&str]) -> Option<Tables> {
    let server = servers::database(engine).await?;
    let connection = Database::connect(&server.url).await.unwrap();
    let tables = Tables {
        engine,
        connection,
        server,
    };
    for statement in statements {
        tables.sql(statement).await;
    }
    Some(tables)
}

/// The same on every engine that is installed.
pub(super) async fn everywhere(statements: &[&str]) -> Vec<Tables> {
    let mut all = Vec::new();
    for engine in [Engine::Sqlite, Engine::Postgres, Engine::MariaDb] {
        all.extend(tables(engine, statements).await);
    }
    all
}

impl Tables {
    pub(super) async fn sql(&self, sql: &str) {
        let done = self.connection.execute_unprepared(sql).await;
        done.unwrap_or_else(|error| panic!("{:?}: {sql}: {error}", self.engine));
    }

    /// The directory over those tables.
    pub(super) async fn directory(&self, settings: &DirectorySettings) -> SqlUserDirectory {
        let opened = SqlUserDirectory::open(self.connection.clone(), settings, DEADLINE).await;
        opened.unwrap_or_else(|error| panic!("{:?}: {error}", self.engine))
    }

    /// Why there is no directory over those tables.
    pub(super) async fn setup_problem(&self, settings: &DirectorySettings) -> String {
        let opened = SqlUserDirectory::open(self.connection.clone(), settings, DEADLINE).await;
        match opened {
            Ok(_) => format!("{:?} sees no problem", self.engine),
            Err(error) => error.to_string(),
        }
    }

    /// `name` as the engine quotes it.
    pub(super) fn quoted(&self, name: &str) -> String {
        quoted(self.engine, name)
    }
}

/// `name` as that engine quotes it.
pub(super) fn quoted(engine: Engine, name: &str) -> String {
    match engine {
        Engine::MariaDb => format!("`{}`", name.replace('`', "``")),
        Engine::Sqlite | Engine::Postgres => format!("\"{}\"", name.replace('"', "\"\"")),
    }
}

/// The settings of a table that has nothing but keys.
pub(super) fn keys_only() -> DirectorySettings {
    DirectorySettings {
        active_column: None,
        ..DirectorySettings::default()
    }
}

/// What the directory says about a token of `START` with that string as its subject.
pub(super) async fn verdict(directory: &SqlUserDirectory, subject: &str) -> &'static str {
    verdict_on(directory, &Subject::Text(subject.to_owned()), START).await
}

/// What the directory says about a token of that subject and time of issue.
pub(super) async fn verdict_on(
    directory: &SqlUserDirectory,
    subject: &Subject,
    issued_at: i64,
) -> &'static str {
    match directory.find(subject).await.unwrap().admit(at(issued_at)) {
        Ok(_) => "active",
        Err(Refusal::UserInactive) => "inactive",
        Err(Refusal::UserNotFound) => "not found",
        Err(Refusal::CutOff) => "revoked",
        Err(refusal) => panic!("{refusal}"),
    }
}

/// What the directory says about each of these subjects, whether asked one by one or all at once.
pub(super) async fn verdicts<const N: usize>(
    directory: &SqlUserDirectory,
    subjects: [&str; N],
) -> [&'static str; N] {
    let mut verdicts = [""; N];
    for (slot, subject) in verdicts.iter_mut().zip(subjects) {
        *slot = verdict(directory, subject).await;
    }
    let at_once = subjects.map(|subject| verdict(directory, subject));
    assert_eq!(join_all(at_once).await, verdicts, "{subjects:?}");
    verdicts
}

/// The user's claims, each with its JSON text.
pub(super) async fn claims(directory: &SqlUserDirectory, subject: &str) -> Vec<(String, String)> {
    let subject = Subject::Text(subject.to_owned());
    let Lookup::Found(user) = directory.find(&subject).await.unwrap() else {
        panic!("{subject} was not found");
    };
    let text = |(name, json): (String, remint::domain::JsonText)| (name, json.as_str().to_owned());
    user.claims.into_iter().map(text).collect()
}

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(seconds, 0).unwrap()
}
