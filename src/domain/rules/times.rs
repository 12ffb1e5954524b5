//! The rules about when.

use chrono::{DateTime, TimeDelta, Utc};

use crate::domain::{Claim, Refusal, Unsupported, VerifiedToken};

use super::{Case, Verdict};

pub(super) fn has_an_expiry(case: Case<'_>) -> Verdict {
    let expiry = expiry(case.token)?;
    case.seen(|| expiry.to_string())
}

pub(super) fn is_valid_already(case: Case<'_>) -> Verdict {
    match case.token.not_before {
        Claim::Absent => case.seen(|| "not stated".to_owned()),
        Claim::Is(not_before) if not_before - case.now <= case.policy.leeway => {
            case.seen(|| not_before.to_string())
        }
        Claim::Is(_) => Err(Unsupported::NotYetValid.into()),
        Claim::Malformed => Err(Unsupported::NotBeforeMalformed.into()),
    }
}

pub(super) fn was_issued(case: Case<'_>) -> Verdict {
    let Case {
        policy, token, now, ..
    } = case;
    for time in [&token.issued_at, &token.auth_time, &token.original_issue] {
        match time {
            Claim::Absent => {}
            Claim::Is(time) if *time - now <= policy.leeway => {}
            Claim::Is(_) => return Err(Unsupported::IssuedInFuture.into()),
            Claim::Malformed => return Err(Unsupported::IssueTimeMalformed.into()),
        }
    }
    let issued_at = policy.issued_at(token, expiry(token)?);
    if token.issued_at != Claim::Absent {
        return case.seen(|| issued_at.to_string());
    }
    // Its lifetime is longer than the one that is set, so nobody knows how old it is: such a token
    // would grow younger with every look, past every cut-off and every end of its session.
    if issued_at - now > policy.leeway {
        return Err(Unsupported::Undated.into());
    }
    case.seen(|| format!("not stated; {issued_at} by its expiry"))
}

pub(super) fn is_inside_the_window(case: Case<'_>) -> Verdict {
    let (expiry, now, window) = (expiry(case.token)?, case.now, case.policy.refresh_window);
    if now - expiry > window {
        return Err(Refusal::RefreshWindowOver);
    }
    case.seen(|| {
        let left = span(expiry + window - now).unwrap_or_default();
        match span(now - expiry) {
            None => format!("not expired yet, refreshes for another {left}"),
            Some(ago) => format!("expired {ago} ago, {left} left"),
        }
    })
}

pub(super) fn session_is_young_enough(case: Case<'_>) -> Verdict {
    let Case {
        policy, token, now, ..
    } = case;
    let started_at = policy.started_at(token, expiry(token)?, now);
    let end = policy.session_end(started_at);
    // At the very end nothing is left to give: a token that lives zero seconds helps nobody.
    if now >= end {
        return Err(Refusal::SessionExpired);
    }
    case.seen(|| {
        let left = span(end - now).unwrap_or_default();
        format!("started {started_at}, {left} left")
    })
}

pub(super) fn has_not_expired(case: Case<'_>) -> Verdict {
    let (expiry, now) = (expiry(case.token)?, case.now);
    if now >= expiry {
        return Err(Refusal::Expired);
    }
    case.seen(|| format!("expires in {}", span(expiry - now).unwrap_or_default()))
}

/// `exp`, or why the token cannot be judged by it.
pub(in crate::domain) fn expiry(token: &VerifiedToken) -> Result<DateTime<Utc>, Refusal> {
    match token.expires_at {
        Claim::Absent => Err(Unsupported::ExpiryMissing.into()),
        Claim::Is(expiry) => Ok(expiry),
        Claim::Malformed => Err(Unsupported::ExpiryMalformed.into()),
    }
}

/// A positive duration in the largest two units, for people.
fn span(duration: TimeDelta) -> Option<String> {
    let seconds = duration.num_seconds();
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60);
    match (days, hours, minutes) {
        _ if duration < TimeDelta::zero() => None,
        (0, 0, 0) => Some(format!("{seconds}s")),
        (0, 0, _) => Some(format!("{minutes}m {}s", seconds % 60)),
        (0, _, _) => Some(format!("{hours}h {minutes}m")),
        _ => Some(format!("{days}d {hours}h")),
    }
}
