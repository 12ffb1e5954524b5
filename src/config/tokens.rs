//! The limits of tokens, and the claims that settings may touch.

use chrono::TimeDelta;

use crate::domain::{Contract, JUDGED_CLAIMS, RESERVED_CLAIMS, TokenPolicy};
use crate::service::RefreshMode;

use super::MAX_MINUTES;
use super::vars::{self, Vars};

/// The kinds of token that count as access tokens, if nothing else is said.
const TOKEN_KINDS: &str = "access,access_token,at+jwt,bearer,jwt";

pub(super) fn policy(vars: &mut Vars) -> TokenPolicy {
    let mut minutes = |name, default| vars.bounded(name, default, 1..=MAX_MINUTES);
    let access = minutes("ACCESS_TOKEN_EXPIRE_MINUTES", 30);
    let legacy = minutes("JWT_LEGACY_LIFETIME_MINUTES", access);
    let refresh_window = minutes("REFRESH_WINDOW_MINUTES", 10_080);
    let session_max = minutes("SESSION_MAX_MINUTES", 43_200);
    let leeway = vars.bounded("CLOCK_LEEWAY_SECONDS", 30, 0..=300);
    let token_kinds = vars
        .text("JWT_TOKEN_KINDS", TOKEN_KINDS)
        .to_ascii_lowercase();
    let span = |minutes: u32| TimeDelta::minutes(minutes.into());
    TokenPolicy {
        access_lifetime: span(access),
        legacy_lifetime: span(legacy),
        contract: Contract::ExpiredToken,
        audience: vars.list("JWT_AUDIENCE"),
        issuer: vars.optional("JWT_ISSUER"),
        leeway: TimeDelta::seconds(leeway.into()),
        refresh_window: span(refresh_window),
        session_max: span(session_max),
        token_kinds: vars::split(&token_kinds),
    }
}

pub(super) fn mode(vars: &mut Vars, grace: TimeDelta) -> RefreshMode {
    match vars.text("REFRESH_MODE", "stateless").as_str() {
        "stateless" => RefreshMode::Stateless,
        "single_use" => RefreshMode::SingleUse { grace },
        _ => {
            vars.problem("REFRESH_MODE", "expected stateless or single_use");
            RefreshMode::Stateless
        }
    }
}

/// Notes the claims whose loss would make every new token one that is refused.
pub(super) fn refuse_required(vars: &mut Vars, dropped: &[String], policy: &TokenPolicy) {
    let required = [
        ("aud", "JWT_AUDIENCE", !policy.audience.is_empty()),
        ("iss", "JWT_ISSUER", policy.issuer.is_some()),
    ];
    for (claim, setting, is_required) in required {
        if is_required && dropped.iter().any(|dropped| dropped == claim) {
            let what = format!("{claim} cannot be dropped while {setting} demands it");
            vars.problem("JWT_DROP_CLAIMS", what);
        }
    }
}

/// A claim that can hold the user's key.
pub(super) fn subject_claim(vars: &mut Vars, name: &'static str, default: &str) -> String {
    let claim = vars.text(name, default);
    if is_reserved(&claim) || JUDGED_CLAIMS.contains(&claim.as_str()) {
        vars.problem(name, "this claim names no user");
    }
    claim
}

/// Whether every exchange writes this claim anew.
pub(super) fn is_reserved(claim: &str) -> bool {
    RESERVED_CLAIMS.contains(&claim)
}
