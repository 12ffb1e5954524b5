//! Access tokens: what the rules, the sessions and the users table say.

use chrono::{DateTime, Utc};

use crate::domain::{
    Admission, Claim, Contract, Refusal, Standing, Step, Unsupported, Unverified, Verdict,
    VerifiedToken, decide,
};

use super::super::mint::NoSuccessor;
use super::super::single_use::Issue;
use super::super::{Minter, RefreshMode, SignError, Trail};
use super::{ExplainError, Explainer, Explanation, Finding, TokenKind};

/// The checks before the signature has verified, in the order in which they are made.
const UNVERIFIED: [(&str, &[Unverified]); 4] = [
    ("form", &[Unverified::TooLong, Unverified::Format]),
    ("no extensions", &[Unverified::Extension]),
    ("algorithm", &[Unverified::Algorithm]),
    (
        "signature",
        &[Unverified::UnknownKey, Unverified::Signature],
    ),
];

impl Explainer {
    /// The first refusal is the verdict.
    pub(super) async fn access_token(
        &self,
        token: &str,
        now: DateTime<Utc>,
    ) -> Result<Explanation, ExplainError> {
        let verified = self.main.access_tokens.verify_ignoring_expiry(token);
        if !verified
            .as_ref()
            .is_ok_and(|token| is_of(token, Contract::ExpiredToken))
            && let Some((minter, token)) = self.of_another_contract(token)
        {
            return Ok(renewed_otherwise(minter.contract(), &token));
        }
        match (verified, self.elsewhere) {
            (Err(Unverified::Format), Some(contract)) => Ok(judged_elsewhere(contract)),
            (Err(unverified), _) => Ok(explain_unverified(unverified)),
            (Ok(token), _) => self.explain_verified(&token, now).await,
        }
    }

    /// The token, if it is an access token of a contract other than the main job's.
    fn of_another_contract(&self, token: &str) -> Option<(&Minter, VerifiedToken)> {
        self.others.iter().find_map(|minter| {
            let verified = minter.access_tokens.verify_ignoring_expiry(token).ok()?;
            is_of(&verified, minter.contract()).then_some((&**minter, verified))
        })
    }

    /// What the rules say, and what the users table says; the first refusal is the verdict.
    async fn explain_verified(
        &self,
        token: &VerifiedToken,
        now: DateTime<Utc>,
    ) -> Result<Explanation, ExplainError> {
        let policy = &self.main.policy;
        let signed = UNVERIFIED.map(|(name, _)| Finding::new(name, Ok(String::new())));
        let mut findings = Vec::from(signed);
        let rules = policy.explain_refresh(token, now);
        findings.extend(rules.into_iter().map(Finding::from));
        let refusal = match policy.judge_refresh(token, now) {
            Ok(admission) => {
                self.explain_admitted(token, &admission, now, &mut findings)
                    .await?
            }
            Err(refusal) => Some(refusal),
        };
        Ok(Explanation {
            kind: TokenKind::Access,
            contract: is_of(token, Contract::ExpiredToken).then_some(Contract::ExpiredToken),
            findings,
            refusal,
            trail: trail(token),
        })
    }

    async fn explain_admitted(
        &self,
        token: &VerifiedToken,
        admission: &Admission,
        now: DateTime<Utc>,
        findings: &mut Vec<Finding>,
    ) -> Result<Option<Refusal>, ExplainError> {
        let (session, user_key) = (admission.lineage.session, admission.subject.user_key());
        let standing = self.records.standing(session, &user_key).await?;
        let session = self.present(admission, &standing, now);
        // In the order of the service: only who is active, and can have a new token, can be found to have
        // used the old one twice.
        let revoked = standing.admit(admission.issued_at).err();
        let user = match self.records.user(&admission.subject).await {
            // What is refused already is refused whoever it is about.
            Err(_) if revoked.is_some() => {
                findings.push(Finding::new("session", session));
                return Ok(revoked);
            }
            user => user?.admit(admission.issued_at),
        };
        let successor = match (&user, revoked) {
            (Ok(user), None) => {
                let (session, claims) = (standing.session.as_ref(), user.claims.clone());
                let issue = self.main.issue_after(admission, session, claims, now);
                self.succeed(token, issue)?
            }
            _ => Ok(String::new()),
        };
        let user = user.map(|_| format!("{} is active", admission.subject));
        let verdicts = [&user, &successor, &session];
        let refused = |verdict: &Verdict| verdict.as_ref().err().copied();
        let refusal = revoked.or_else(|| verdicts.into_iter().find_map(refused));
        findings.push(Finding::new("session", session));
        findings.push(Finding::new("user", user));
        // Only worth a line where it says no, which hardly any token comes to.
        if successor.is_err() {
            findings.push(Finding::new("new token", successor));
        }
        Ok(refusal)
    }

