//! The limits that tokens are judged by, and the judgement.

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};

use super::rules::{self, Case, Check, Rule};
use super::{Claim, Contract, Lineage, Refusal, Subject, VerifiedToken};

/// What decides whether a verified token is exchanged, and for how long the next one lives.
///
/// The three clocks are never merged: the refresh window counts from `exp`, the session's age
/// from its start, and the lifetime from now.
#[derive(Debug, Clone)]
pub struct TokenPolicy {
    /// How long a new access token lives.
    pub access_lifetime: TimeDelta,
    /// How long the legacy backend's tokens live, for those that do not say when they were issued.
    pub legacy_lifetime: TimeDelta,
    /// The contract whose tokens are judged.
    pub contract: Contract,
    /// The values of `aud` that are ours; none means that tokens must not have one.
    pub audience: Vec<String>,
    /// The one `iss` that is ours, where tokens must have one.
    pub issuer: Option<String>,
    /// How far clocks may differ.
    pub leeway: TimeDelta,
    /// For how long after `exp` a token can be exchanged, both ends included.
    pub refresh_window: TimeDelta,
    /// How long a session lives, however often it is refreshed.
    pub session_max: TimeDelta,
    /// What `typ`, `type`, `token_use` and `token_type` may say, in lower case.
    pub token_kinds: Vec<String>,
}

/// A token that may be exchanged, or used, if its user may.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Admission {
    /// Whom it is about.
    pub subject: Subject,
    /// When it was issued, as far as it says.
    pub issued_at: DateTime<Utc>,
    /// Where it stands in its session.
    pub lineage: Lineage,
}

/// From when to when a token lives, in whole seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lease {
    /// `iat`.
    pub issued_at: DateTime<Utc>,
    /// `exp`.
    pub expires_at: DateTime<Utc>,
}

impl Lease {
    /// `expires_in`, in seconds.
    pub fn seconds(&self) -> i64 {
        (self.expires_at - self.issued_at).num_seconds()
    }
}

impl TokenPolicy {
    /// Whether `token` may be exchanged at `now`, as far as the token itself can tell.
    pub fn judge_refresh(
        &self,
        token: &VerifiedToken,
        now: DateTime<Utc>,
    ) -> Result<Admission, Refusal> {
        self.judge(rules::SHAPE.iter().chain(rules::REFRESH), token, now)
    }

    /// Whether `token` may be used at `now`, as far as the token itself can tell.
    pub fn judge_use(
        &self,
        token: &VerifiedToken,
        now: DateTime<Utc>,
    ) -> Result<Admission, Refusal> {
        self.judge(rules::SHAPE.iter().chain(rules::USE), token, now)
    }

    /// Whether `token` is an access token of ours at all, however old.
    pub fn judge_kind(
        &self,
        token: &VerifiedToken,
        now: DateTime<Utc>,
    ) -> Result<Admission, Refusal> {
        self.judge(rules::SHAPE.iter(), token, now)
    }

    /// What each rule of [`Self::judge_refresh`] says, also after one that says no.
    pub fn explain_refresh(&self, token: &VerifiedToken, now: DateTime<Utc>) -> Vec<Check> {
        let rules = rules::SHAPE.iter().chain(rules::REFRESH);
        let case = self.case(token, now, true);
        rules
            .map(|rule| Check {
                name: rule.name,
                verdict: (rule.check)(case),
            })
            .collect()
    }

    /// How long a token issued then lives, in a session that ends at `not_after`.
    pub fn lease(&self, not_after: DateTime<Utc>, issued_at: DateTime<Utc>) -> Lease {
        let issued_at = issued_at.trunc_subsecs(0);
        let end = not_after.trunc_subsecs(0);
        Lease {
            issued_at,
            expires_at: (issued_at + self.access_lifetime).min(end),
        }
    }

    /// When the successor of a token that was issued at `previous` is, in whole seconds.
    ///
    /// Not before that one: a login of the very second of a cut-off is dated after it, and a
    /// successor that is not would be dead from the start. A clock that was further ahead than
    /// clocks may differ is not followed.
    pub fn successor_time(&self, previous: DateTime<Utc>, now: DateTime<Utc>) -> DateTime<Utc> {
        let is_credible = previous - now <= self.leeway;
        let time = if is_credible { now.max(previous) } else { now };
        time.trunc_subsecs(0)
    }

    fn judge<'r>(
        &self,
        rules: impl Iterator<Item = &'r Rule>,
        token: &VerifiedToken,
        now: DateTime<Utc>,
    ) -> Result<Admission, Refusal> {
        let case = self.case(token, now, false);
        for rule in rules {
            (rule.check)(case)?;
        }

        let expires_at = rules::expiry(token)?;
        let lineage = match token.lineage {
            Claim::Is(lineage) => lineage,
            Claim::Absent | Claim::Malformed => Lineage {
                contract: self.contract,
                session: token.session,
                generation: 0,
                started_at: self.started_at(token, expires_at, now),
            },
        };
        Ok(Admission {
            subject: rules::subject(token)?.clone(),
            issued_at: self.issued_at(token, expires_at),
            lineage,
        })
    }

    fn case<'a>(&'a self, token: &'a VerifiedToken, now: DateTime<Utc>, is_read: bool) -> Case<'a> {
        Case {
            policy: self,
            token,
            now,
            is_read,
        }
    }

    /// When the session of `token` started, by the best witness that the token has.
    pub(super) fn started_at(
        &self,
        token: &VerifiedToken,
        expires_at: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> DateTime<Utc> {
        if let Claim::Is(lineage) = token.lineage {
            return lineage.started_at;
        }
        let stated = [&token.auth_time, &token.original_issue, &token.issued_at];
        let started_at = stated.into_iter().find_map(Claim::stated).copied();
        // Leeway must not make a session start in the future.
        started_at
            .unwrap_or(expires_at - self.legacy_lifetime)
            .min(now)
    }

    /// When `token` was issued; FastAPI's tokens have only `exp`, from which it is counted back.
    pub(super) fn issued_at(
        &self,
        token: &VerifiedToken,
        expires_at: DateTime<Utc>,
    ) -> DateTime<Utc> {
        match token.issued_at {
            Claim::Is(issued_at) => issued_at,
            Claim::Absent | Claim::Malformed => expires_at - self.legacy_lifetime,
        }
    }

    /// When a session that started then is over, in whole seconds, as tokens will say.
    ///
    /// Legacy times may have fractions; a fraction of a second more would admit a token whose
    /// successor lives for zero seconds.
    pub fn session_end(&self, started_at: DateTime<Utc>) -> DateTime<Utc> {
        (started_at + self.session_max).trunc_subsecs(0)
    }

    /// Whether a token of that kind is an access token, whatever its spelling.
    pub(super) fn is_access_kind(&self, kind: &str) -> bool {
        // RFC 7515 §4.1.9: "application/" may be left out, and media types ignore case.
        let kind = kind.to_ascii_lowercase();
        let kind = kind.strip_prefix("application/").unwrap_or(&kind);
        self.token_kinds.iter().any(|accepted| accepted == kind)
    }
}
