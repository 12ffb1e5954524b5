//! `remint user`

use clap::Subcommand;
use serde_json::Value;

use crate::app;
use crate::config::Purpose;
use crate::domain::{IdSource, MAX_SUBJECT_BYTES, RandomIds, Subject};
use crate::store::{OwnUser, OwnUsers, OwnUsersError};

use super::settings::Settings;
use super::terminal::{Outcome, note, say, table};

#[derive(Subcommand)]
pub(super) enum Action {
    /// Add a user and print the id alone
    Add {
        /// The address
        email: String,
        /// The id; a random UUID if not said
        #[arg(long)]
        id: Option<String>,
        /// Add the user as one who may not refresh
        #[arg(long)]
        inactive: bool,
    },
    /// List all users
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Let a user refresh again
    Activate {
        /// The id or the address
        user: String,
    },
    /// Refuse a user's refreshes from now on
    Deactivate {
        /// The id or the address
        user: String,
    },
}

pub(super) async fn run(settings: &Settings, action: Action) -> Outcome {
    let config = settings.config(Purpose::Database)?;
    if !app::reads_own_users(&config) {
        return Err(OwnUsersError::NotOurs.into());
    }
    let users = OwnUsers::open(app::open_own_database(&config).await?).await?;
    match action {
        Action::Add {
            email,
            id,
            inactive,
        } => {
            let id = id.unwrap_or_else(|| RandomIds.user_id().to_string());
            if !Subject::Text(id.clone()).is_a_key() {
                let what = format!(
                    "an id that tokens can name has 1 to {MAX_SUBJECT_BYTES} bytes, no control \
                     characters, and no white space at its ends"
                );
                return Err(what.into());
            }
            if email.trim().is_empty() {
                return Err("the address is empty".into());
            }
            users
                .add(&OwnUser {
                    id: id.clone(),
                    email,
                    is_active: !inactive,
                })
                .await?;
            say(id);
        }
        Action::List { json } => {
            let row =
                |user: OwnUser| vec![user.id.into(), user.email.into(), user.is_active.into()];
            let rows: Vec<Vec<Value>> = users.list().await?.into_iter().map(row).collect();
            table(&["Id", "Email", "Active"], &rows, json);
        }
        Action::Activate { user } => {
            users.set_active(&user, true).await?;
            note(format!("{user} may refresh"));
        }
        Action::Deactivate { user } => {
            users.set_active(&user, false).await?;
            note(format!("{user} may not refresh"));
        }
    }
    Ok(())
}
