//! One event per answer: who asked, by which contract, with which outcome. Never a token.

use poem::http::StatusCode;
use poem::{IntoResponse, Response};
use poem_openapi::ApiResponse;
use poem_openapi::registry::{MetaResponses, Registry};
use tracing::{debug, error, info, warn};
use uuid::Uuid;

use crate::domain::{ClientAddress, Contract, Refusal, Subject};
use crate::service::{Throttled, Trail};

use super::problem::Code;
use super::throttle;

/// The endpoints that are of no contract, as [`Audit::contract`] has them.
const ENDPOINTS: [&str; 6] = ["admin", "introspect", "logout", "none", "revoke", "verify"];

/// What [`Audit::outcome`] may be beside the code of a problem.
const OUTCOMES: [&str; 12] = [
    "cut_off_set",
    "ignored",
    "invalid_client",
    "logged_out",
    "refreshed",
    "replayed",
    "served",
    "session_revoked",
    "session_started",
    "sessions_listed",
    "token_explained",
    "verified",
];

/// Every word that an event may have as its contract.
pub fn contracts() -> Vec<&'static str> {
    let contracts = Contract::ALL.map(Contract::word);
    contracts.into_iter().chain(ENDPOINTS).collect()
}

/// Every word that an event may have as its outcome.
pub fn outcomes() -> Vec<&'static str> {
    let codes = Code::ALL.iter().map(|code| code.word());
    codes.chain(OUTCOMES).collect()
}

/// What a handler knows about its answer, carried to the frame in the response.
#[derive(Debug, Clone, Default)]
pub(super) struct Audit {
    /// The contract or endpoint.
    pub(super) contract: &'static str,
    /// What happened, from a closed set: `refreshed`, `replayed`, `verified`, or the code of the
    /// problem, whichever words the contract has for it.
    pub(super) outcome: &'static str,
    /// The exact reason, also where the caller is not told.
    pub(super) reason: String,
    /// Whom and what it was about.
    pub(super) trail: Trail,
    /// What the operator could change, where a setting stands in the way.
    pub(super) hint: &'static str,
    /// Whether a credential was tried that is not good, of which a client may try so many.
    pub(super) is_failure: bool,
    /// Why the credential was refused, also where the caller is not told.
    pub(super) refusal: Option<Refusal>,
    /// Which limit there was, where the caller is to wait.
    pub(super) throttled: Option<Throttled>,
}

/// An answer and what the log may know of it.
pub(super) struct Audited<R> {
    pub(super) reply: R,
    pub(super) audit: Audit,
}

impl<R: IntoResponse> IntoResponse for Audited<R> {
    fn into_response(self) -> Response {
        let mut response = self.reply.into_response();
        response.extensions_mut().insert(self.audit);
        response
    }
}

impl<R: ApiResponse> ApiResponse for Audited<R> {
    fn meta() -> MetaResponses {
        throttle::describe(R::meta())
    }

    fn register(registry: &mut Registry) {
        R::register(registry);
    }
}

/// Writes the event of one answer.
pub(super) fn write(
    request_id: &str,
    client: Option<ClientAddress>,
    status: StatusCode,
    audit: &Audit,
) {
    let Audit {
        contract,
        outcome,
        reason,
        trail,
        hint,
        is_failure,
        refusal: _,
        throttled: _,
    } = audit;
    let client = client.map(tracing::field::display);
    let mut buffer = Uuid::encode_buffer();
    let session = trail.session.map(|session| session.0.hyphenated());
    let session = session
        .as_ref()
        .map(|session| &*session.encode_lower(&mut buffer));
    let subject = trail.subject.as_ref().map(Subject::text);
    let subject = subject.as_deref();
    let (key, status) = (trail.key.as_deref(), status.as_u16());
    let reason = (!reason.is_empty()).then_some(reason.as_str());
    let hint = (!hint.is_empty()).then_some(*hint);
    macro_rules! event {
        ($level:ident) => {
            $level!(
                target: "remint::audit",
                request_id, client, contract, outcome, status, reason, session, subject, key, hint,
                "answered"
            )
        };
    }
    match status {
        500.. => event!(error),
        // Worth a look: somebody tries tokens that nobody here signed, or the admin listener.
        _ if trail.key.is_none()
            && *is_failure
            && matches!(
                *outcome,
                "invalid_token" | "invalid_client" | "admin_refused" | "rate_limited"
            ) =>
        {
            event!(warn);
        }
        // Two parties have a token of that session, and one of them should not.
        _ if *outcome == "token_reused" => event!(warn),
        // Probes and pages: many, and about nobody.
        _ if *outcome == "served" => event!(debug),
        _ => event!(info),
    }
}
