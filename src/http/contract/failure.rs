//! What goes wrong outside of a contract's own code: the deadline of a request, a panic, a limit.
//!
//! The frame that sees it knows nothing of contracts, and a frontend wants its own words.

use std::sync::{Arc, OnceLock};

use chrono::{DateTime, Utc};
use poem::{IntoResponse, Request, Response};

use crate::domain::Contract;
use crate::json::StrictObject;

use super::super::audit::Audit;
use super::super::bearer::Bearer;
use super::super::body;
use super::super::cookie::{CookieValue, Cookies};
use super::super::problem::Code;
use super::{Beside, SHARED_PATH, Shape, cookie, envelope, oauth2, refresh_token, token_pair};

/// The contract that a request speaks, as soon as somebody has found out.
#[derive(Clone, Default)]
pub(in crate::http) struct Spoken(Arc<OnceLock<Contract>>);

impl Spoken {
    /// What the path alone tells.
    pub(in crate::http) fn of_path(path: &str) -> Self {
        let spoken = Self::default();
        let contract = match path {
            envelope::PATH => Some(Contract::Envelope),
            path if path.starts_with(oauth2::PATHS) => Some(Contract::OAuth2),
            _ => None,
        };
        if let Some(contract) = contract {
            spoken.0.set(contract).ok();
        }
        spoken
    }

    /// Notes it for the frame.
    pub(in crate::http) fn note(request: &Request, contract: Contract) {
        if let Some(Self(spoken)) = request.extensions().get() {
            // A request speaks one contract, so there is nothing to lose.
            spoken.set(contract).ok();
        }
    }

    /// The contract that a request speaks which no handler gets to see, if it speaks one.
    pub(in crate::http) fn find_out(
        &self,
        request: &Request,
        refresh_cookie: &str,
    ) -> Option<Contract> {
        let contract = match request.uri().path() {
            refresh_token::PATH => Some(Contract::RefreshToken),
            SHARED_PATH => {
                let object = StrictObject::parse(body::arrived(request)).unwrap_or_default();
                let cookie = Cookies::read(request).find(refresh_cookie);
                let beside = Beside {
                    bearer: !matches!(Bearer::read(request), Bearer::Missing),
                    cookie: !matches!(cookie, CookieValue::Missing),
                };
                Shape::of(&object, beside).contract()
            }
            _ => None,
        };
        if let Some(contract) = contract {
            self.0.set(contract).ok();
        }
        self.0.get().copied()
    }

    /// That there were too many, in the words of the contract; none where those are problem details.
    pub(in crate::http) fn throttled(&self, now: DateTime<Utc>) -> Option<Response> {
        match self.0.get()? {
            Contract::Cookie => Some(cookie::throttled().into_response()),
            Contract::Envelope => Some(envelope::throttled(now).into_response()),
            Contract::OAuth2 => Some(oauth2::throttled().into_response()),
            Contract::TokenPair => Some(token_pair::throttled().into_response()),
            Contract::ExpiredToken | Contract::RefreshToken => None,
        }
    }

    /// The failure in the words of the contract, or else as the `problem`; the event is of the
    /// contract in either case.
    pub(in crate::http) fn failure(
        &self,
        code: Code,
        now: DateTime<Utc>,
        problem: impl FnOnce() -> Response,
    ) -> Response {
        let Some(&contract) = self.0.get() else {
            return problem();
        };
        let is_ours = code == Code::Internal;
        let mut response = match contract {
            Contract::Cookie => cookie::failure(is_ours).into_response(),
            Contract::Envelope => envelope::failure(is_ours, now).into_response(),
            Contract::OAuth2 => oauth2::failure(is_ours).into_response(),
            Contract::TokenPair => token_pair::failure(is_ours).into_response(),
            Contract::ExpiredToken | Contract::RefreshToken => problem(),
        };
        response.extensions_mut().insert(Audit {
            contract: contract.word(),
            outcome: code.word(),
            ..Audit::default()
        });
        response
    }
}
