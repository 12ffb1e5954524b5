//! What came of an exchange, for the log: one vocabulary, whichever contract was spoken.

use tracing::error;

use crate::domain::{Contract, Refusal, Unsupported};
use crate::service::{
    Attempt, Causes, Delegation, DelegationError, Exchange, RefreshError, Renewer, Throttled, Trail,
};

use super::super::audit::Audit;
use super::super::problem::Code;

/// What switches a contract on, for whoever reads the log.
const TOO_SHORT: &str = "a longer JWT_SECRET_KEY switches the contract on, and so does a \
                         TOKEN_PAIR_ALGORITHM or ENVELOPE_ALGORITHM that it is long enough for";

/// Exchanges a refresh token; without a `renewer` the contract is off.
///
/// That is for the operator to mend. A refusal would log everybody out whose token is good again
/// once the secret is the right one.
pub(in crate::http) async fn renew(
    renewer: Option<&Renewer>,
    refresh_token: &str,
    access_token: Option<&str>,
) -> Attempt {
    match renewer {
        // So that what surrounds it stays small, and is moved at little cost.
        Some(renewer) => Box::pin(renewer.renew(refresh_token, access_token)).await,
        None => Attempt {
            trail: Trail::default(),
            outcome: Err(RefreshError::NotOffered),
        },
    }
}

/// The event about the answer. What is the service's own fault is logged here, with its cause.
pub(in crate::http) fn audit(contract: Contract, attempt: &Attempt) -> Audit {
    let audit = Audit {
        contract: contract.word(),
        trail: attempt.trail.clone(),
        ..Audit::default()
    };
    match &attempt.outcome {
        Ok(grant) => {
            let (outcome, reason) = words(grant.exchange);
            Audit {
                outcome,
                reason: reason.to_owned(),
                ..audit
            }
        }
        Err(error) => {
            let refusal = if let RefreshError::Refused(refusal) = error {
                Some(*refusal)
            } else {
                None
            };
            let (code, hint) = judge(error);
            Audit {
                outcome: code.word(),
                reason: error.to_string(),
                hint,
                is_failure: refusal.is_some(),
                refusal,
                throttled: throttled(error),
                ..audit
            }
        }
    }
}

/// The same for what an identity provider was asked.
pub(in crate::http) fn audit_delegation(contract: Contract, delegation: &Delegation) -> Audit {
    let audit = Audit {
        contract: contract.word(),
        trail: delegation.trail.clone(),
        ..Audit::default()
    };
    match &delegation.outcome {
        Ok((_, exchange)) => {
            let (outcome, reason) = words(*exchange);
            Audit {
                outcome,
                reason: reason.to_owned(),
                ..audit
            }
        }
        Err(error) => {
            let refusal = if let DelegationError::Refused(refusal) = error {
                Some(*refusal)
            } else {
                None
            };
            let (code, hint) = judge_delegation(error);
            Audit {
                outcome: code.word(),
                reason: error.to_string(),
                hint,
                is_failure: refusal.is_some(),
                refusal,
                ..audit
            }
        }
    }
}

/// The outcome and the reason.
fn words(exchange: Exchange) -> (&'static str, &'static str) {
    match exchange {
        Exchange::Concurrent => ("replayed", "another request with the same token was faster"),
        Exchange::New => ("refreshed", ""),
        Exchange::Repeated => ("replayed", "the answer was given before"),
    }
}

fn judge(error: &RefreshError) -> (Code, &'static str) {
    match error {
        RefreshError::Refused(refusal) => (Code::of(*refusal), operator_hint(*refusal)),
        RefreshError::NotOffered => (Code::Unavailable, TOO_SHORT),
        RefreshError::RateLimited(_) => (Code::RateLimited, ""),
        RefreshError::Directory(error) => {
            error!(
                error = %Causes(error),
                "the users table does not answer"
            );
            (Code::Unavailable, "")
        }
        RefreshError::Sessions(error) => {
            error!(
                error = %Causes(error),
                "the sessions do not answer"
            );
            (Code::Unavailable, "")
        }
        RefreshError::Sign(error) => {
            error!(
                error = %Causes(error),
                "a token could not be signed"
            );
            (Code::Internal, "")
        }
    }
}

fn throttled(error: &RefreshError) -> Option<Throttled> {
    match error {
        RefreshError::RateLimited(throttled) => Some(*throttled),
        RefreshError::Directory(_)
        | RefreshError::NotOffered
        | RefreshError::Refused(_)
        | RefreshError::Sessions(_)
        | RefreshError::Sign(_) => None,
    }
}

fn judge_delegation(error: &DelegationError) -> (Code, &'static str) {
    match error {
        DelegationError::Refused(refusal) => {
            return (Code::of(*refusal), operator_hint(*refusal));
        }
        DelegationError::Directory(error) => {
            error!(error = %Causes(error), "the users table does not answer");
        }
        DelegationError::Provider(error) => {
            error!(error = %Causes(error), "the identity provider does not answer");
        }
        DelegationError::Sessions(error) => {
            error!(error = %Causes(error), "the sessions do not answer");
        }
    }
    (Code::Unavailable, "")
}

/// The setting that stands in the way of a genuine token, for whoever reads the log.
pub(in crate::http) fn operator_hint(refusal: Refusal) -> &'static str {
    match refusal {
        Refusal::Unsupported(Unsupported::Audience) => "JWT_AUDIENCE must list the token's aud",
        Refusal::Unsupported(Unsupported::Issuer) => "JWT_ISSUER must be the token's iss",
        Refusal::Unsupported(Unsupported::Kind) => "JWT_TOKEN_KINDS lists the kinds accepted",
        Refusal::Unsupported(Unsupported::SubjectMissing) => {
            "JWT_SUBJECT_CLAIM (for token_pair TOKEN_PAIR_SUBJECT_CLAIM) names the claim that \
             holds the user's key"
        }
        Refusal::Unsupported(Unsupported::Undated) => {
            "JWT_LEGACY_LIFETIME_MINUTES must be the lifetime that the backend gives its tokens"
        }
        Refusal::Unsupported(Unsupported::SubjectMalformed) => {
            "USERS_KEY_COLUMN must be of the subject's type, which has 1 to 255 bytes, no control \
             characters, and no white space at its ends"
        }
        Refusal::Unsupported(Unsupported::SuccessorTooLong) => {
            "JWT_DROP_CLAIMS leaves claims of the old token out of the new one"
        }
        Refusal::Unsupported(_)
        | Refusal::Unverified(_)
        | Refusal::Expired
        | Refusal::RefreshWindowOver
        | Refusal::SessionExpired
        | Refusal::CutOff
        | Refusal::SessionRevoked
        | Refusal::TokenMismatch
        | Refusal::TokenReused
        | Refusal::UserInactive
        | Refusal::UserNotFound => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_that_was_made_for_another_request_is_called_a_replay() {
        let faster = "another request with the same token was faster";
        let before = "the answer was given before";

        assert_eq!(words(Exchange::New), ("refreshed", ""));
        assert_eq!(words(Exchange::Concurrent), ("replayed", faster));
        assert_eq!(words(Exchange::Repeated), ("replayed", before));
    }
}
