//! Real servers for the tests: one process per engine and test run, one database per test.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpStream};
use std::sync::atomic::{AtomicU16, AtomicU32, Ordering};
use std::time::Duration;

use sea_orm::{ConnectOptions, ConnectionTrait as _, Database, DbErr};
use tempfile::TempDir;

use self::daemon::{Daemon, Problem, Running};

pub(crate) mod daemon;
mod own_redis;
mod own_server;

pub(crate) use own_redis::OwnRedis;
pub(crate) use own_server::OwnServer;

/// The databases that remint reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Engine {
    /// A file.
    Sqlite,
    /// A server.
    Postgres,
    /// A server.
    MariaDb,
}

/// A fresh, empty database that no other test knows.
#[derive(Debug)]
pub(crate) struct ThrowawayDatabase {
    /// Where it is; on a server, as a user who owns this database and is no superuser.
    pub(crate) url: String,
    admin_url: Option<String>,
    _folder: Option<TempDir>,
}

impl ThrowawayDatabase {
    /// The same database as the server's superuser; `None` for `SQLite`, which has no users.
    ///
    /// Users and roles belong to the whole server: tests must give them names of their own.
    pub(crate) fn admin_url(&self) -> Option<&str> {
        self.admin_url.as_deref()
    }

    /// Any statement, over a connection of its own.
    pub(crate) async fn execute(&self, sql: &str) -> Result<(), DbErr> {
        execute(&self.url, &[sql]).await
    }
}

/// A database of its own for the calling test; `None` where the engine is not installed.
pub(crate) async fn database(engine: Engine) -> Option<ThrowawayDatabase> {
    match engine {
        Engine::Sqlite => {
            let folder = tempfile::tempdir().unwrap();
            let url = format!(
                "sqlite://{}?mode=rwc",
                folder.path().join("test.db").display()
            );
            Some(ThrowawayDatabase {
                url,
                admin_url: None,
                _folder: Some(folder),
            })
        }
        Engine::Postgres => Some(on_postgres(POSTGRES.port().await?).await),
        Engine::MariaDb => Some(on_mariadb(MARIADB.port().await?).await),
    }
}

async fn on_postgres(port: u16) -> ThrowawayDatabase {
    let name = unique_name();
    // Copying files takes a quarter of the default's time where nothing waits for a disk.
    let create = format!("CREATE DATABASE {name} OWNER service STRATEGY file_copy");
    execute(&postgres_admin_url(port, "postgres"), &[&create])
        .await
        .unwrap();
    ThrowawayDatabase {
        url: format!("postgres://service:secret@127.0.0.1:{port}/{name}"),
        admin_url: Some(postgres_admin_url(port, &name)),
        _folder: None,
    }
}

async fn on_mariadb(port: u16) -> ThrowawayDatabase {
    let name = unique_name();
    let create = format!("CREATE DATABASE {name}");
    let grant = format!("GRANT ALL PRIVILEGES ON {name}.* TO service@'%'");
    execute(&mariadb_admin_url(port, "mysql"), &[&create, &grant])
        .await
        .unwrap();
    ThrowawayDatabase {
        url: format!("mysql://service:secret@127.0.0.1:{port}/{name}"),
        admin_url: Some(mariadb_admin_url(port, &name)),
        _folder: None,
    }
}

/// The URL of an empty Redis database of the calling test; `None` where Redis is not installed.
pub(crate) async fn redis() -> Option<String> {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let port = REDIS.port().await?;

    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    assert!(number < 1024, "raise --databases of the throwaway Redis");
    Some(format!("redis://127.0.0.1:{port}/{number}"))
}

static POSTGRES: Daemon = Daemon {
    name: "PostgreSQL",
    binary: "postgres",
    package: "postgresql",
    owner: "postgres",
    script: r#"
        [ -e "$FOLDER/data" ] || $as initdb --pgdata "$FOLDER/data" --username remint \
            --auth trust --no-sync --encoding UTF8 --locale C.UTF-8
        exec $as postgres -D "$FOLDER/data" -p "$PORT" -c listen_addresses=127.0.0.1 \
            -c unix_socket_directories= -c max_connections=300 -c shared_buffers=64MB \
            -c fsync="${KEEP:-off}" -c synchronous_commit="${KEEP:-off}" -c full_page_writes=off -c wal_level=minimal \
            -c max_wal_senders=0 -c autovacuum=off -c timezone=UTC"#,
    prepare: |port| {
        let role = "CREATE ROLE service LOGIN PASSWORD 'secret'";
        prepared_by_sql(port, &postgres_admin_url(port, "postgres"), role)
    },
    running: Running::new(),
};

static MARIADB: Daemon = Daemon {
    name: "MariaDB",
    binary: "mariadbd",
    package: "mariadb-server",
    owner: "mysql",
    script: r#"
        set -- --no-defaults --datadir="$FOLDER/data" --tmpdir="$FOLDER" --skip-log-bin \
            --innodb-flush-log-at-trx-commit="${KEEP:-0}"
        [ "${KEEP:-}" ] || set -- "$@" --innodb-doublewrite=0 \
            --innodb-log-file-size=16M --innodb-buffer-pool-size=32M
        [ -e "$FOLDER/data" ] || $as mariadb-install-db "$@" --auth-root-authentication-method=normal --skip-test-db
        exec $as mariadbd "$@" --port="$PORT" --bind-address=127.0.0.1 \
            --socket="$FOLDER/socket" --pid-file="$FOLDER/pid" --skip-name-resolve \
            --max-connections=300 --character-set-server=utf8mb4 --default-time-zone=+00:00"#,
    prepare: |port| {
        let user = "CREATE USER IF NOT EXISTS service@'%' IDENTIFIED BY 'secret'";
        prepared_by_sql(port, &mariadb_admin_url(port, "mysql"), user)
    },
    running: Running::new(),
};

const REDIS_SCRIPT: &str = r#"
        exec $as redis-server --port "$PORT" --bind 127.0.0.1 --dir "$FOLDER" --save '' \
            --appendonly no --databases 1024"#;

static REDIS: Daemon = Daemon {
    name: "Redis",
    binary: "redis-server",
    package: "redis-server",
    owner: "redis",
    script: REDIS_SCRIPT,
    prepare: ping_redis,
    running: Running::new(),
};

/// Fails until a Redis answers on that port.
fn ping_redis(port: u16) -> Result<(), Problem> {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
    stream.write_all(b"PING\r\n")?;
    Ok(stream.read_exact(&mut [0; 7])?)
}

fn unique_name() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    format!(
        "remint_{}_{}",
        std::process::id(),
        NEXT.fetch_add(1, Ordering::Relaxed)
    )
}

fn postgres_admin_url(port: u16, database: &str) -> String {
    format!("postgres://remint@127.0.0.1:{port}/{database}")
}

fn mariadb_admin_url(port: u16, database: &str) -> String {
    format!("mysql://root@127.0.0.1:{port}/{database}")
}

fn prepared_by_sql(port: u16, url: &str, statement: &str) -> Result<(), Problem> {
    // First without sqlx, which would wait for a server that never comes.
    TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    Ok(runtime.block_on(execute(url, &[statement]))?)
}

async fn execute(url: &str, statements: &[&str]) -> Result<(), DbErr> {
    let mut options = ConnectOptions::new(url);
    options
        .max_connections(1)
        .sqlx_logging(false)
        // No task of the library's: see the options of the service.
        .idle_timeout(None::<Duration>)
        .max_lifetime(None::<Duration>);
    let connection = Database::connect(options).await?;
    for statement in statements {
        connection.execute_unprepared(statement).await?;
    }
    connection.close().await
}
