//! Questions that are answered together.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::join_all;
use opentelemetry::Context;
use opentelemetry::trace::{SpanContext, TraceContextExt as _, TraceFlags, TraceState};
use remint::domain::{SessionId, Subject};
use remint::metrics::{DatabaseMetrics, Metrics};
use remint::service::{Holders as _, UserDirectory as _};
use remint::store::{DirectorySettings, SqlHolders, SqlSessionStore, SqlUserDirectory};
use sea_orm::{
    ConnectOptions, ConnectionTrait as _, Database, DatabaseConnection, TransactionTrait as _,
};
use serde_json::Value;
use tracing::Subscriber;
use tracing_subscriber::fmt::format::FmtSpan;
use uuid::Uuid;

/// Lines that stay in memory.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(line)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Lines {
    /// Writes spans here as they end.
    fn subscriber(&self) -> impl Subscriber + use<> {
        let writer = self.clone();
        let subscriber = tracing_subscriber::fmt().json();
        let subscriber = subscriber.with_span_events(FmtSpan::CLOSE);
        subscriber.with_writer(move || writer.clone()).finish()
    }

    /// The spans of statements, as they were when they ended.
    fn statements(&self) -> Vec<Value> {
        let text = String::from_utf8(self.0.lock().unwrap().clone()).unwrap();
        let lines = text.lines().map(|line| serde_json::from_str(line).unwrap());
        let spans = lines.map(|line: Value| line["span"].clone());
        spans.filter(|span| span["name"] == "statement").collect()
    }
}

/// That of a request that is followed.
fn context() -> Context {
    let (trace, span) = (1_u128.into(), 2_u64.into());
    let caller = SpanContext::new(
        trace,
        span,
        TraceFlags::SAMPLED,
        true,
        TraceState::default(),
    );
    Context::new().with_remote_span_context(caller)
}

/// A database with one connection and a table of users.
async fn database() -> DatabaseConnection {
    let mut options = ConnectOptions::new("sqlite::memory:");
    options.max_connections(1);
    let database = Database::connect(options).await.unwrap();
    let table = "CREATE TABLE users (id TEXT PRIMARY KEY, is_active BOOLEAN)";
    database.execute_unprepared(table).await.unwrap();
    database
}

/// Long enough for any statement.
const DEADLINE: Duration = Duration::from_secs(30);

/// The users in it, whose look-ups are counted.
async fn directory(database: &DatabaseConnection) -> SqlUserDirectory {
    let settings = DirectorySettings::default();
    let directory = SqlUserDirectory::open(database.clone(), &settings, DEADLINE);
    let directory = directory.await.unwrap();
    directory.measure(&DatabaseMetrics::new(&Metrics::default()).unwrap());
    directory
}

#[tokio::test]
async fn each_says_how_many_it_was_one_of() {
    let (database, lines) = (database().await, Lines::default());
    let directory = directory(&database).await;
    let _subscriber = tracing::subscriber::set_default(lines.subscriber());
    let _request = context().attach();
    let subjects = ["a", "b", "c"].map(|id| Subject::Text(id.to_owned()));

    let held = database.begin().await.unwrap();
    let mut lookups = Box::pin(join_all(subjects.iter().map(|it| directory.find(it))));
    assert!((&mut lookups).now_or_never().is_none());
    held.rollback().await.unwrap();
    lookups.await;

    let sizes = lines.statements();
    let sizes = sizes
        .iter()
        .map(|span| span["db.operation.batch.size"].as_i64());
    let mut sizes: Vec<_> = sizes.collect();
    sizes.sort_unstable();
    assert_eq!(sizes, [None, Some(2), Some(2)], "the first asked alone");
}

#[tokio::test]
async fn whoever_asks_for_two_things_has_a_span_of_each() {
    let (database, lines) = (database().await, Lines::default());
    let directory = Arc::new(directory(&database).await);
    let sessions = Arc::new(SqlSessionStore::new(database.clone(), DEADLINE));
    sessions.measure(&DatabaseMetrics::new(&Metrics::default()).unwrap());
    let holders = SqlHolders::of(sessions, directory);
    // So that there are neither users nor sessions.
    let gone = database.execute_unprepared("DROP TABLE users").await;
    gone.unwrap();
    let _subscriber = tracing::subscriber::set_default(lines.subscriber());
    let _request = context().attach();
    let (id, subject) = (SessionId(Uuid::nil()), Subject::Text("a".to_owned()));

    let held = database.begin().await.unwrap();
    let mut lookups = Box::pin(join_all((0..3).map(|_| holders.look_up(id, &subject))));
    assert!((&mut lookups).now_or_never().is_none());
    held.rollback().await.unwrap();
    lookups.await;

    let text = |span: &Value, field: &str| span[field].as_str().unwrap_or_default().to_owned();
    let spans = lines.statements();
    let spans = spans.iter().map(|span| {
        let size = span["db.operation.batch.size"].as_i64();
        (
            text(span, "db.query.summary"),
            size,
            text(span, "error.type"),
        )
    });
    let mut spans: Vec<_> = spans.collect();
    spans.sort();
    let of = |statement: &str| {
        [None, Some(2), Some(2)].map(|size| (statement.to_owned(), size, "database".to_owned()))
    };
    assert_eq!(spans, [of("find_user"), of("standing")].concat());
}

#[tokio::test]
async fn outside_of_requests_there_are_no_spans() {
    let (database, lines) = (database().await, Lines::default());
    let directory = directory(&database).await;
    let _subscriber = tracing::subscriber::set_default(lines.subscriber());

    directory
        .find(&Subject::Text("a".to_owned()))
        .await
        .unwrap();

    assert!(lines.statements().is_empty());
}
