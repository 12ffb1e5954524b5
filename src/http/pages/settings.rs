//! What the page must know to judge a token as the service does.
//!
//! *Why it may be public.* Whoever has a token can read most of it there, and find out the rest by asking.
//! No name, key or address of anything behind the service is in it.

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::domain::{Contract, Renewal, TokenPolicy};

use super::super::HttpSettings;

/// The rules, as the page tells them.
pub struct PageSettings {
    /// The limits of the main job's tokens.
    pub policy: TokenPolicy,
    /// Whether each of those tokens is good once.
    pub single_use: bool,
    /// For how long a credential that is good once gets its answer again.
    pub grace: TimeDelta,
    /// The contracts that are offered.
    pub contracts: Vec<PageContract>,
}

/// What the page tells of one contract.
pub struct PageContract {
    /// Which one.
    pub contract: Contract,
    /// `alg` of its access tokens.
    pub algorithm: &'static str,
    /// The claim of its access tokens that holds the user's key.
    pub subject_claim: String,
    /// How long an access token lives.
    pub access_lifetime: TimeDelta,
    /// How long a refresh token is good if nobody uses it.
    pub refresh_lifetime: TimeDelta,
}

impl PageSettings {
    /// The text of `settings.json`.
    pub(in crate::http) fn json(&self, settings: &HttpSettings) -> String {
        let policy = &self.policy;
        let contracts = self.contracts.iter().map(PageContract::json);
        json!({
            "contracts": contracts.collect::<Vec<_>>(),
            "access_cookie": settings.cookies.access_name,
            "refresh_cookie": settings.cookies.refresh_name,
            "audience": policy.audience,
            "issuer": policy.issuer,
            "token_kinds": policy.token_kinds,
            "leeway_seconds": policy.leeway.num_seconds(),
            "legacy_lifetime_seconds": policy.legacy_lifetime.num_seconds(),
            "refresh_window_seconds": policy.refresh_window.num_seconds(),
            "session_max_seconds": policy.session_max.num_seconds(),
            "single_use": self.single_use,
            "grace_seconds": self.grace.num_seconds(),
            "example_token": settings.example_token,
        })
        .to_string()
    }
}

impl PageContract {
    fn json(&self) -> Value {
        let renewal = match self.contract.renewal() {
            Renewal::Kept => "kept",
            Renewal::None => "none",
            Renewal::Rotated => "rotated",
        };
        json!({
            "name": self.contract.word(),
            "algorithm": self.algorithm,
            "subject_claim": self.subject_claim,
            "access_seconds": self.access_lifetime.num_seconds(),
            "refresh_seconds": self.refresh_lifetime.num_seconds(),
            "refresh_token": renewal,
        })
    }
}
