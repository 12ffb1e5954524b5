//! `remint session`

mod import;
mod life;
mod start;

use std::sync::Arc;

use chrono::{DateTime, SecondsFormat, Utc};
use clap::{ArgGroup, Subcommand};
use serde_json::Value;
use tokio::time::timeout;
use uuid::Uuid;

use crate::app;
use crate::config::{Config, Purpose};
use crate::domain::{Clock, Lookup, Session, SessionId, SessionState, Subject, SystemClock};
use crate::service::{Change, Revoker, SessionStore, UserDirectory};
use crate::store::{Connections, SqlSessionStore};

use super::settings::Settings;
use super::terminal::{Failure, Outcome, note, table};

#[derive(Subcommand)]
pub(super) enum Action {
    /// Start a session of an active user and print its first tokens
    Start(start::Args),
    /// Take over the refresh tokens of the legacy backend, so that nobody has to log in again
    Import(import::Args),
    #[command(flatten)]
    Written(Written),
}

/// What is done to sessions that are there.
#[derive(Subcommand)]
pub(super) enum Written {
    /// List the sessions of a user that are written down: those with refresh tokens or of single use,
    /// and ended ones
    List {
        /// The user's key, as tokens name it
        user: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Tell the life of one session
    Show {
        /// The session's id, as the log names it
        #[arg(value_parser = session_id)]
        id: Uuid,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// End a session, or everything that a user has
    #[command(group = ArgGroup::new("whom").args(["id", "user"]).required(true))]
    Revoke {
        /// The session's id, as the log names it
        #[arg(value_parser = session_id)]
        id: Option<Uuid>,
        /// End everything of this user's that was issued up to now
        #[arg(long, value_name = "KEY")]
        user: Option<String>,
    },
}

fn session_id(id: &str) -> Result<Uuid, &'static str> {
    id.parse().map_err(|_| "expected an id as the log names it")
}

pub(super) async fn run(settings: &Settings, action: Action) -> Outcome {
    let action = match action {
        Action::Start(args) => return start::run(settings, args).await,
        Action::Import(args) => return import::run(settings, args).await,
        Action::Written(action) => action,
    };
    let config = settings.config(Purpose::Database)?;
    let database = Connections::from(app::open_own_database(&config).await?);
    let sessions = Arc::new(SqlSessionStore::new(
        database.clone(),
        config.database.query_deadline,
    ));
    match action {
        Written::List { user, json } => list(&sessions, user, json).await,
        Written::Show { id, json } => match sessions.find(SessionId(id)).await? {
            Some(session) if json => {
                print(&[session], json);
                Ok(())
            }
            Some(session) => {
                life::tell(&session, SystemClock.now());
                Ok(())
            }
            None => Err(
                "no session of that id is written down; those of the stateless mode are \
                         not, until they end"
                    .into(),
            ),
        },
        Written::Revoke { id, user } => {
            revoke(&config, sessions, id, user.clone()).await?;
            if let Some(user) = user
                && is_unknown(&config, &database, &user).await
            {
                let column = &config.directory.key_column;
                note(format!(
                    "the users table has no user of the key {user}: keys are those of \
                     USERS_KEY_COLUMN ({column})"
                ));
            }
            Ok(())
        }
    }
}

async fn list(sessions: &SqlSessionStore, user: String, json: bool) -> Outcome {
    let key = user_key(user.clone());
    print(&sessions.of_user(&key).await?, json);
    if let Some(cut_off) = sessions.cut_off_of(&key).await? {
        let cut_off = time(cut_off);
        note(format!(
            "nothing that {user} got up to {cut_off} is exchanged or accepted"
        ));
    }
    Ok(())
}

async fn revoke(
    config: &Config,
    sessions: Arc<SqlSessionStore>,
    id: Option<Uuid>,
    user: Option<String>,
) -> Outcome {
    let revoker = Revoker {
        sessions,
        clock: Arc::new(SystemClock),
        policy: config.policy.clone(),
    };
    if let Some(user) = user {
        revoker.revoke_user(&user_key(user.clone())).await?;
        note(format!(
            "nothing that {user} had is exchanged or accepted any more"
        ));
    }
    if let Some(id) = id {
        match revoker.revoke(SessionId(id)).await? {
            Change::Done => note("nothing of that session is exchanged or accepted any more"),
            Change::Lost => return Err(Failure::from("that session had ended before")),
        }
    }
    Ok(())
}

/// Whether the users table has no such user; one that does not answer says nothing.
async fn is_unknown(config: &Config, database: &Connections, user: &str) -> bool {
    let found = async {
        let directory = app::open_directory(config, database).await.ok()?;
        directory.find(&Subject::Text(user.to_owned())).await.ok()
    };
    // What is ended is ended: nobody waits here for a database that is still starting.
    let found = timeout(config.database.query_deadline, found).await;
    matches!(found, Ok(Some(Lookup::NotFound | Lookup::NotAKey)))
}

/// The user as sessions have it.
fn user_key(user: String) -> String {
    Subject::Text(user).user_key()
}

const HEADER: [&str; 8] = [
    "Session",
    "User",
    "Contract",
    "Generation",
    "Started",
    "Refreshed",
    "Ends",
    "State",
];

fn print(sessions: &[Session], json: bool) {
    let now = SystemClock.now();
    let rows: Vec<_> = sessions.iter().map(|session| row(session, now)).collect();
    table(&HEADER, &rows, json);
}

fn row(session: &Session, now: DateTime<Utc>) -> Vec<Value> {
    let state = match session.state(now) {
        SessionState::Live => "live".to_owned(),
        SessionState::Over => "over".to_owned(),
        SessionState::Revoked(at, because) => format!("{} {}", because.word(), time(at)),
    };
    vec![
        session.id.to_string().into(),
        session.user_key.clone().into(),
        session.contract.word().into(),
        session.generation.into(),
        time(session.started_at).into(),
        time(session.rotated_at).into(),
        time(session.expires_at).into(),
        state.into(),
    ]
}

fn time(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Secs, false)
}
