//! How often something may be done.

use crate::limits::LimitSettings;

use super::vars::Vars;

/// More than that bounds nothing.
const MAX_PER_MINUTE: u32 = 1_000_000;

/// The settings of the limits.
pub(super) fn read(vars: &mut Vars) -> LimitSettings {
    let bounds = 0..=MAX_PER_MINUTE;
    LimitSettings {
        per_minute: vars.bounded("RATE_LIMIT_PER_MINUTE", 10, bounds.clone()),
        requests_per_minute: vars.bounded("RATE_LIMIT_PER_ADDRESS_PER_MINUTE", 0, bounds),
    }
}
