//! Explanations as an answer shows them.

use poem_openapi::types::Example;
use poem_openapi::{Enum, Object};

use crate::domain::{Contract, Refusal};
use crate::service::{Explanation, Finding, TokenKind, Trail};

use super::super::contract::attempt::operator_hint;
use super::super::problem::Code;
use super::login::ContractName;

/// What every check says about the token, as `remint explain` has it. Nothing in it is secret.
#[derive(Object)]
#[oai(example)]
pub(super) struct ExplanationReply {
    /// What it is.
    kind: Kind,
    /// The contract it is of, where that is known.
    #[oai(skip_serializing_if_is_none)]
    contract: Option<ContractName>,
    /// What would become of it now.
    verdict: Verdict,
    /// The `code` of the refusal, the same for every contract.
    #[oai(skip_serializing_if_is_none)]
    code: Option<String>,
    /// Why it would be refused, more exactly than callers are told.
    #[oai(skip_serializing_if_is_none)]
    reason: Option<String>,
    /// The setting that stands in the way, if one does.
    #[oai(skip_serializing_if_is_none)]
    hint: Option<String>,
    /// The checks, in the order in which the service makes them. They end where nothing more can be
    /// known.
    checks: Vec<CheckReply>,
}

/// What one check says.
#[derive(Object)]
struct CheckReply {
    /// Its name, for people: further versions may have others.
    check: String,
    /// Whether it says yes.
    verdict: CheckVerdict,
    /// The `code` of the refusal, where it says no.
    #[oai(skip_serializing_if_is_none)]
    code: Option<String>,
    /// What was seen, or what is wrong; empty where the name of the check says it all.
    seen: String,
}

/// What a text turns out to be.
#[derive(Enum)]
#[oai(rename_all = "snake_case")]
enum Kind {
    /// It has the form of an access token.
    AccessToken,
    /// It has the form of a refresh token, or was imported as one.
    RefreshToken,
    /// It has the form of neither.
    Unknown,
}

/// What would become of a token.
#[derive(Enum)]
#[oai(rename_all = "snake_case")]
enum Verdict {
    /// It would be exchanged.
    Exchanged,
    /// It would be refused.
    Refused,
    /// Only the identity provider knows, which a refresh would ask.
    Unknown,
}

/// Whether a check says yes.
#[derive(Enum)]
#[oai(rename_all = "snake_case")]
enum CheckVerdict {
    /// It does.
    Ok,
    /// It does not.
    Refused,
}

impl Example for ExplanationReply {
    fn example() -> Self {
        let refusal = Refusal::UserInactive;
        let check = |check, seen: &str, refusal| Finding {
            check,
            seen: seen.to_owned(),
            refusal,
        };
        Self::from(Explanation {
            kind: TokenKind::Access,
            contract: Some(Contract::ExpiredToken),
            findings: vec![
                check("signature", "", None),
                check("refresh window", "expired 1h 0m ago, 6d 23h left", None),
                check("session", "not exchanged yet", None),
                check("user", &refusal.to_string(), Some(refusal)),
            ],
            refusal: Some(refusal),
            trail: Trail::default(),
        })
    }
}

impl From<Explanation> for ExplanationReply {
    fn from(explanation: Explanation) -> Self {
        let refusal = explanation.refusal;
        let is_elsewhere = explanation
            .contract
            .is_some_and(|contract| contract != Contract::ExpiredToken);
        let hint = refusal.map(operator_hint);
        // No setting makes another contract's access token one of the main job.
        let hint = hint.filter(|hint| !hint.is_empty() && !is_elsewhere);
        Self {
            kind: match explanation.kind {
                TokenKind::Access => Kind::AccessToken,
                TokenKind::Refresh => Kind::RefreshToken,
                TokenKind::Unknown | TokenKind::Elsewhere => Kind::Unknown,
            },
            contract: explanation.contract.map(ContractName::from),
            verdict: match refusal {
                Some(_) => Verdict::Refused,
                None if explanation.kind == TokenKind::Elsewhere => Verdict::Unknown,
                None => Verdict::Exchanged,
            },
            code: refusal.map(code),
            reason: refusal.map(|refusal| refusal.to_string()),
            hint: hint.map(str::to_owned),
            checks: explanation.findings.into_iter().map(check).collect(),
        }
    }
}

fn check(finding: Finding) -> CheckReply {
    CheckReply {
        check: finding.check.to_owned(),
        verdict: if finding.refusal.is_some() {
            CheckVerdict::Refused
        } else {
            CheckVerdict::Ok
        },
        code: finding.refusal.map(code),
        seen: finding.seen,
    }
}

fn code(refusal: Refusal) -> String {
    Code::of(refusal).word().to_owned()
}
