//! How often something may be done.

use std::time::Duration;

use crate::limits::{LimitSettings, RedisSettings};

use super::vars::Vars;

/// More than that bounds nothing.
const MAX_PER_MINUTE: u32 = 1_000_000;

/// The settings of the limits.
pub(super) fn read(vars: &mut Vars) -> LimitSettings {
    let bounds = 0..=MAX_PER_MINUTE;
    LimitSettings {
        per_minute: vars.bounded("RATE_LIMIT_PER_MINUTE", 10, bounds.clone()),
        requests_per_minute: vars.bounded("RATE_LIMIT_PER_ADDRESS_PER_MINUTE", 0, bounds),
        redis: redis(vars),
    }
}

fn redis(vars: &mut Vars) -> Option<RedisSettings> {
    const NAME: &str = "REDIS_URL";
    let deadline = vars.bounded("REDIS_TIMEOUT_MILLISECONDS", 50, 1..=10_000);
    let url = vars.secret(NAME, "REDIS_URL_FILE")?;
    let settings = RedisSettings::of_url(&url, Duration::from_millis(deadline.into()));
    if settings.is_none() {
        // Not the URL: it may hold a password.
        vars.problem(NAME, "expected redis://host:6379/0, or rediss://… for TLS");
    }
    settings
}
