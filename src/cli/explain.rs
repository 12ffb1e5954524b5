//! `remint explain`

use std::error::Error;
use std::io::Read;
use std::sync::Arc;

use async_trait::async_trait;
use clap::Args as ClapArgs;

use crate::app;
use crate::config::{Config, Purpose};
use crate::domain::{Lookup, SessionId, SessionName, Standing, Subject, SystemClock};
use crate::service::{
    ExplainError, Finding, Records, RecordsError, SessionError, SessionStore, TokenKind,
    UserDirectory,
};
use crate::store::{self, ConnectError, SqlSessionStore};

use super::settings::Settings;
use super::terminal::{Failure, Outcome, say, table};

#[derive(ClapArgs)]
pub(super) struct Args {
    /// The token, an access or a refresh token; - reads it from the standard input, where no process
    /// list shows it
    token: String,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(settings: &Settings, args: Args) -> Outcome {
    let config = settings.config(Purpose::Tokens)?;
    let mut token = args.token;
    if token == "-" {
        token.clear();
        std::io::stdin().read_to_string(&mut token)?;
        token.truncate(token.trim_end().len());
    }

    let minters = app::minters(&config)?;
    let records = Arc::new(RecordsOnDemand(config.clone()));
    let explainer = app::explainer(&config, &minters, records, Arc::new(SystemClock));
    let explanation = match explainer.explain(&token).await {
        Ok(explanation) => explanation,
        Err(ExplainError::NotOffered(_)) => return Err(config.not_offered.join("\n").into()),
        Err(ExplainError::Records(RecordsError(error))) => return Err(Failure::Error(error)),
        Err(ExplainError::Sign(error)) => return Err(error.into()),
    };
    let rows: Vec<_> = explanation.findings.into_iter().map(row).collect();
    table(&["Check", "Verdict", "Seen"], &rows, args.json);
    match explanation.refusal {
        None if explanation.kind == TokenKind::Elsewhere => {
            if !args.json {
                say("Only the identity provider knows whether this token would be exchanged.");
            }
            Err(Failure::Said)
        }
        None => {
            if !args.json {
                say("This token would be exchanged.");
            }
            Ok(())
        }
        Some(refusal) => {
            if !args.json {
                say(format!("This token would be refused: {refusal}."));
            }
            Err(Failure::Said)
        }
    }
}

fn row(finding: Finding) -> Vec<String> {
    let verdict = if finding.refusal.is_some() {
        "NO"
    } else {
        "ok"
    };
    vec![finding.check.to_owned(), verdict.to_owned(), finding.seen]
}

/// Opens a database when it is asked for something, and makes none.
struct RecordsOnDemand(Config);

impl RecordsOnDemand {
    /// What is written down; nothing in a file that was never made.
    async fn sessions(&self) -> Result<Option<SqlSessionStore>, RecordsError> {
        let settings = &self.0.database;
        match store::connect_to_existing(settings).await {
            Err(ConnectError::NoFile(_)) => Ok(None),
            connection => {
                let connection = connection.map_err(failed)?;
                let sessions = SqlSessionStore::new(connection, settings.query_deadline);
                Ok(Some(sessions))
            }
        }
    }
}

#[async_trait]
impl Records for RecordsOnDemand {
    async fn standing(&self, id: SessionId, user_key: &str) -> Result<Standing, RecordsError> {
        let Some(sessions) = self.sessions().await? else {
            return Ok(Standing::default());
        };
        let standing = sessions.standing(id, user_key).await;
        standing.map_err(|error| unreadable(&error))
    }

    async fn locate(&self, name: SessionName) -> Result<Standing, RecordsError> {
        let Some(sessions) = self.sessions().await? else {
            return Ok(Standing::default());
        };
        let located = sessions.locate(name).await;
        located.map_err(|error| unreadable(&error))
    }

    /// Reads the users table without making or touching any other, so that nothing is changed.
    async fn user(&self, subject: &Subject) -> Result<Lookup, RecordsError> {
        let Self(config) = self;
        let settings = config.users_database.as_ref().unwrap_or(&config.database);
        let connection = store::connect_to_existing(settings).await.map_err(failed)?;
        let deadline = settings.query_deadline;
        let directory =
            store::SqlUserDirectory::open(connection, &config.directory, deadline).await;
        Ok(directory.map_err(failed)?.find(subject).await?)
    }
}

fn failed(error: impl Into<Box<dyn Error + Send + Sync>>) -> RecordsError {
    RecordsError(error.into())
}

fn unreadable(error: &SessionError) -> RecordsError {
    let pending = "the sessions could not be read; `remint migrate up` makes their tables";
    failed(format!("{pending} ({error})"))
}
