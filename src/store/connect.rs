//! Opening a database.

use std::fs::OpenOptions;
use std::io::ErrorKind;
use std::path::Path;
use std::str::FromStr as _;
use std::time::Duration;

use sea_orm::sqlx::sqlite::SqliteConnectOptions;
use sea_orm::{ConnectOptions, Database, DatabaseConnection, DbErr, RuntimeErr};
use secrecy::{ExposeSecret, SecretString};
use tokio::net::TcpStream;
use tokio::time::{Instant, Interval, interval_at, sleep, timeout, timeout_at};
use tracing::warn;
use url::Url;

use super::errors::{SILENCE, may_come_up};
use super::options::{Pace, options_for_existing, options_for_own};

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
    #[error("remint's own tables could not be {doing}: {source}")]
    Migrate {
        /// What was to be done to them.
        doing: &'static str,
        /// What the database said.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// They did not end in the time that a statement has.
    #[error(
        "remint's own tables take longer to change than a statement may: {0}; run `remint migrate \
         up`, which gives them the time"
    )]
    MigrateByHand(#[source] Box<dyn std::error::Error + Send + Sync>),
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
    open_own(settings, Pace::InTime).await
}

/// Like [`connect`], for whoever changes tables, however large they are: a statement takes as long as it
/// takes, and waits for a lock no longer than others.
pub async fn connect_to_migrate(
    settings: &DatabaseSettings,
) -> Result<DatabaseConnection, ConnectError> {
    open_own(settings, Pace::Unhurried).await
}

async fn open_own(
    settings: &DatabaseSettings,
    pace: Pace,
) -> Result<DatabaseConnection, ConnectError> {
    let opened = open(settings, options_for_own(settings, pace)).await;
    if let Err(ConnectError::Unusable(source)) = &opened
        && source.to_string().contains(CANNOT_OPEN)
        && let Some(obstacle) = sqlite_obstacle(settings)
    {
        return Err(ConnectError::Unusable(obstacle.into()));
    }
    opened
}

/// Why a SQLite file cannot be made or written where it is to be; nothing where it can, and for other
/// databases. Leaves nothing behind.
pub fn sqlite_obstacle(settings: &DatabaseSettings) -> Option<String> {
    let url = settings.url.expose_secret();
    if !url.starts_with("sqlite:") || url.contains(":memory:") || url.contains("mode=memory") {
        return None;
    }
    // As the library reads it. A link's log and index lie beside the file that it leads to.
    let options = SqliteConnectOptions::from_str(url).ok()?;
    let file = options.get_filename();
    let file = file.canonicalize().unwrap_or_else(|_| file.to_path_buf());
    let folder = file.parent().filter(|folder| *folder != Path::new(""));
    let folder = folder.unwrap_or(Path::new("."));
    let (named, within) = (file.display(), folder.display());
    if !folder.is_dir() {
        return Some(format!("there is no folder {within} for {named}"));
    }
    // Beside it lie its log and its index, so that a file that may be written is not enough.
    if let Err(error) = tempfile::tempfile_in(folder) {
        return Some(format!(
            "nothing can be written in the folder {within}: {error}"
        ));
    }
    let opened = OpenOptions::new().write(true).open(&file);
    let error = opened
        .err()
        .filter(|error| error.kind() != ErrorKind::NotFound);
    error.map(|error| format!("{named} cannot be written: {error}"))
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

/// The file that a SQLite URL names, in which there is no password.
fn sqlite_file(settings: &DatabaseSettings) -> String {
    let url = settings.url.expose_secret();
    let file = url.strip_prefix("sqlite:").unwrap_or_default();
    let file = file.split_once('?').map_or(file, |(file, _)| file);
    file.strip_prefix("//").unwrap_or(file).to_owned()
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
            // Cut off in the middle of its own tries, of which it does not tell.
            Err(_) => refusal(settings).await.unwrap_or_else(silence),
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

fn silence() -> DbErr {
    DbErr::Conn(RuntimeErr::Internal(SILENCE.to_owned()))
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
