//! Bringing the service's own tables up to date, and taking them back.

use migration::Migrator;
use sea_orm::{DatabaseConnection, DbErr};
use sea_orm_migration::MigrationStatus;
use sea_orm_migration::migrator::MigratorTraitSelf;
use tracing::info;

use super::ConnectError;

/// Where a migration stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MigrationState {
    /// Its name.
    pub name: String,
    /// Whether it was made.
    pub is_applied: bool,
}

/// Makes and changes the service's own tables. Safe when several replicas start at once.
pub async fn migrate_up(
    connection: &DatabaseConnection,
    migrator: Migrator,
) -> Result<(), ConnectError> {
    if let Err(error) = migrator.up(connection, None).await {
        // Another replica may have made the same table in the same moment. Whoever lost finds
        // less to do on a second look; what fails twice is a real failure.
        info!(%error, "the migrations met an obstacle; looking again");
        migrator.up(connection, None).await.map_err(failed)?;
    }
    Ok(())
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
