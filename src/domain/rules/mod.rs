//! Each rule about a verified token, by itself.
//!
//! *Why a list.* Refreshing, verifying and `explain` read the same list: the first two stop at
//! the first rule that says no, the last one shows what each of them says. No rule can be in one
//! and missing from another.

mod times;

use chrono::{DateTime, Utc};

use super::{Claim, Refusal, Subject, TokenPolicy, Unsupported, VerifiedToken};
use times::{
    has_an_expiry, has_not_expired, is_inside_the_window, is_valid_already,
    session_is_young_enough, was_issued,
};

pub(super) use times::expiry;

/// A rule: says no by a refusal, and yes by a line of what it saw.
pub(super) struct Rule {
    pub(super) name: &'static str,
    pub(super) check: fn(Case<'_>) -> Verdict,
}

/// What is judged, by which limits.
#[derive(Clone, Copy)]
pub(super) struct Case<'a> {
    pub(super) policy: &'a TokenPolicy,
    pub(super) token: &'a VerifiedToken,
    pub(super) now: DateTime<Utc>,
    /// Whether anybody reads what the rules saw. Nobody does for most tokens, and a dozen texts
    /// would cost as much as checking the signature.
    pub(super) is_read: bool,
}

impl Case<'_> {
    /// Yes; with what was seen, where anybody reads it.
    #[expect(clippy::unnecessary_wraps, reason = "most rules end with it")]
    fn seen(self, words: impl FnOnce() -> String) -> Verdict {
        Ok(if self.is_read { words() } else { String::new() })
    }
}

/// What one rule says about one token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// The name of the rule.
    pub name: &'static str,
    /// What it says.
    pub verdict: Verdict,
}

/// Yes, with what was seen, or no, with the reason.
pub type Verdict = Result<String, Refusal>;

/// What every token must fulfil, whatever it is used for.
pub(super) const SHAPE: &[Rule] = &[
    Rule {
        name: "key still trusted",
        check: key_is_trusted,
    },
    Rule {
        name: "claims",
        check: claims_are_strict,
    },
    Rule {
        name: "kind",
        check: is_an_access_token,
    },
    Rule {
        name: "not bound (cnf)",
        check: is_a_bearer_token,
    },
    Rule {
        name: "expiry present",
        check: has_an_expiry,
    },
    Rule {
        name: "not before",
        check: is_valid_already,
    },
    Rule {
        name: "issued",
        check: was_issued,
    },
    Rule {
        name: "issuer",
        check: is_from_our_issuer,
    },
    Rule {
        name: "audience",
        check: is_for_our_audience,
    },
    Rule {
        name: "subject",
        check: has_a_subject,
    },
    Rule {
        name: "session claim",
        check: has_a_sound_lineage,
    },
    Rule {
        name: "contract",
        check: is_of_this_contract,
    },
];

/// What a token must fulfil beside that to be refreshed.
pub(super) const REFRESH: &[Rule] = &[
    Rule {
        name: "refresh window",
        check: is_inside_the_window,
    },
    Rule {
        name: "session age",
        check: session_is_young_enough,
    },
];

/// What a token must fulfil beside that to be used.
///
/// The session's age as well: once a session is too old, its row, which may say that it was
/// revoked, is forgotten.
pub(super) const USE: &[Rule] = &[
    Rule {
        name: "not expired",
        check: has_not_expired,
    },
    Rule {
        name: "session age",
        check: session_is_young_enough,
    },
];

fn key_is_trusted(case: Case<'_>) -> Verdict {
    let key = &case.token.key;
    match key.valid_until {
        // Answered like a bad signature: to the outside the key is simply gone.
        Some(end) if case.now >= end => Err(super::Unverified::RetiredKey.into()),
        Some(end) => case.seen(|| format!("{} until {end}", key.label)),
        None => case.seen(|| key.label.clone()),
    }
}

/// Texts of a token as they can be seen on a terminal, which may do more with a text than show it.
fn shown<'a>(texts: impl Iterator<Item = &'a str>) -> String {
    let texts = texts.map(|text| text.escape_debug().to_string());
    texts.collect::<Vec<_>>().join(", ")
}

