//! `remint migrate`

use clap::Subcommand;

use crate::app;
use crate::config::Purpose;
use crate::store::{self, MigrationState};

use super::settings::Settings;
use super::terminal::{Outcome, note, table};

#[derive(Subcommand)]
pub(super) enum Action {
    /// Make what is missing, however long it takes
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
    let database = store::connect_to_migrate(&config.database).await?;
    let migrator = app::migrator(&config);
    match action {
        Action::Up => {
            store::migrate_up(&database, migrator).await?;
            note("the tables are up to date");
        }
        Action::Down { steps } => {
            let gone = store::migrate_down(&database, migrator, steps).await?;
            note(if gone.is_empty() {
                "there was nothing to take back".to_owned()
            } else {
                let gone = gone.join(", ");
                format!("taken back: {gone}; tables that remint did not make are untouched")
            });
        }
        Action::Status { json } => {
            let migrations = store::migrations(&database, migrator).await?;
            let row = |migration: MigrationState| {
                let status = match (migration.is_applied, migration.is_known) {
                    (_, false) => "applied by a newer version",
                    (true, true) => "applied",
                    (false, true) => "pending",
                };
                vec![migration.name, status.to_owned()]
            };
            let rows: Vec<_> = migrations.into_iter().map(row).collect();
            table(&["Migration", "Status"], &rows, json);
        }
    }
    Ok(())
}
