//! Opening a database.

use std::io::ErrorKind;
use std::time::Duration;

use sea_orm::sqlx::pool::PoolConnectionMetadata;
use sea_orm::sqlx::{self, AssertSqlSafe, Connection, Executor as _};
use sea_orm::{ConnectOptions, Database, DatabaseConnection, DbErr, RuntimeErr};
use secrecy::{ExposeSecret, SecretString};
use tokio::net::TcpStream;
use tokio::time::{Instant, Interval, interval_at, sleep, timeout, timeout_at};
use tracing::warn;
use url::Url;

use super::errors::{SILENCE, may_come_up};

/// A connection that sat idle for so long is asked whether it still lives before it is used.
/// Asking before every query would double the round trips.
const PING_AFTER_IDLE: Duration = Duration::from_secs(30);

/// How long SQLite waits for a writer of another process, at most. It waits on when nobody waits for it
/// any more, and must have given up before that: see [`busy_timeout`].
const SQLITE_BUSY: Duration = Duration::from_secs(1);

/// What a connection to SQLite keeps of the file, at most: minus the number of KiB. The upper levels of
/// the indexes of ten million rows have room in it, and none of it is used before it is needed.
const SQLITE_CACHE: &str = "-8000";

/// What SQLite says of a file that is not there (`SQLITE_CANTOPEN`).
const CANNOT_OPEN: &str = "unable to open database file";

/// Between two attempts to reach a database that is not there yet.
const PAUSE: Duration = Duration::from_millis(500);

/// How often the log says that a database is still waited for.
const PROGRESS: Duration = Duration::from_secs(3);

/// What the pool says once its time is over.
const GAVE_UP: &str = "pool timed out";

/// Where a database is and how it is used.
#[derive(Debug, Clone)]
pub struct DatabaseSettings {
    /// `sqlite://…`, `postgres://…`, `mysql://…` or `mariadb://…`; holds the password.
    pub url: SecretString,
    /// The most connections at a time.
    pub max_connections: u32,
    /// How long one query may take, waiting for a connection included.
    pub query_deadline: Duration,
    /// How long the start waits for a database that does not answer yet.
    pub connect_deadline: Duration,
}