    /// Whether there can be a new token.
    fn succeed(
        &self,
        token: &VerifiedToken,
        issue: Result<Issue, Refusal>,
    ) -> Result<Verdict, SignError> {
        let successor = issue.map_err(NoSuccessor::from).and_then(|issue| {
            let claims = token.claims.as_ref();
            let claims = claims.ok_or(Refusal::from(Unsupported::Claims))?;
            self.main.successor(claims, &issue)
        });
        match successor {
            Ok(_) => Ok(Ok(String::new())),
            Err(NoSuccessor::Refused(refusal)) => Ok(Err(refusal)),
            Err(NoSuccessor::Sign(error)) => Err(error),
        }
    }

    /// What presenting the token would mean now; presents nothing.
    fn present(&self, admission: &Admission, standing: &Standing, now: DateTime<Utc>) -> Verdict {
        standing.admit(admission.issued_at)?;
        let RefreshMode::SingleUse { grace } = self.mode else {
            return Ok("not revoked; may be exchanged again (REFRESH_MODE=stateless)".to_owned());
        };
        let generation = admission.lineage.generation;
        Ok(
            match decide(generation, standing.session.as_ref(), grace, now)? {
                Step::Begin => "not exchanged yet".to_owned(),
                Step::Replay => "exchanged just now: the same answer is given again".to_owned(),
                Step::Reuse => return Err(Refusal::TokenReused),
                Step::Rotate { .. } => "the newest token of its session".to_owned(),
            },
        )
    }
}

/// Whether the service judges a token that verified by the rules of `contract`.
fn is_of(token: &VerifiedToken, contract: Contract) -> bool {
    match &token.lineage {
        Claim::Is(lineage) => lineage.contract == contract,
        Claim::Absent | Claim::Malformed => token.subject != Claim::Absent,
    }
}

fn renewed_otherwise(contract: Contract, token: &VerifiedToken) -> Explanation {
    let refusal = Some(Unsupported::Kind.into());
    let seen = format!(
        "an access token of {}, whose sessions are renewed by their refresh tokens",
        contract.word()
    );
    Explanation {
        kind: TokenKind::Access,
        contract: Some(contract),
        findings: vec![Finding {
            check: "contract",
            seen,
            refusal,
        }],
        refusal,
        trail: trail(token),
    }
}

/// What can be said of a token that an identity provider may have given out.
fn judged_elsewhere(contract: Contract) -> Explanation {
    let seen = "neither a JWT in compact form nor a refresh token of this service; a refresh would \
                ask the identity provider";
    Explanation {
        kind: TokenKind::Elsewhere,
        contract: Some(contract),
        findings: vec![Finding::new("form", Ok(seen.to_owned()))],
        refusal: None,
        trail: Trail::default(),
    }
}

/// Everything up to the check that failed; what comes after cannot be known.
fn explain_unverified(unverified: Unverified) -> Explanation {
    let mut findings = Vec::new();
    if unverified == Unverified::Format {
        let refusal = Unverified::RefreshTokenFormat.into();
        findings.push(Finding::new("refresh token", Err(refusal)));
    }
    for (name, reasons) in UNVERIFIED {
        if reasons.contains(&unverified) {
            findings.push(Finding::new(name, Err(unverified.into())));
            break;
        }
        findings.push(Finding::new(name, Ok(String::new())));
    }
    let has_form = !matches!(unverified, Unverified::TooLong | Unverified::Format);
    Explanation {
        kind: if has_form {
            TokenKind::Access
        } else {
            TokenKind::Unknown
        },
        contract: None,
        findings,
        refusal: Some(unverified.into()),
        trail: Trail::default(),
    }
}

fn trail(token: &VerifiedToken) -> Trail {
    let mut trail = Trail::default();
    trail.note(token);
    trail
}
