//! What is known of who has a token: of the session by the service itself, of the user by the users
//! table, which may be in another database.

use std::sync::Arc;

use async_trait::async_trait;

use crate::domain::{SessionId, Subject};
use crate::service::{Holder, Holders, SessionStore as _};

use super::directory::{Lookups, SqlUserDirectory};
use super::paired::Paired;
use super::sessions::{SqlSessionStore, Standings};

/// A users table and sessions, asked for both at the same time.
pub struct SqlHolders {
    directory: Arc<SqlUserDirectory>,
    sessions: Arc<SqlSessionStore>,
    paired: Paired<Standings, Lookups>,
}

impl SqlHolders {
    /// Asks those two, and counts among their statements.
    pub fn of(sessions: Arc<SqlSessionStore>, directory: Arc<SqlUserDirectory>) -> Self {
        Self {
            paired: Paired::new(sessions.standings(), directory.lookups()),
            directory,
            sessions,
        }
    }

    /// Tells the meters how many callers wait, once those two have told how many wait for them alone.
    pub fn measure_queue(&self) {
        self.paired.measure_queue();
    }
}

#[async_trait]
impl Holders for SqlHolders {
    #[tracing::instrument(name = "store.holders.look_up", level = "debug", skip_all)]
    async fn look_up(&self, session: SessionId, subject: &Subject) -> Holder {
        let user_key = subject.user_key();
        match self.directory.question(subject) {
            Ok(question) => {
                let questions = ((session, user_key), question);
                let (standing, user) = self.paired.ask(questions).await;
                Holder {
                    standing: standing.map_err(Into::into),
                    user: user.map_err(Into::into),
                }
            }
            Err(nobody) => Holder {
                standing: self.sessions.standing(session, &user_key).await,
                user: Ok(nobody),
            },
        }
    }
}
