//! What goes wrong outside of a contract's own code: the deadline of a request, and a panic.
//!
//! The frame that sees it knows nothing of contracts, and a frontend wants its own words.

use std::sync::{Arc, OnceLock};

use chrono::{DateTime, Utc};
use poem::{IntoResponse, Request, Response};

use crate::domain::Contract;

use super::super::audit::Audit;
use super::super::problem::Code;
use super::{cookie, envelope, token_pair};

/// The contract that a request speaks, as soon as somebody has found out.
#[derive(Clone, Default)]
pub(in crate::http) struct Spoken(Arc<OnceLock<Contract>>);

impl Spoken {
    /// Notes it for the frame.
    pub(in crate::http) fn note(request: &Request, contract: Contract) {
        if let Some(Self(spoken)) = request.extensions().get() {
            // A request speaks one contract, so there is nothing to lose.
            spoken.set(contract).ok();
        }
    }

    /// The failure in the words of the contract; none where those are problem details.
    pub(in crate::http) fn failure(&self, code: Code, now: DateTime<Utc>) -> Option<Response> {
        let contract = *self.0.get()?;
        let is_ours = code == Code::Internal;
        let mut response = match contract {
            Contract::Cookie => cookie::failure(is_ours).into_response(),
            Contract::Envelope => envelope::failure(is_ours, now).into_response(),
            Contract::TokenPair => token_pair::failure(is_ours).into_response(),
            Contract::ExpiredToken | Contract::RefreshToken => return None,
        };
        response.extensions_mut().insert(Audit {
            contract: contract.word(),
            outcome: code.word(),
            ..Audit::default()
        });
        Some(response)
    }
}
