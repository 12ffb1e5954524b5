//! What is written down, as far as explaining asks for it.

use std::error::Error;
use std::sync::Arc;

use async_trait::async_trait;

use crate::domain::{Lookup, SessionId, SessionName, Standing, Subject};

use super::super::{DirectoryError, SessionError, SessionStore, UserDirectory};

/// Reads what is written down about sessions and users, and writes nothing.
#[async_trait]
pub trait Records: Send + Sync {
    /// What is known about that session and that user.
    async fn standing(&self, id: SessionId, user_key: &str) -> Result<Standing, RecordsError>;

    /// What is known about the session of that name and about its user.
    async fn locate(&self, name: SessionName) -> Result<Standing, RecordsError>;

    /// What the users table says about `subject` now.
    async fn user(&self, subject: &Subject) -> Result<Lookup, RecordsError>;
}

/// What is written down could not be read. Not a statement about any of it.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct RecordsError(#[from] pub Box<dyn Error + Send + Sync>);

impl From<DirectoryError> for RecordsError {
    fn from(error: DirectoryError) -> Self {
        Self(error.into())
    }
}

impl From<SessionError> for RecordsError {
    fn from(error: SessionError) -> Self {
        Self(error.into())
    }
}

/// The records that a running service reads anyway.
pub struct OwnRecords {
    /// Knows the users.
    pub directory: Arc<dyn UserDirectory>,
    /// Knows the sessions.
    pub sessions: Arc<dyn SessionStore>,
}

#[async_trait]
impl Records for OwnRecords {
    async fn standing(&self, id: SessionId, user_key: &str) -> Result<Standing, RecordsError> {
        Ok(self.sessions.standing(id, user_key).await?)
    }

    async fn locate(&self, name: SessionName) -> Result<Standing, RecordsError> {
        Ok(self.sessions.locate(name).await?)
    }

    async fn user(&self, subject: &Subject) -> Result<Lookup, RecordsError> {
        Ok(self.directory.find(subject).await?)
    }
}
