//! Access tokens, whichever contract they are of.

use std::sync::Arc;

use crate::domain::{Claim, TokenPolicy, Unverified, VerifiedToken};

use super::Minter;

/// The access tokens of every contract that is offered.
#[derive(Clone)]
pub struct AccessTokens {
    main: Arc<Minter>,
    others: Vec<Arc<Minter>>,
}

impl AccessTokens {
    /// Those of the main job, and of the other contracts.
    pub fn new(main: Arc<Minter>, others: Vec<Arc<Minter>>) -> Self {
        Self { main, others }
    }

    /// Checks form, algorithm and signature, and says by whose rules the token is to be judged.
    ///
    /// A token that remint signed names its contract; of the others, the first contract is meant
    /// that can tell whom they are about.
    pub(super) fn verify_ignoring_expiry(
        &self,
        token: &str,
    ) -> Result<(VerifiedToken, &TokenPolicy), Unverified> {
        let mut first = None;
        let mut refused = None;
        for minter in std::iter::once(&self.main).chain(&self.others) {
            let verified = match minter.access_tokens.verify_ignoring_expiry(token) {
                Ok(verified) => verified,
                Err(error) => {
                    refused.get_or_insert(error);
                    continue;
                }
            };
            let is_meant = match &verified.lineage {
                Claim::Is(lineage) => lineage.contract == minter.contract(),
                Claim::Absent | Claim::Malformed => verified.subject != Claim::Absent,
            };
            if is_meant {
                return Ok((verified, &minter.policy));
            }
            first.get_or_insert((verified, &minter.policy));
        }
        first.ok_or(refused.unwrap_or(Unverified::Format))
    }
}
