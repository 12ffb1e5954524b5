//! Many rows at once, made by the database itself.

use remint::domain::{Clock as _, SystemClock};
use sea_orm::{ConnectOptions, ConnectionTrait as _, Database, DbBackend};

/// Rows of one statement, so that none is without bounds.
const AT_ONCE: u64 = 1_000_000;

/// How many rows there are before anybody asks.
#[derive(Clone, Copy)]
pub(crate) struct Rows {
    /// Active users, whose tokens are exchanged.
    pub(crate) users: u64,
    /// Sessions of users beside them.
    pub(crate) sessions: u64,
}

impl Default for Rows {
    fn default() -> Self {
        Self {
            users: 10_000,
            sessions: 0,
        }
    }
}

/// Fills the tables, which are there and which nobody else uses yet.
pub(crate) async fn fill(url: &str, rows: Rows) {
    let mut options = ConnectOptions::new(url);
    options.max_connections(1).sqlx_logging(false);
    let database = Database::connect(options).await.unwrap();
    let backend = database.get_database_backend();
    let run = async |sql: &str| {
        database.execute_unprepared(sql).await.unwrap();
    };
    if backend == DbBackend::Sqlite {
        // The service has its own journal back when it opens the file.
        run("PRAGMA journal_mode = OFF").await;
        run("PRAGMA synchronous = OFF").await;
    }
    for (first, last) in chunks(rows.users) {
        run(&users(&numbers(backend, first, last))).await;
    }
    for (first, last) in chunks(rows.sessions) {
        let numbers = numbers(backend, first, last);
        run(&sessions(backend, &numbers, rows.sessions)).await;
    }
    match backend {
        // What a server does by and by; nobody waits for it here.
        DbBackend::Postgres => run("VACUUM (ANALYZE) users, remint_session").await,
        DbBackend::MySql => run("ANALYZE TABLE users, remint_session").await,
        DbBackend::Sqlite | _ => {}
    }
    database.close().await.unwrap();
}

/// The first and the last number of each statement.
fn chunks(count: u64) -> impl Iterator<Item = (u64, u64)> {
    let firsts = (0..count).step_by(usize::try_from(AT_ONCE).unwrap());
    firsts.map(move |first| (first, count.min(first + AT_ONCE) - 1))
}

fn users(numbers: &str) -> String {
    format!(
        "INSERT INTO users (id, email, is_active) \
         SELECT CONCAT('user-', n), CONCAT('user-', n, '@example.com'), TRUE FROM {numbers}"
    )
}

/// Ids and hashes ascend, so that their indexes grow at the end, and lie everywhere in between, so
/// that what is looked up later does so as well.
fn sessions(backend: DbBackend, numbers: &str, count: u64) -> String {
    let now = SystemClock.now().timestamp();
    let id = hex(backend, 8, &format!("n * {}", (1 << 32) / count));
    let last = hex(backend, 12, "n");
    let hash = hex(backend, 16, &format!("n * {}", (1 << 63) / count));
    let rest = "0".repeat(48);
    format!(
        "INSERT INTO remint_session (id, user_hash, user_key, contract, generation, rotated_at, \
         started_at, expires_at, claims, handle) \
         SELECT CONCAT({id}, '-0000-4000-8000-', {last}), CONCAT({hash}, '{rest}'), \
         CONCAT('other-', n), 'envelope', 1, {now}, {now}, {now} + 86400 + n % 2592000, \
         CONCAT('{{\"sub\":\"other-', n, '\"}}'), n FROM {numbers}"
    )
}

/// The numbers from `first` to `last`, as a table with the column `n`.
fn numbers(backend: DbBackend, first: u64, last: u64) -> String {
    match backend {
        DbBackend::MySql => format!("(SELECT seq AS n FROM seq_{first}_to_{last}) AS numbers"),
        DbBackend::Postgres => {
            format!("generate_series({first}::bigint, {last}::bigint) AS numbers(n)")
        }
        DbBackend::Sqlite | _ => format!(
            "(WITH RECURSIVE numbers(n) AS (SELECT {first} UNION ALL \
             SELECT n + 1 FROM numbers WHERE n < {last}) SELECT n FROM numbers) AS numbers"
        ),
    }
}

/// A number in so many hexadecimal digits.
fn hex(backend: DbBackend, digits: usize, number: &str) -> String {
    match backend {
        DbBackend::MySql => format!("LPAD(LOWER(HEX({number})), {digits}, '0')"),
        DbBackend::Postgres => format!("LPAD(TO_HEX({number}), {digits}, '0')"),
        DbBackend::Sqlite | _ => format!("PRINTF('%0{digits}x', {number})"),
    }
}
