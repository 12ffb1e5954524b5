//! How a database is used, whoever opens it.

use std::io::ErrorKind;
use std::time::Duration;

use sea_orm::ConnectOptions;
use sea_orm::sqlx::pool::PoolConnectionMetadata;
use sea_orm::sqlx::{self, AssertSqlSafe, Connection, Executor as _};
use secrecy::ExposeSecret as _;
use tokio::time::timeout;

use super::connect::DatabaseSettings;

/// A connection that sat idle for so long is asked whether it still lives before it is used.
/// Asking before every query would double the round trips.
const PING_AFTER_IDLE: Duration = Duration::from_secs(30);

/// For so long a connection to a server is used. Whoever moves a database, or balances its load, is followed
/// in that time.
const LIFETIME: Duration = Duration::from_mins(30);

/// How much of the deadline a statement has once it has begun, which it does within the first half: see
/// [`begins_soon`](super::batched::begins_soon). There is some time left for the answer.
const SERVERS_SHARE: f32 = 0.45;

/// How long SQLite waits for a writer of another process, at most. It waits on when nobody waits for it
/// any more, and must have given up before that: see [`busy_timeout`].
const SQLITE_BUSY: Duration = Duration::from_secs(1);

/// What a connection to SQLite keeps of the file, at most: minus the number of KiB. The upper levels of
/// the indexes of ten million rows have room in it, and none of it is used before it is needed.
const SQLITE_CACHE: &str = "-8000";

/// How many statements stay prepared on a connection to SQLite: the five of the sessions and that of the
/// users have sixteen sizes each, and there are some that nobody shares. PostgreSQL has one of each.
const SQLITE_PREPARED: usize = 128;

/// On MySQL those that begin sessions have any size, and there are two more of sixteen.
const MYSQL_PREPARED: usize = 256;

/// How long the server goes on with a statement.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Pace {
    /// Less than the deadline: somebody waits for an answer.
    InTime,
    /// As long as it takes; only the wait for a lock has an end, since everybody else waits behind it.
    Unhurried,
}

/// Of the service's own database.
pub(super) fn options_for_own(settings: &DatabaseSettings, pace: Pace) -> ConnectOptions {
    let mut options = options(settings);
    give_up_before_us(&mut options, settings.query_deadline, pace);
    let busy_timeout = busy_timeout(settings);
    options.map_sqlx_sqlite_opts(move |sqlite| {
        sqlite
            .create_if_missing(true)
            .busy_timeout(busy_timeout)
            .statement_cache_capacity(SQLITE_PREPARED)
            .pragma("journal_mode", "WAL")
            // Every rotation is on the disk before its answer leaves.
            .pragma("synchronous", "FULL")
            .pragma("cache_size", SQLITE_CACHE)
    });
    options.map_sqlx_mysql_opts(|mysql| mysql.statement_cache_capacity(MYSQL_PREPARED));
    options
}

/// Of one that is only read.
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

fn busy_timeout(settings: &DatabaseSettings) -> Duration {
    SQLITE_BUSY.min(settings.query_deadline.mul_f32(SERVERS_SHARE))
}

