//! Bringing the service's own tables up to date, and taking them back.

use std::time::Duration;

use migration::Migrator;
use sea_orm::{
    ConnectionTrait, DatabaseConnection, DbErr, SqliteTransactionMode, TransactionOptions,
    TransactionTrait,
};
use sea_orm_migration::MigrationStatus;
use sea_orm_migration::migrator::MigratorTraitSelf;
use tokio::time::sleep;
use tracing::info;

use super::ConnectError;
use super::errors::is_held_up;

/// Where a migration stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MigrationState {
    /// Its name.
    pub name: String,
    /// Whether it was made.
    pub is_applied: bool,
}

/// How often a start looks again after it met another that migrates the same database.
const LOOKS: u32 = 10;

/// Between two looks.
const PAUSE: Duration = Duration::from_millis(100);

/// Makes and changes the service's own tables. Safe when several replicas start at once.
///
/// *Why no lock.* What speaks PostgreSQL's protocol does not all have advisory locks, and in a
/// Galera cluster they hold on one node only. So whoever meets an obstacle looks again: if another
/// replica was there first, less is left to do each time, and in the end nothing.
pub async fn migrate_up(
    connection: &DatabaseConnection,
    migrator: Migrator,
) -> Result<(), ConnectError> {
    for _ in 1..LOOKS {
        match migrate_once(connection, migrator).await {
            Ok(()) => return Ok(()),
            Err(error) => info!(%error, "the migrations met an obstacle; looking again"),
        }
        sleep(PAUSE).await;
    }
    migrate_once(connection, migrator).await.map_err(failed)
}

/// One transaction, where the database can take back what it made.
async fn migrate_once(connection: &DatabaseConnection, migrator: Migrator) -> Result<(), DbErr> {
    let options = TransactionOptions {
        // The default would let two readers both try to become SQLite's one writer.
        sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
        ..TransactionOptions::default()
    };
    let transaction = connection.begin_with_options(options).await?;
    migrator.up(&transaction, None).await?;
    transaction.commit().await
}

/// Fails where nothing can be written: tables that are up to date are not, and a file that may only
/// be read would show at the first logout. A table that is locked at this moment says nothing.
pub async fn try_write(connection: &DatabaseConnection) -> Result<(), ConnectError> {
    let nothing = "DELETE FROM remint_session WHERE 1 = 0";
    match connection.execute_unprepared(nothing).await {
        Err(error) if !is_held_up(&error) => Err(ConnectError::NotWritable(error.into())),
        Ok(_) | Err(_) => Ok(()),
    }
}

/// Takes back the newest `steps` migrations, or all; never a users table that remint did not make.
pub async fn migrate_down(
    connection: &DatabaseConnection,
    migrator: Migrator,
    steps: Option<u32>,
) -> Result<(), ConnectError> {
    migrator.down(connection, steps).await.map_err(failed)
}

/// Every migration, the oldest first; changes nothing.
pub async fn migrations(
    connection: &DatabaseConnection,
    migrator: Migrator,
) -> Result<Vec<MigrationState>, ConnectError> {
    let migrations = migrator.get_migration_with_status_read_only(connection);
    let states = migrations.await.map_err(failed)?.into_iter();
    let state = |migration: sea_orm_migration::Migration| MigrationState {
        name: migration.name().to_owned(),
        is_applied: migration.status() == MigrationStatus::Applied,
    };
    Ok(states.map(state).collect())
}

fn failed(error: DbErr) -> ConnectError {
    ConnectError::Migrate(error.into())
}
