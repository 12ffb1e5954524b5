//! What the use cases need of the world.
//!
//! *Why `dyn`.* One composition root, readable errors; beside a database call the indirect call
//! is not measurable.

mod provider;

use std::error::Error;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::domain::{
    Claim, ClaimSet, ClientNetwork, Contract, Handle, JsonText, KeyTrust, Lookup, Revocation,
    Session, SessionId, SessionName, Standing, Subject, Unverified, VerifiedToken,
};

use super::cleanup::{Over, Place, Swept};

pub use provider::{IdentityProvider, ProviderError, ProviderGrant, ProviderLogin};

/// Checks and makes the JWTs of one algorithm that name users by one claim.
pub trait TokenCodec: Send + Sync {
    /// Checks form, algorithm and signature of `token`, and **not** whether it has expired: that
    /// and all else that it says is for the rules to judge.
    fn verify_ignoring_expiry(&self, token: &str) -> Result<VerifiedToken, Unverified>;

    /// Signs `claims` with the current key.
    fn sign(&self, claims: &ClaimSet) -> Result<String, SignError>;

    /// The `jti` of the token of that session, generation and time of issue.
    fn token_id(&self, input: (SessionId, u64, i64)) -> String;

    /// The claim that says whom a token is about.
    fn subject_claim(&self, subject: &Subject) -> (String, JsonText);

    /// Whom `claims` are about.
    fn subject(&self, claims: &ClaimSet) -> Claim<Subject>;
}

/// Checks and makes refresh tokens, which say nothing to anybody but this service.
pub trait RefreshTokenCodec: Send + Sync {
    /// Checks form and MAC of a refresh token of `contract`. Asks no database, so that garbage
    /// costs next to nothing.
    fn verify(&self, contract: Contract, token: &str) -> Result<Presented, Unverified>;

    /// The refresh token of that generation: the same one each time, as long as the key is.
    fn sign(
        &self,
        contract: Contract,
        session: SessionName,
        generation: u64,
    ) -> Result<String, SignError>;

    /// The session that a legacy backend's token was imported as.
    fn imported(&self, contract: Contract, token: &LegacyToken<'_>) -> SessionId;
}

/// A refresh token that the legacy backend made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LegacyToken<'a> {
    /// Its SHA-256.
    Hash(&'a [u8; 32]),
    /// The token itself. Its text appears in no `Debug` output.
    Text(LegacyText<'a>),
}

/// The text of a [`LegacyToken`].
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct LegacyText<'a>(pub &'a str);

impl std::fmt::Debug for LegacyText<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("LegacyText(..)")
    }
}

/// What a genuine refresh token says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Presented {
    /// The key that verified it.
    pub key: KeyTrust,
    /// The session.
    pub session: SessionName,
    /// How many refreshes came before it.
    pub generation: u64,
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

/// What [`UserDirectory`] and [`SessionStore`] know about who has a token.
#[async_trait]
pub trait Holders: Send + Sync {
    /// What both say now, asked at the same time.
    async fn look_up(&self, session: SessionId, subject: &Subject) -> Holder;
}

/// What is known about who has a token.
#[derive(Debug)]
pub struct Holder {
    /// See [`SessionStore::standing`].
    pub standing: Result<Standing, SessionError>,
    /// See [`UserDirectory::find`].
    pub user: Result<Lookup, DirectoryError>,
}

/// The sessions and cut-offs that the service itself keeps.
///
/// Each change is one conditional statement, so that of two that race one sees that it lost.
#[async_trait]
pub trait SessionStore: Send + Sync {
    /// What is known about that session and that user; one query.
    async fn standing(&self, id: SessionId, user_key: &str) -> Result<Standing, SessionError>;

    /// The user's cut-off alone.
    async fn cut_off_of(&self, user_key: &str) -> Result<Option<DateTime<Utc>>, SessionError> {
        // Whoever ends a session by a name that nobody filled in writes even this one down.
        let nobodys = SessionId(Uuid::nil());
        Ok(self.standing(nobodys, user_key).await?.cut_off)
    }

    /// What is known about the session of that name and about its user; one query.
    async fn locate(&self, name: SessionName) -> Result<Standing, SessionError>;

    /// The session of that id, if it is written down.
    async fn find(&self, id: SessionId) -> Result<Option<Session>, SessionError>;

    /// The sessions of a user that are written down, the latest refreshed first, 1,000 at most.
    async fn of_user(&self, user_key: &str) -> Result<Vec<Session>, SessionError>;

    /// Writes a session down.
    async fn begin(&self, session: &Session) -> Result<Change, SessionError>;