/// A database could not be opened or migrated.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The migrations failed.
    #[error("remint's own tables could not be made: {0}")]
    Migrate(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// A SQLite file that is only read is not there.
    #[error("there is no SQLite file {0}, or it may not be read")]
    NoFile(String),
    /// It can be read, and nothing else.
    #[error("remint's own tables cannot be written: {0}")]
    NotWritable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// It did not answer in time.
    #[error(
        "the database did not answer within {}: {source}; start it, correct its address, or let \
         DATABASE_CONNECT_TIMEOUT_SECONDS be longer",
        humantime::format_duration(*.waited)
    )]
    Unreachable {
        /// How long it was waited for.
        waited: Duration,
        /// What the last attempt said.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// It cannot be opened, however long one waits.
    #[error("the database could not be opened: {0}")]
    Unusable(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// Opens the service's own database, and waits for one that is still starting.
///
/// A SQLite file is made where there is none, and set up for many readers beside a writer.
pub async fn connect(settings: &DatabaseSettings) -> Result<DatabaseConnection, ConnectError> {
    open(settings, options_for_own(settings)).await
}

pub(super) fn options_for_own(settings: &DatabaseSettings) -> ConnectOptions {
    let mut options = options(settings);
    give_up_before_us(&mut options, settings.query_deadline);
    let busy_timeout = busy_timeout(settings);
    options.map_sqlx_sqlite_opts(move |sqlite| {
        sqlite
            .create_if_missing(true)
            .busy_timeout(busy_timeout)
            .pragma("journal_mode", "WAL")
            // Every rotation is on the disk before its answer leaves.
            .pragma("synchronous", "FULL")
            .pragma("cache_size", SQLITE_CACHE)
    });
    options
}

/// Opens a database that is only read, and changes nothing about it.
///
/// Where it is a SQLite file, that neither appears (a misspelt name would go unnoticed) nor is
/// switched to another journal (it is somebody else's).
pub async fn connect_to_existing(
    settings: &DatabaseSettings,
) -> Result<DatabaseConnection, ConnectError> {
    let opened = open(settings, options_for_existing(settings)).await;
    if let Err(ConnectError::Unusable(source)) = &opened
        && source.to_string().contains(CANNOT_OPEN)
    {
        return Err(ConnectError::NoFile(sqlite_file(settings)));
    }
    opened
}

fn busy_timeout(settings: &DatabaseSettings) -> Duration {
    SQLITE_BUSY.min(settings.query_deadline / 2)
}

/// The file that a SQLite URL names, in which there is no password.
fn sqlite_file(settings: &DatabaseSettings) -> String {
    let url = settings.url.expose_secret();
    let file = url.strip_prefix("sqlite:").unwrap_or_default();
    let file = file.split_once('?').map_or(file, |(file, _)| file);
    file.strip_prefix("//").unwrap_or(file).to_owned()
}

pub(super) fn options_for_existing(settings: &DatabaseSettings) -> ConnectOptions {
    let mut options = options(settings);
    let busy_timeout = busy_timeout(settings);
    options.map_sqlx_sqlite_opts(move |sqlite| {
        sqlite
            .read_only(true)
            .busy_timeout(busy_timeout)
            .pragma("cache_size", SQLITE_CACHE)
    });
    options
}

/// Lets the servers give a statement up a little before we do: one that they go on with after it
/// was answered 503 could use a token up that nobody got a successor for.
///
/// PostgreSQL gives up waiting for a locked row much earlier, so that there is time left for those
/// who shared a statement with it to go on alone.
fn give_up_before_us(options: &mut ConnectOptions, deadline: Duration) {
    let limit = deadline.mul_f32(0.9);
    let postgres = format!("SET statement_timeout = {}", limit.as_millis());
    // A plan that was made while a table was empty would read all of it for ever. What only speaks
    // PostgreSQL's protocol need not know these.
    let patience = (limit / 4).as_millis();
    let of_postgres = format!("SET lock_timeout = {patience}; SET enable_seqscan = off");
    // It takes an array to be of ten values, and would plan anew for each that is shorter.
    let planned_once = "SET plan_cache_mode = force_generic_plan";
    // MySQL knows only the second one, in whole seconds. MariaDB knows both.
    let seconds = limit.as_secs_f32();
    let maria = format!("SET SESSION max_statement_time = {seconds}");
    let mysql = format!(
        "SET SESSION innodb_lock_wait_timeout = {}",
        limit.as_secs().max(1)
    );
    options
        .map_sqlx_postgres_pool_opts(move |pool| {
            let (all, some) = (postgres.clone(), of_postgres.clone());
            pool.after_connect(move |connection, _| {
                let (all, some) = (AssertSqlSafe(all.clone()), AssertSqlSafe(some.clone()));
                Box::pin(async move {
                    connection.execute(all).await?;
                    connection.execute(some).await.ok();
                    connection.execute(planned_once).await.ok();
                    Ok(())
                })
            })
        })
        .map_sqlx_mysql_pool_opts(move |pool| {
            let (maria, mysql) = (maria.clone(), mysql.clone());
            pool.after_connect(move |connection, _| {
                let (maria, mysql) = (AssertSqlSafe(maria.clone()), AssertSqlSafe(mysql.clone()));
                Box::pin(async move {
                    connection.execute(mysql).await?;
                    connection.execute(maria).await.map(drop).or(Ok(()))
                })
            })
        });
}

async fn open(
    settings: &DatabaseSettings,
    options: ConnectOptions,
) -> Result<DatabaseConnection, ConnectError> {
    let waited = settings.connect_deadline;
    let deadline = Instant::now() + waited;
    let mut progress = interval_at(Instant::now() + PROGRESS, PROGRESS);
    let mut warned = false;
    loop {
        let attempt = timeout_at(deadline, Box::pin(Database::connect(options.clone())));
        let source = match audibly(attempt, &mut progress, deadline).await {
            Ok(Ok(connection)) => return Ok(connection),
            Ok(Err(error)) if error.to_string().contains(GAVE_UP) => {
                refusal(settings).await.unwrap_or(error)
            }
            Ok(Err(error)) => without_url(error, settings),
            Err(_) => DbErr::Custom(SILENCE.to_owned()),
        };
        if !may_come_up(&source) {
            return Err(ConnectError::Unusable(source.into()));
        }
        if Instant::now() + PAUSE >= deadline {
            return Err(ConnectError::Unreachable {
                waited,
                source: source.into(),
            });
        }
        if !std::mem::replace(&mut warned, true) {
            let patience = humantime::format_duration(waited);
            warn!(error = %source, "the database does not answer; waiting for it up to {patience}");
        }
        sleep(PAUSE).await;
    }
}

/// What `step` comes to; meanwhile the log says every now and then that it is waited for.
async fn audibly<T>(
    step: impl Future<Output = T>,
    progress: &mut Interval,
    deadline: Instant,
) -> T {
    tokio::pin!(step);
    loop {
        tokio::select! {
            done = &mut step => return done,
            _ = progress.tick() => {
                let left = deadline.saturating_duration_since(Instant::now()).as_secs_f32();
                warn!("still waiting for the database, for another {left:.0} s at most");
            }
        }
    }
}

/// What the server's port says, where it lets nobody in: the pool, which tries until its time is
/// over, does not tell.
async fn refusal(settings: &DatabaseSettings) -> Option<DbErr> {
    let url = Url::parse(settings.url.expose_secret()).ok()?;
    let port = if url.scheme().starts_with("postgres") {
        5432
    } else {
        3306
    };
    let (host, port) = (url.host_str()?, url.port().unwrap_or(port));
    let connection = timeout(PAUSE, TcpStream::connect((host, port))).await;
    let error = connection.ok()?.err()?;
    let text = format!("{host}:{port}: {error}");
    Some(DbErr::Conn(RuntimeErr::Internal(text)))
}

/// The error, unless it quotes the URL and with it the password.
fn without_url(error: DbErr, settings: &DatabaseSettings) -> DbErr {
    if error.to_string().contains(settings.url.expose_secret()) {
        return DbErr::Custom("its URL is malformed".to_owned());
    }
    error
}

fn options(settings: &DatabaseSettings) -> ConnectOptions {
    let mut options = ConnectOptions::new(settings.url.expose_secret());
    options
        .max_connections(settings.max_connections)
        .acquire_timeout(settings.query_deadline)
        .test_before_acquire(false)
        // Statements are logged with their values, and values are none of the log's business.
        .sqlx_logging(false);
    ask_the_idle(&mut options, settings.query_deadline / 4);
    options
}

/// Asks a connection that sat idle whether it still lives, and takes no answer in time for a no:
/// what lies in between (NAT, a load balancer) may have forgotten it without a word.
///
/// Those of SQLite lead to a file, which hangs up on nobody.
fn ask_the_idle(options: &mut ConnectOptions, patience: Duration) {
    options
        .map_sqlx_postgres_before_acquire(move |connection, metadata| {
            Box::pin(lives(connection, metadata, patience))
        })
        .map_sqlx_mysql_before_acquire(move |connection, metadata| {
            Box::pin(lives(connection, metadata, patience))
        });
}

async fn lives<C: Connection>(
    connection: &mut C,
    metadata: PoolConnectionMetadata,
    patience: Duration,
) -> Result<bool, sqlx::Error> {
    if metadata.idle_for >= PING_AFTER_IDLE {
        let answer = timeout(patience, connection.ping()).await;
        answer.map_err(|_| sqlx::Error::Io(ErrorKind::TimedOut.into()))??;
    }
    Ok(true)
}
