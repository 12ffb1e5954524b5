//! Bringing the service's own tables up to date, and taking them back.

use std::time::Duration;

use migration::Migrator;
use sea_orm::{
    ConnectionTrait, DatabaseConnection, DbBackend, DbErr, SqliteTransactionMode, Statement,
    TransactionOptions, TransactionTrait,
};
use sea_orm_migration::SchemaManager;
use sea_orm_migration::migrator::MigratorTraitSelf;
use tokio::time::sleep;
use tracing::{info, warn};

use super::ConnectError;
use super::errors::{is_out_of_time, is_refusal, was_cut_short};

/// Where a migration stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MigrationState {
    /// Its name.
    pub name: String,
    /// Whether it was made.
    pub is_applied: bool,
    /// Whether this version has it: if not, a newer one made it.
    pub is_known: bool,
}

/// How often a start looks again after it met another that migrates the same database.
const LOOKS: u32 = 10;

/// Between two looks.
const PAUSE: Duration = Duration::from_millis(100);

/// Makes and changes the service's own tables. Safe when several replicas start at once. Tables that a
/// newer version has changed stay as they are: within a major version this one can work on them.
pub async fn migrate_up(
    connection: &DatabaseConnection,
    migrator: Migrator,
) -> Result<(), ConnectError> {
    up(connection, migrator).await.map_err(failed("made"))
}

/// The same at a start, over a connection whose statements have a limit: what takes longer is left to
/// [`migrate_up`] over one of [`connect_to_migrate`](super::connect_to_migrate).
pub async fn migrate_at_start(
    connection: &DatabaseConnection,
    migrator: Migrator,
) -> Result<(), ConnectError> {
    let in_words = |error: DbErr| {
        if is_out_of_time(&error) {
            ConnectError::MigrateByHand(error.into())
        } else {
            failed("made")(error)
        }
    };
    up(connection, migrator).await.map_err(in_words)
}

/// Looks again where something is in the way.
///
/// *Why no lock.* What speaks PostgreSQL's protocol does not all have advisory locks, and in a
/// Galera cluster they hold on one node only. So whoever meets an obstacle looks again: if another
/// replica was there first, less is left to do each time, and in the end nothing. But a change of a
/// table, which may be large, would only lock it for as long once more if it was stopped in the middle.
async fn up(connection: &DatabaseConnection, migrator: Migrator) -> Result<(), DbErr> {
    for _ in 1..LOOKS {
        match migrate_once(connection, migrator).await {
            Ok(()) => return Ok(()),
            Err(error) if was_cut_short(&error) && changes_tables(connection, migrator).await => {
                return Err(error);
            }
            Err(error) => info!(%error, "the migrations met an obstacle; looking again"),
        }
        sleep(PAUSE).await;
    }
    migrate_once(connection, migrator).await
}

/// Whether there is a migration to make of tables that are there. Neither new tables nor a look
/// that finds nothing to do take long, but where the machine stands still.
async fn changes_tables(connection: &DatabaseConnection, migrator: Migrator) -> bool {
    let states = migrations(connection, migrator).await;
    states.is_ok_and(|states| {
        states.iter().any(|one| one.is_applied) && states.iter().any(|one| !one.is_applied)
    })
}

/// One transaction, where the database can take back what it made.
async fn migrate_once(connection: &DatabaseConnection, migrator: Migrator) -> Result<(), DbErr> {
    let options = TransactionOptions {
        // The default would let two readers both try to become SQLite's one writer.
        sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
        ..TransactionOptions::default()
    };
    let transaction = connection.begin_with_options(options).await?;
    migrator.install(&transaction).await?;
    let states = states(migrator, &recorded(&transaction).await?);
    if states.iter().any(|one| !one.is_known) && states.iter().all(|one| one.is_applied) {
        // A replica that is started again while a newer version takes over, or one that was put back.
        warn!("the tables are those of a newer version; going on with them");
    } else {
        migrator.up(&transaction, None).await?;
    }
    transaction.commit().await
}

/// The names of those that were made, by whichever version.
async fn recorded(connection: &impl ConnectionTrait) -> Result<Vec<String>, DbErr> {
    let backend = connection.get_database_backend();
    let select = "SELECT version FROM remint_migrations ORDER BY version";
    let select = Statement::from_string(backend, select);
    let rows = connection.query_all_raw(select).await?;
    rows.iter().map(|row| row.try_get("", "version")).collect()
}

