//! Starting a session for a user whose password the legacy backend has just checked.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use tokio::time::sleep;

use crate::domain::{
    ClaimSet, Clock, Contract, Handle, IdSource, JsonText, Lineage, Lookup, Refusal, Renewal,
    SessionId, Subject, Unsupported, User, idle_end,
};

use super::mint::TakenClaim;
use super::renew::HANDLE_DRAWS;
use super::single_use::{Issue, first_row};
use super::{DirectoryError, Grant, Minter, SessionError, SessionStore, SignError, UserDirectory};

/// The longest that an answer waits for the time at which its tokens are issued. More is no cut-off of this
/// second: clocks differ.
const LONGEST_WAIT: Duration = Duration::from_secs(1);

/// Starts sessions.
pub struct Starter {
    /// The contracts that are offered.
    pub contracts: Vec<Arc<Minter>>,
    /// The contract whose sessions an identity provider has.
    pub elsewhere: Option<Contract>,
    /// Knows the users.
    pub directory: Arc<dyn UserDirectory>,
    /// Where sessions are written down.
    pub sessions: Arc<dyn SessionStore>,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Names sessions.
    pub ids: Arc<dyn IdSource>,
}

/// A session to start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Login {
    /// The contract that its frontend speaks.
    pub contract: Contract,
    /// Whose it is.
    pub user: Subject,
    /// What its access tokens say beside the subject and what the users table says.
    pub claims: Vec<(String, JsonText)>,
}

/// A session that was started.
#[derive(Debug)]
pub struct Started {
    /// Its name.
    pub session: SessionId,
    /// When, in whole seconds.
    pub started_at: DateTime<Utc>,
    /// Its first tokens.
    pub grant: Grant,
}

/// Why no session was started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A claim of that name is written or judged by the service itself.
    #[error("the claim {0} is not for the caller to set")]
    Claim(String),
    /// The directory could not answer.
    #[error(transparent)]
    Directory(#[from] DirectoryError),
    /// An identity provider starts the contract's sessions.
    #[error("the contract {} is not offered: an identity provider has its sessions", .0.word())]
    Elsewhere(Contract),
    /// No key is long enough for the contract's algorithm.
    #[error("the contract {} is not offered: the secret is too short for its algorithm", .0.word())]
    NotOffered(Contract),
    /// The rules say no.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The sessions could not be read or written.
    #[error(transparent)]
    Sessions(#[from] SessionError),
    /// A token could not be signed.
    #[error(transparent)]
    Sign(#[from] SignError),
}

impl Starter {
    /// Starts a session of an active user and makes its first tokens.
    ///
    /// Within the second of a cut-off this takes until the next one, in which the tokens are issued: there
    /// are backends that refuse what comes from the future (PyJWT, by default).
    pub async fn start(&self, login: Login) -> Result<Started, StartError> {
        let now = self.clock.now().trunc_subsecs(0);
        if self.elsewhere == Some(login.contract) {
            return Err(StartError::Elsewhere(login.contract));
        }
        let mut minters = self.contracts.iter();
        let minter = minters
            .find(|minter| minter.contract() == login.contract)
            .ok_or(StartError::NotOffered(login.contract))?;
        let claims = minter
            .session_claims(&login.user, login.claims)
            .map_err(|TakenClaim(name)| StartError::Claim(name))?;

        if !login.user.is_a_key() {
            return Err(Refusal::from(Unsupported::SubjectMalformed).into());
        }
        let user_key = login.user.user_key();
        let id = SessionId(self.ids.session_id());
        let cut_off = self.sessions.standing(id, &user_key).await?.cut_off;
        let lookup = self.directory.find(&login.user).await?;
        let leeway = minter.policy.leeway;
        let (user, issued_at) = after_cut_offs(lookup, cut_off, now, leeway)?;

        let claims = minter.overwrite(claims, user.claims, &login.user);
        let lineage = Lineage {
            contract: login.contract,
            session: id,
            generation: 0,
            started_at: issued_at,
        };
        let started = self.begin(minter, &user_key, lineage, claims).await?;
        let early = issued_at - self.clock.now();
        let early = early.to_std().unwrap_or_default();
        sleep(early.min(LONGEST_WAIT)).await;
        Ok(started)
    }

    async fn begin(
        &self,
        minter: &Minter,
        user_key: &str,
        lineage: Lineage,
        claims: ClaimSet,
    ) -> Result<Started, StartError> {
        let issued_at = lineage.started_at;
        let latest = minter.policy.session_end(issued_at);
        let mut issue = Issue {
            claims: claims.into_inner(),
            expires_at: match lineage.contract.renewal() {
                Renewal::None => latest,
                Renewal::Kept | Renewal::Rotated => {
                    idle_end(issued_at, minter.refresh_lifetime, latest)
                }
            },
            handle: None,
            issued_at,
            lineage,
        };
        for _ in 0..HANDLE_DRAWS {
            if lineage.contract.has_handles() {
                issue.handle = Some(Handle::at(issued_at, self.ids.handle_bits()));
            }
            let grant = minter.first(&issue)?;
            let row = first_row(user_key, &issue);
            let Some(standing) = self.sessions.begin_and_look(&row, None).await? else {
                continue;
            };
            standing.admit(issued_at)?;
            return Ok(Started {
                session: lineage.session,
                started_at: issued_at,
                grant,
            });
        }
        Err(SessionError::Contended.into())
    }
}

/// The user, and a time of issue that lies after every cut-off.
///
/// Whoever logs out everywhere, or changes the password, and logs in again within the same second
/// would else get tokens that are dead from the start.
fn after_cut_offs(
    lookup: Lookup,
    cut_off: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
    leeway: TimeDelta,
) -> Result<(User, DateTime<Utc>), Refusal> {
    let of_user = match &lookup {
        Lookup::Found(user) => user.valid_after,
        Lookup::NotAKey | Lookup::NotFound => None,
    };
    let second = TimeDelta::seconds(1);
    let after = |cut_off: DateTime<Utc>| cut_off.trunc_subsecs(0) + second;
    let issued_at = [cut_off, of_user]
        .into_iter()
        .flatten()
        .map(after)
        .fold(now, DateTime::max);
    // A cut-off that far in the future is one to be obeyed.
    let issued_at = if issued_at - now > leeway {
        now
    } else {
        issued_at
    };
    let user = lookup.admit(issued_at)?;
    if cut_off.is_some_and(|cut_off| issued_at <= cut_off) {
        return Err(Refusal::CutOff);
    }
    Ok((user, issued_at))
}