fn claims_are_strict(case: Case<'_>) -> Verdict {
    let claims = case.token.claims.as_ref().ok_or(Unsupported::Claims)?;
    case.seen(|| shown(claims.iter().map(|(name, _)| name)))
}

fn is_an_access_token(case: Case<'_>) -> Verdict {
    let mut seen = Vec::new();
    let header = [("header typ", &case.token.header_type)];
    let claims = case.token.kinds.iter().map(|(name, kind)| (*name, kind));
    for (name, kind) in header.into_iter().chain(claims) {
        match kind {
            Claim::Absent => {}
            Claim::Is(kind) if case.policy.is_access_kind(kind) => {
                seen.push(case.seen(|| format!("{name} {kind}"))?);
            }
            Claim::Is(_) | Claim::Malformed => return Err(Unsupported::Kind.into()),
        }
    }
    case.seen(|| {
        if seen.is_empty() {
            "not stated".to_owned()
        } else {
            seen.join(", ")
        }
    })
}

fn is_a_bearer_token(case: Case<'_>) -> Verdict {
    if case.token.bound {
        return Err(Unsupported::SenderConstrained.into());
    }
    case.seen(|| "a bearer token".to_owned())
}

fn is_from_our_issuer(case: Case<'_>) -> Verdict {
    match (case.policy.issuer.as_deref(), &case.token.issuer) {
        (None, Claim::Absent | Claim::Is(_)) => {
            case.seen(|| "any (JWT_ISSUER is not set)".to_owned())
        }
        (Some(ours), Claim::Is(theirs)) if ours == theirs => case.seen(|| ours.to_owned()),
        (_, Claim::Malformed) | (Some(_), Claim::Absent | Claim::Is(_)) => {
            Err(Unsupported::Issuer.into())
        }
    }
}

fn is_for_our_audience(case: Case<'_>) -> Verdict {
    let ours = &case.policy.audience;
    match &case.token.audience {
        Claim::Absent if ours.is_empty() => case.seen(|| "none".to_owned()),
        // RFC 7519 §4.1.3: who does not find itself in `aud` must reject the token, and without
        // JWT_AUDIENCE we are nobody.
        Claim::Is(theirs) if theirs.iter().any(|aud| ours.contains(aud)) => {
            case.seen(|| shown(theirs.iter().map(String::as_str)))
        }
        Claim::Absent | Claim::Is(_) | Claim::Malformed => Err(Unsupported::Audience.into()),
    }
}

fn has_a_subject(case: Case<'_>) -> Verdict {
    let subject = subject(case.token)?;
    case.seen(|| subject.to_string())
}

fn has_a_sound_lineage(case: Case<'_>) -> Verdict {
    match &case.token.lineage {
        Claim::Absent => case.seen(|| "none: the first refresh of this token".to_owned()),
        Claim::Is(lineage) if lineage.started_at - case.now > case.policy.leeway => {
            Err(Unsupported::IssuedInFuture.into())
        }
        Claim::Is(lineage) => case.seen(|| {
            let (session, generation) = (lineage.session, lineage.generation);
            format!("session {session}, generation {generation}")
        }),
        Claim::Malformed => Err(Unsupported::Lineage.into()),
    }
}

/// An access token of a contract with refresh tokens must not be exchanged without one.
fn is_of_this_contract(case: Case<'_>) -> Verdict {
    let ours = case.policy.contract;
    match &case.token.lineage {
        Claim::Is(lineage) if lineage.contract != ours => Err(Unsupported::Kind.into()),
        Claim::Absent | Claim::Is(_) | Claim::Malformed => case.seen(|| ours.word().to_owned()),
    }
}

/// The subject, or why it cannot be anybody's key.
pub(super) fn subject(token: &VerifiedToken) -> Result<&Subject, Refusal> {
    match &token.subject {
        Claim::Absent => Err(Unsupported::SubjectMissing.into()),
        Claim::Is(subject) if subject.is_a_key() => Ok(subject),
        Claim::Is(_) | Claim::Malformed => Err(Unsupported::SubjectMalformed.into()),
    }
}
