//! Taking over the sessions that began at a legacy backend.

use std::sync::Arc;

use chrono::{DateTime, SubsecRound, Utc};

use crate::domain::{Contract, JsonText, Renewal, Session, Subject};

use super::{LegacyToken, Minter, TakenClaim};

/// The most that chosen claims may take, in bytes. A token must have room for them and for what the
/// users table adds, or the session could never be refreshed.
const MAX_CLAIMS_BYTES: usize = 4_096;

/// Turns sessions of a legacy backend into ours.
pub struct Importer {
    /// The contracts that are offered.
    pub contracts: Vec<Arc<Minter>>,
    /// The contract whose sessions an identity provider has.
    pub elsewhere: Option<Contract>,
    /// When the import began. One instant for all, so that a cut-off that is set while it runs
    /// lies after every session that it writes down.
    pub now: DateTime<Utc>,
}

/// A session of the legacy backend that its refresh token stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LegacySession<'a> {
    /// The contract that its frontend speaks.
    pub contract: Contract,
    /// Whose it is.
    pub user: Subject,
    /// Its refresh token.
    pub token: LegacyToken<'a>,
    /// When that was given out; taken for the start of the session.
    pub issued_at: Option<DateTime<Utc>>,
    /// Until when it is good.
    pub expires_at: DateTime<Utc>,
    /// What the session's access tokens say beside the subject and what the users table says.
    pub claims: Vec<(String, JsonText)>,
}

/// What becomes of a session of the legacy backend.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Adoption {
    /// Nothing: it is over.
    Expired,
    /// The session that its refresh token is good for once it is written down.
    Session(Box<Session>),
    /// Nothing: it began longer ago than sessions may last here.
    TooOld,
}

/// Why a session cannot be taken over.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotAdopted {
    /// See [`TakenClaim`].
    #[error(transparent)]
    Claim(#[from] TakenClaim),
    /// With what the users table adds they might not fit into a token.
    #[error("the claims are longer than {MAX_CLAIMS_BYTES} bytes")]
    ClaimsTooLong,
    /// An identity provider has the contract's sessions.
    #[error("the contract {} is not offered: an identity provider has its sessions", .0.word())]
    Elsewhere(Contract),
    /// It was issued later than now.
    #[error("issued_at lies in the future")]
    IssuedInFuture,
    /// The contract has none to import.
    #[error("the contract {} has no refresh tokens", .0.word())]
    NoRefreshTokens(Contract),
    /// No key is long enough for the contract's algorithm.
    #[error("the contract {} is not offered: the secret is too short for its algorithm", .0.word())]
    NotOffered(Contract),
    /// No user can have that key.
    #[error("user: empty, too long, or with white space at an end or a control character in it")]
    User,
}

impl Importer {
    /// The session that `legacy` goes on as.
    ///
    /// Whether its user is there and active is asked at each refresh, like that of any other.
    pub fn adopt(&self, legacy: LegacySession<'_>) -> Result<Adoption, NotAdopted> {
        let contract = legacy.contract;
        let minter = self.minter(contract)?;
        if !legacy.user.is_a_key() {
            return Err(NotAdopted::User);
        }
        let size = |(name, value): &(String, JsonText)| name.len() + value.as_str().len();
        if legacy.claims.iter().map(size).sum::<usize>() > MAX_CLAIMS_BYTES {
            return Err(NotAdopted::ClaimsTooLong);
        }
        let issued_at = legacy.issued_at.unwrap_or(self.now);
        if issued_at - self.now > minter.policy.leeway {
            return Err(NotAdopted::IssuedInFuture);
        }
        let claims = minter.session_claims(&legacy.user, legacy.claims)?;

        let started_at = issued_at.min(self.now).trunc_subsecs(0);
        let latest = minter.policy.session_end(started_at);
        let expires_at = legacy.expires_at.trunc_subsecs(0);
        if expires_at <= self.now {
            return Ok(Adoption::Expired);
        }
        if latest <= self.now {
            return Ok(Adoption::TooOld);
        }
        Ok(Adoption::Session(Box::new(Session {
            id: minter.refresh_tokens.imported(contract, &legacy.token),
            contract,
            handle: None,
            user_key: legacy.user.user_key(),
            generation: 0,
            rotated_at: started_at,
            started_at,
            expires_at: expires_at.min(latest),
            revoked: None,
            claims: claims.into_inner(),
        })))
    }

    /// What makes the tokens of a contract whose refresh tokens can be imported.
    pub fn minter(&self, contract: Contract) -> Result<&Minter, NotAdopted> {
        if contract.renewal() == Renewal::None {
            return Err(NotAdopted::NoRefreshTokens(contract));
        }
        if self.elsewhere == Some(contract) {
            return Err(NotAdopted::Elsewhere(contract));
        }
        let mut minters = self.contracts.iter();
        let found = minters.find(|minter| minter.contract() == contract);
        found
            .map(Arc::as_ref)
            .ok_or(NotAdopted::NotOffered(contract))
    }
}
