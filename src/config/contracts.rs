//! What differs between the contracts: lifetimes, algorithms, claims.

use chrono::TimeDelta;

use crate::domain::Contract;
use crate::token::{HmacAlgorithm, WeakSecret};

use super::MAX_MINUTES;
use super::keys::Keys;
use super::vars::Vars;

/// The settings of one contract.
#[derive(Debug, Clone)]
pub struct ContractSettings {
    /// Which one.
    pub contract: Contract,
    /// How long a new access token lives.
    pub access_lifetime: TimeDelta,
    /// How long a refresh token is good if nobody uses it.
    pub refresh_lifetime: TimeDelta,
    /// What its access tokens are signed with.
    pub algorithm: HmacAlgorithm,
    /// The claim of its access tokens that holds the user's key.
    pub subject_claim: String,
}

/// The settings that the contract of the main job shares with some others.
pub(super) struct Shared {
    /// `ACCESS_TOKEN_EXPIRE_MINUTES`.
    pub(super) access_lifetime: TimeDelta,
    /// `JWT_ALGORITHM`.
    pub(super) algorithm: HmacAlgorithm,
    /// `JWT_SUBJECT_CLAIM`.
    pub(super) subject_claim: String,
}

/// The settings of every contract, the main job's first.
pub(super) fn read(vars: &mut Vars, shared: Shared) -> Vec<ContractSettings> {
    let refresh_lifetime = minutes(vars, "REFRESH_TOKEN_EXPIRE_MINUTES", 20_160);
    let Shared {
        access_lifetime,
        algorithm,
        subject_claim,
    } = shared;
    let plain = |contract| ContractSettings {
        contract,
        access_lifetime,
        refresh_lifetime,
        algorithm,
        subject_claim: subject_claim.clone(),
    };
    let token_pair = ContractSettings {
        contract: Contract::TokenPair,
        access_lifetime: minutes(vars, "TOKEN_PAIR_ACCESS_EXPIRE_MINUTES", 10_080),
        refresh_lifetime: minutes(vars, "TOKEN_PAIR_REFRESH_EXPIRE_MINUTES", 43_200),
        algorithm: vars.parse("TOKEN_PAIR_ALGORITHM", HmacAlgorithm::Hs512),
        subject_claim: super::tokens::subject_claim(vars, "TOKEN_PAIR_SUBJECT_CLAIM", "nameid"),
    };
    let envelope = ContractSettings {
        contract: Contract::Envelope,
        access_lifetime: minutes(vars, "ENVELOPE_ACCESS_EXPIRE_MINUTES", 1_440),
        refresh_lifetime: minutes(vars, "ENVELOPE_REFRESH_EXPIRE_MINUTES", 43_200),
        algorithm: vars.parse("ENVELOPE_ALGORITHM", HmacAlgorithm::Hs512),
        subject_claim: subject_claim.clone(),
    };
    vec![
        plain(Contract::ExpiredToken),
        plain(Contract::Cookie),
        plain(Contract::RefreshToken),
        token_pair,
        envelope,
        plain(Contract::OAuth2),
    ]
}

/// The contracts for whose algorithm the secret is long enough, and a line about each other one.
///
/// *Why no problem.* The secret of a legacy backend that signs with HS256 is often too short for
/// HS512, and its frontends speak none of the contracts that want it.
pub(super) fn offered(
    contracts: Vec<ContractSettings>,
    keys: Option<&Keys>,
) -> (Vec<ContractSettings>, Vec<String>) {
    let Some(keys) = keys.filter(|keys| !keys.allow_weak) else {
        return (contracts, Vec::new());
    };
    let too_short = |algorithm| match WeakSecret::find(&keys.current.secret, algorithm) {
        Some(weak @ WeakSecret::Short { .. }) => Some(weak),
        None | Some(WeakSecret::Known | WeakSecret::Monotonous) => None,
    };
    let (mut offered, mut not_offered) = (Vec::new(), Vec::new());
    for settings in contracts {
        // The main job's own secret was judged before.
        match too_short(settings.algorithm).filter(|_| settings.algorithm != keys.algorithm) {
            None => offered.push(settings),
            Some(weak) => {
                let contract = settings.contract.word();
                not_offered.push(format!(
                    "the contract {contract} is off, because of JWT_SECRET_KEY: {weak}; or set \
                     {}_ALGORITHM={}",
                    contract.to_ascii_uppercase(),
                    keys.algorithm.name()
                ));
            }
        }
    }
    (offered, not_offered)
}

fn minutes(vars: &mut Vars, name: &'static str, default: u32) -> TimeDelta {
    TimeDelta::minutes(vars.bounded(name, default, 1..=MAX_MINUTES).into())
}