    /// The same; what is known about it and its user once it is there, or nothing if it was lost. A
    /// cut-off that is set at the same time revokes only the rows that it finds, and is seen here.
    ///
    /// With the time at which the login was issued that it goes back to, it is lost as well if the
    /// user's cut-off was there before and is not earlier.
    async fn begin_and_look(
        &self,
        session: &Session,
        issued_at: Option<DateTime<Utc>>,
    ) -> Result<Option<Standing>, SessionError>;

    /// Makes `rotation.to` the current generation, if `rotation.from` still is and the session
    /// has not ended.
    async fn rotate(&self, id: SessionId, rotation: Rotation) -> Result<Change, SessionError>;

    /// Gives a session that has none a handle; lost if it has one, or if another has this one.
    async fn give_handle(&self, id: SessionId, handle: Handle) -> Result<Change, SessionError>;

    /// Ends a session that is written down and has not ended.
    async fn revoke(
        &self,
        id: SessionId,
        because: Revocation,
        at: DateTime<Utc>,
    ) -> Result<Change, SessionError>;

    /// From now on everything of that user's that was issued at or before `at` is dead, and every
    /// session written down so far. Never moves an earlier call's cut-off back.
    async fn cut_off(&self, user_key: &str, at: DateTime<Utc>) -> Result<(), SessionError>;

    /// The same for a moment that has passed: sessions go on whose newest token was issued after it.
    async fn cut_off_as_of(&self, user_key: &str, at: DateTime<Utc>) -> Result<(), SessionError>;

    /// Looks at `limit` sessions from `place` on, or from the first one on, and removes those that
    /// are `over`.
    async fn sweep(
        &self,
        over: Over,
        place: Option<Place>,
        limit: u64,
    ) -> Result<Swept, SessionError>;

    /// Removes up to `limit` cut-offs that lie before `before`; how many it removed.
    async fn remove_cut_offs(&self, before: DateTime<Utc>, limit: u64)
    -> Result<u64, SessionError>;

    /// Whether the database answers.
    async fn ping(&self) -> Result<(), SessionError>;
}

/// Where sessions that began elsewhere are written down.
#[async_trait]
pub trait SessionImport: Send + Sync {
    /// Writes those of `sessions` down whose id nothing has yet, all of them or none; how many
    /// they were. What is there stays as it is, whatever has become of it since.
    async fn begin_absent(&self, sessions: &[Session]) -> Result<u64, SessionError>;
}

/// Whether a conditional change was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// It was.
    Done,
    /// Somebody else was there before.
    Lost,
}

/// A step from one generation to another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rotation {
    /// The generation that the row must have.
    pub from: u64,
    /// The one that it gets.
    pub to: u64,
    /// When, in whole seconds: the `iat` of the new token.
    pub at: DateTime<Utc>,
    /// When the session ends from now on.
    pub expires_at: DateTime<Utc>,
    /// See [`Session::claims`].
    pub claims: Vec<(String, JsonText)>,
}

/// The sessions could not be read or written. Not a statement about any of them.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    /// Others changed the same again and again. Nothing is wrong with the database.
    #[error("the sessions kept changing meanwhile")]
    Contended,
    /// The deadline passed.
    #[error("the sessions did not answer in time")]
    Timeout,
    /// The database refused or went away.
    #[error("the sessions could not be read or written")]
    Unavailable(#[source] Box<dyn Error + Send + Sync>),
}

/// Bounds how often something may be done, each session and each client for itself.
///
/// It always answers, and at once: what becomes of a count that cannot be reached is for it to say.
#[async_trait]
pub trait RateLimiter: Send + Sync {
    /// Takes one exchange of that session. Those for the same `generation` are one, however many
    /// ask for it; without a generation each is one of its own.
    async fn exchange(&self, session: SessionId, generation: Option<u64>) -> Result<(), Throttled>;

    /// Takes one failed attempt of that client.
    async fn failure(&self, client: ClientNetwork) -> Result<(), Throttled>;

    /// Takes one request of that client, whatever it asks for.
    async fn request(&self, client: ClientNetwork) -> Result<(), Throttled>;
}

/// There were as many as there may be. Nothing was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("more than {limit} a minute")]
pub struct Throttled {
    /// How many there may be in a minute.
    pub limit: u32,
    /// In how many seconds there may be another one; never 0.
    pub retry_after: u64,
}

/// A token could not be signed: a fault of this service.
#[derive(Debug, thiserror::Error)]
pub enum SignError {
    /// The key, or what makes tokens of it, failed.
    #[error("the token could not be signed")]
    Failed(#[source] Box<dyn Error + Send + Sync>),
    /// Its holder could use it once and never exchange it.
    #[error(
        "the new token would be longer than 8 KiB; JWT_DROP_CLAIMS and USERS_CLAIM_COLUMNS say what is in it"
    )]
    TooLong,
}
