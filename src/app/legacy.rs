//! Tokens as a legacy backend makes them.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;

use crate::config::Config;
use crate::domain::{ClaimSet, JsonText};

/// The claims of a token as a legacy backend makes them; live, or expired for so long.
pub fn legacy_claims(
    config: &Config,
    subject: &str,
    expired_for: Option<TimeDelta>,
    now: DateTime<Utc>,
) -> ClaimSet {
    let lifetime = config.policy.access_lifetime;
    let expires_at = expired_for.map_or(now + lifetime, |ago| now - ago);
    let mut claims = ClaimSet::default();
    let subject = JsonText::from_valid(Value::from(subject).to_string());
    claims.put(&config.subject_claim, subject);
    claims.put(
        "iat",
        JsonText::integer((expires_at - lifetime).timestamp()),
    );
    claims.put("exp", JsonText::integer(expires_at.timestamp()));
    if let Some(issuer) = &config.policy.issuer {
        claims.put(
            "iss",
            JsonText::from_valid(Value::from(issuer.as_str()).to_string()),
        );
    }
    if let Some(audience) = config.policy.audience.first() {
        claims.put(
            "aud",
            JsonText::from_valid(Value::from(audience.as_str()).to_string()),
        );
    }
    claims
}