/// Lets the servers give a statement up a little before we do: one that they go on with after it
/// was answered 503 could use a token up that nobody got a successor for.
///
/// PostgreSQL gives up waiting for a locked row much earlier, so that there is time left for those
/// who shared a statement with it to go on alone.
fn give_up_before_us(options: &mut ConnectOptions, deadline: Duration, pace: Pace) {
    let limit = deadline.mul_f32(SERVERS_SHARE);
    let wait = limit.as_secs().max(1);
    let mysql = format!("SET SESSION innodb_lock_wait_timeout = {wait}");
    // Zero is no limit, and a table is waited for until the statement's limit, or for a day and more.
    let (statement, mysql) = match pace {
        Pace::InTime => (limit, mysql),
        Pace::Unhurried => (
            Duration::ZERO,
            format!("{mysql}, lock_wait_timeout = {wait}"),
        ),
    };
    let postgres = format!("SET statement_timeout = {}", statement.as_millis());
    // A plan that was made while a table was empty would read all of it for ever. What only speaks
    // PostgreSQL's protocol need not know these.
    let patience = (limit / 2).as_millis();
    let of_postgres = format!("SET lock_timeout = {patience}; SET enable_seqscan = off");
    // It takes an array to be of ten values, and would plan anew for each that is shorter.
    let planned_once = "SET plan_cache_mode = force_generic_plan";
    // It takes ranges that are only known later to be a ninth of the table each, and would compile for
    // longer than the few rows of them take.
    let not_compiled = "SET jit = off";
    // MySQL knows only the waits for locks, in whole seconds. MariaDB knows this as well.
    let seconds = statement.as_secs_f32();
    let maria = format!("SET SESSION max_statement_time = {seconds}");
    options
        .map_sqlx_postgres_pool_opts(move |pool| {
            let (all, some) = (postgres.clone(), of_postgres.clone());
            pool.after_connect(move |connection, _| {
                let (all, some) = (AssertSqlSafe(all.clone()), AssertSqlSafe(some.clone()));
                Box::pin(async move {
                    connection.execute(all).await?;
                    connection.execute(some).await.ok();
                    connection.execute(planned_once).await.ok();
                    connection.execute(not_compiled).await.ok();
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

fn options(settings: &DatabaseSettings) -> ConnectOptions {
    let mut options = ConnectOptions::new(settings.url.expose_secret());
    options
        .max_connections(settings.max_connections)
        .acquire_timeout(settings.query_deadline)
        .test_before_acquire(false)
        // Either of these would begin a task of the library that looks for old connections every now and
        // then, and may come to look for ever, on a whole processor: sqlx 0.9.0, launchbadge/sqlx#3645.
        .idle_timeout(None::<Duration>)
        .max_lifetime(None::<Duration>)
        // Statements are logged with their values, and values are none of the log's business.
        .sqlx_logging(false);
    ask_the_idle(&mut options, settings.query_deadline / 4);
    options
}

/// Asks a connection that sat idle whether it still lives, and takes no answer in time for a no:
/// what lies in between (NAT, a load balancer) may have forgotten it without a word. And gives up one
/// that has had its [`LIFETIME`].
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
    let need = Need::of(metadata.age, metadata.idle_for);
    if need == Need::Answer {
        let answer = timeout(patience, connection.ping()).await;
        answer.map_err(|_| sqlx::Error::Io(ErrorKind::TimedOut.into()))??;
    }
    Ok(need != Need::Successor)
}

/// What a connection needs before it is used.
#[derive(Debug, PartialEq, Eq)]
enum Need {
    Answer,
    Nothing,
    Successor,
}

impl Need {
    fn of(age: Duration, idle_for: Duration) -> Self {
        if age >= LIFETIME {
            Self::Successor
        } else if idle_for >= PING_AFTER_IDLE {
            Self::Answer
        } else {
            Self::Nothing
        }
    }
}

#[cfg(test)]
mod tests {
    use sea_orm::Database;
    use tokio::runtime::Handle;
    use tokio::task::yield_now;

    use super::*;

    #[test]
    fn a_connection_is_asked_after_a_pause_and_given_up_in_time() {
        let need =
            |age, idle_for| Need::of(Duration::from_secs(age), Duration::from_secs(idle_for));

        assert_eq!(need(1_799, 29), Need::Nothing);
        assert_eq!(need(1_799, 30), Need::Answer);
        assert_eq!(
            [need(1_800, 0), need(1_800, 30)],
            [Need::Successor, Need::Successor]
        );
    }

    #[tokio::test]
    async fn nothing_of_the_library_goes_on_beside_a_pool() {
        let settings = DatabaseSettings {
            url: "sqlite::memory:".into(),
            max_connections: 2,
            query_deadline: Duration::from_secs(5),
            connect_deadline: Duration::from_secs(5),
        };
        let tasks = || Handle::current().metrics().num_alive_tasks();

        let _pool = Database::connect(options(&settings)).await.unwrap();
        // It gives its first connection back in a task of its own, which ends.
        let all_end = async {
            while tasks() > 0 {
                yield_now().await;
            }
        };

        timeout(Duration::from_mins(1), all_end).await.unwrap();
    }
}
