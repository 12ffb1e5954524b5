//! What the use cases need of the world.
//!
//! *Why `dyn`.* One composition root, readable errors; beside a database call the indirect call
//! is not measurable.

use std::error::Error;

use async_trait::async_trait;

use crate::domain::{ClaimSet, Lookup, SessionId, Subject, Unverified, VerifiedToken};

/// Checks and makes the JWTs of one algorithm.
pub trait TokenCodec: Send + Sync {
    /// Checks form, algorithm and signature of `token`, and **not** whether it has expired: that
    /// and all else that it says is for the rules to judge.
    fn verify_ignoring_expiry(&self, token: &str) -> Result<VerifiedToken, Unverified>;

    /// Signs `claims` with the current key.
    fn sign(&self, claims: &ClaimSet) -> Result<String, SignError>;

    /// The `jti` of the token of that session, generation and time of issue.
    fn token_id(&self, input: (SessionId, u64, i64)) -> String;
}

/// The users table that the team already has.
#[async_trait]
pub trait UserDirectory: Send + Sync {
    /// What the table says about `subject` now; one query, nothing remembered.
    async fn find(&self, subject: &Subject) -> Result<Lookup, DirectoryError>;

    /// Whether the database answers.
    async fn ping(&self) -> Result<(), DirectoryError>;
}

/// The directory could not answer. Not a statement about any user.
#[derive(Debug, thiserror::Error)]
pub enum DirectoryError {
    /// The deadline passed.
    #[error("the users table did not answer in time")]
    Timeout,
    /// The database refused or went away.
    #[error("the users table could not be read")]
    Unavailable(#[source] Box<dyn Error + Send + Sync>),
}

/// A token could not be signed: a fault of this service.
#[derive(Debug, thiserror::Error)]
#[error("the token could not be signed")]
pub struct SignError(#[source] pub Box<dyn Error + Send + Sync>);
