//! `remint migrate`

use clap::Subcommand;
use sea_orm_migration::migrator::MigratorTraitSelf;

use crate::app;
use crate::config::Purpose;
use crate::store;

use super::settings::Settings;
use super::terminal::{Outcome, note, table};

#[derive(Subcommand)]
pub(super) enum Action {
    /// Make what is missing
    Up,
    /// Remove what remint made, the users in its own table included; never another users table
    Down {
        /// How many migrations to take back, the newest first; all if not said
        #[arg(long)]
        steps: Option<u32>,
    },
    /// Show which migrations were made
    Status {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

pub(super) async fn run(settings: &Settings, action: Action) -> Outcome {
    let config = settings.config(Purpose::Database)?;
    let database = store::connect(&config.database).await?;
    let migrator = app::migrator(&config);
    match action {
        Action::Up => {
            store::migrate_up(&database, migrator).await?;
            note("the tables are up to date");
        }
        Action::Down { steps } => {
            migrator.down(&database, steps).await?;
            note("done; a users table that remint did not make is untouched");
        }
        Action::Status { json } => {
            let migrations = migrator
                .get_migration_with_status_read_only(&database)
                .await?;
            let row = |migration: &sea_orm_migration::Migration| {
                vec![
                    migration.name().to_owned(),
                    migration.status().to_string().to_lowercase(),
                ]
            };
            let rows: Vec<_> = migrations.iter().map(row).collect();
            table(&["Migration", "Status"], &rows, json);
        }
    }
    Ok(())
}
