//! The databases that `serve` needs.

use std::time::Duration;

use crate::app;
use crate::config::Config;
use crate::domain::Subject;
use crate::service::{Causes, UserDirectory};
use crate::store::{self, ConnectError, DatabaseSettings, SqlUserDirectory};

use super::Findings;

/// The doctor does not wait for databases that are not there.
const PATIENCE: Duration = Duration::from_secs(3);

/// Whether the service's own database answers.
pub(super) async fn check_own(config: &Config, findings: &mut Findings) -> bool {
    if let Some(obstacle) = store::sqlite_obstacle(&config.database) {
        findings.bad("database", format!("{obstacle} (DATABASE_URL)"));
        return false;
    }
    let database = match store::connect_to_existing(&impatient(&config.database)).await {
        Ok(database) => database,
        Err(ConnectError::NoFile(_)) => {
            findings.good("database", "no SQLite file yet; serve will make it");
            return true;
        }
        Err(error) => {
            findings.bad("database", format!("{error} (DATABASE_URL)"));
            return false;
        }
    };
    match store::migrations(&database, app::migrator(config)).await {
        Ok(migrations) => {
            let pending = migrations.iter().filter(|one| !one.is_applied).count();
            if pending == 0
                && let Err(error) = store::try_write_to_server(&database).await
            {
                findings.bad("database", error);
                return true;
            }
            let seen = match pending {
                0 if migrations.iter().any(|one| !one.is_known) => {
                    "answers; a newer version has changed its tables, on which this one can work"
                        .to_owned()
                }
                0 => "answers; up to date".to_owned(),
                _ => format!("answers; serve will make its tables in it ({pending} migrations)"),
            };
            findings.good("database", seen);
        }
        Err(error) => findings.bad("database", error),
    }
    true
}

/// Whether the users table is there, and fits the settings.
pub(super) async fn check_users(config: &Config, findings: &mut Findings) {
    let settings = config.users_database.as_ref().unwrap_or(&config.database);
    let table = &config.directory.table;
    let not_yet = || format!("no table {table} yet; serve will make it");
    let connection = match store::connect_to_existing(&impatient(settings)).await {
        Ok(connection) => connection,
        Err(ConnectError::NoFile(_)) if app::migrator(config).creates_users => {
            return findings.good("users", not_yet());
        }
        Err(ConnectError::NoFile(_)) if config.users_database.is_none() => {
            let missing = store::SetupError::NoTable(table.clone());
            return findings.bad("users", missing);
        }
        Err(error) => return findings.bad("users", format!("{error} (USERS_DATABASE_URL)")),
    };
    let deadline = settings.query_deadline;
    let directory = match SqlUserDirectory::open(connection, &config.directory, deadline).await {
        Ok(directory) => directory,
        Err(store::SetupError::NoTable(_)) if app::migrator(config).creates_users => {
            return findings.good("users", not_yet());
        }
        Err(error) => return findings.bad("users", error),
    };
    match directory
        .find(&Subject::Text("remint doctor".to_owned()))
        .await
    {
        Ok(_) => findings.good("users", directory.statement()),
        Err(error) => {
            findings.bad("users", Causes(&error));
        }
    }
    match directory.index_problem() {
        None => findings.good("index", "the key column has a unique index"),
        Some(problem) => findings.note("index", "warning", problem),
    }
}

fn impatient(settings: &DatabaseSettings) -> DatabaseSettings {
    DatabaseSettings {
        connect_deadline: PATIENCE,
        ..settings.clone()
    }
}