/// This version's migrations, the oldest first, and those that only a newer one has.
fn states(migrator: Migrator, recorded: &[String]) -> Vec<MigrationState> {
    let known = migrator.get_migration_files();
    let known: Vec<_> = known.iter().map(|one| one.name().to_owned()).collect();
    let newer = recorded.iter().filter(|version| !known.contains(version));
    let all = known.iter().chain(newer).map(|name| MigrationState {
        name: name.clone(),
        is_applied: recorded.contains(name),
        is_known: known.contains(name),
    });
    all.collect()
}

/// Fails where nothing can be written: tables that are up to date are not, and a file that may only
/// be read would show at the first logout. A table that is locked at this moment says nothing, nor does
/// a connection that is lost or cannot be had.
pub async fn try_write(connection: &DatabaseConnection) -> Result<(), ConnectError> {
    let nothing = "DELETE FROM remint_session WHERE 1 = 0";
    match connection.execute_unprepared(nothing).await {
        Err(error) if is_refusal(&error) => Err(ConnectError::NotWritable(error.into())),
        Ok(_) | Err(_) => Ok(()),
    }
}

/// The same of a server; of a SQLite file, which is looked at through a connection that only reads, see
/// [`sqlite_obstacle`](super::sqlite_obstacle).
pub async fn try_write_to_server(connection: &DatabaseConnection) -> Result<(), ConnectError> {
    if connection.get_database_backend() == DbBackend::Sqlite {
        return Ok(());
    }
    try_write(connection).await
}

/// Takes back the newest `steps` migrations, or all; never a users table that remint did not make. The names
/// of those that were taken back.
pub async fn migrate_down(
    connection: &DatabaseConnection,
    migrator: Migrator,
    steps: Option<u32>,
) -> Result<Vec<String>, ConnectError> {
    let before = migrations(connection, migrator).await?;
    let down = migrator.down(connection, steps).await;
    down.map_err(failed("taken back"))?;
    let after = migrations(connection, migrator).await?;
    let is_gone = |one: &MigrationState| one.is_applied && !after.contains(one);
    Ok(before
        .into_iter()
        .filter(is_gone)
        .map(|one| one.name)
        .collect())
}

/// Every migration, the oldest first, those of newer versions last; changes nothing.
pub async fn migrations(
    connection: &DatabaseConnection,
    migrator: Migrator,
) -> Result<Vec<MigrationState>, ConnectError> {
    let manager = SchemaManager::new(connection);
    let has_any = manager.has_table("remint_migrations").await;
    let recorded = if has_any.map_err(failed("read"))? {
        recorded(connection).await.map_err(failed("read"))?
    } else {
        Vec::new()
    };
    Ok(states(migrator, &recorded))
}

fn failed(doing: &'static str) -> impl Fn(DbErr) -> ConnectError {
    move |error| ConnectError::Migrate {
        doing,
        source: error.into(),
    }
}

#[cfg(test)]
mod tests {
    use sea_orm::sqlx::sqlite::SqliteConnectOptions;
    use sea_orm::{ConnectOptions, Database};

    use super::*;

    #[tokio::test]
    async fn that_there_is_no_connection_at_this_moment_does_not_make_a_database_read_only() {
        let mut options = ConnectOptions::new("sqlite::memory:");
        options
            .max_connections(1)
            .acquire_timeout(Duration::from_secs(2));
        let database = Database::connect(options).await.unwrap();
        let all = database.begin().await.unwrap();

        let tried = try_write(&database).await;

        tried.unwrap();
        all.rollback().await.unwrap();
    }

    #[tokio::test]
    async fn a_writer_of_another_process_does_not_make_a_file_read_only() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("remint.db");
        let open = || {
            let url = format!("sqlite://{}?mode=rwc", file.display());
            let short = |options: SqliteConnectOptions| options.busy_timeout(Duration::ZERO);
            let mut options = ConnectOptions::new(url);
            options.max_connections(1).map_sqlx_sqlite_opts(short);
            Database::connect(options)
        };
        let (database, other) = (open().await.unwrap(), open().await.unwrap());
        let table = "CREATE TABLE remint_session (id text)";
        other.execute_unprepared(table).await.unwrap();
        other.execute_unprepared("BEGIN IMMEDIATE").await.unwrap();

        let tried = try_write(&database).await;

        tried.unwrap();
    }
}
