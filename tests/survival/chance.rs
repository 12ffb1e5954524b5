//! Chance that can be had again.

use std::io::Write as _;
use std::thread;

use remint::domain::{Clock as _, SystemClock};

use crate::harness::servers::daemon::variable;

/// Random numbers of one seed, which a test that fails with them says.
pub(super) struct Chance {
    seed: u64,
    state: u64,
}

impl Chance {
    /// The seed that `REMINT_SEED` says, or one that nobody has chosen.
    pub(super) fn new() -> Self {
        let now = SystemClock.now().timestamp_micros().unsigned_abs();
        let seed = variable("REMINT_SEED").parse().unwrap_or(now);
        Self { seed, state: seed }
    }

    /// A number below `bound`, as `SplitMix64` draws them.
    pub(super) fn below(&mut self, bound: u64) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.state ^ (self.state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound
    }
}

impl Drop for Chance {
    fn drop(&mut self) {
        if thread::panicking() {
            let notice = format!("to have that chance again: REMINT_SEED={}\n", self.seed);
            std::io::stderr().write_all(notice.as_bytes()).ok();
        }
    }
}
