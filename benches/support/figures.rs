//! What a run of answers comes to.

use std::time::Duration;

use serde::Serialize;

use super::drive::{Answered, UNSENT};

/// The figures of one load.
#[derive(Clone, Serialize)]
pub(crate) struct Figures {
    /// Requests a second that were due.
    pub(crate) offered: f64,
    /// Requests that were answered 200 in each second.
    pub(crate) good: f64,
    /// The part that was answered 503, of one.
    pub(crate) turned_away: f64,
    /// The part that was not sent because all connections were busy, of one.
    pub(crate) unsent: f64,
    /// The part that got another answer or none in time, of one.
    pub(crate) failed: f64,
    /// The median of the time of those that were answered 200, in milliseconds.
    pub(crate) p50: f64,
    /// What 99 in 100 of them were faster than.
    pub(crate) p99: f64,
    /// What 99 in 100 of those that were turned away were faster than.
    pub(crate) turned_away_p99: f64,
    /// Microseconds of processor time of the service for each request.
    pub(crate) cpu: f64,
    /// MiB of memory of the service afterwards.
    pub(crate) memory: f64,
}

impl Figures {
    /// Those of `answers`, without what was due in the first moments.
    pub(crate) fn of(answers: &[Answered], skipped: Duration, time: Duration) -> Self {
        let counted = || answers.iter().filter(|answered| answered.due >= skipped);
        let times = |status: u16| {
            let times = counted().filter(move |answered| answered.status == status);
            let mut times: Vec<_> = times.map(|answered| answered.took).collect();
            times.sort_unstable();
            times
        };
        let (good, turned_away, unsent) = (times(200), times(503), times(UNSENT));
        let in_time = |it: &&Answered| it.status == 200 && it.due + it.took < time;
        let all = float(counted().count());
        let seconds = time.saturating_sub(skipped).as_secs_f64();
        Self {
            offered: all / seconds,
            good: float(counted().filter(in_time).count()) / seconds,
            turned_away: float(turned_away.len()) / all,
            unsent: float(unsent.len()) / all,
            failed: 1.0 - float(good.len() + turned_away.len() + unsent.len()) / all,
            p50: quantile(&good, 50),
            p99: quantile(&good, 99),
            turned_away_p99: quantile(&turned_away, 99),
            cpu: 0.0,
            memory: 0.0,
        }
    }
}

/// What so many in a hundred are faster than, in milliseconds.
pub(crate) fn quantile(sorted: &[Duration], hundredths: usize) -> f64 {
    let at = sorted.get(sorted.len() * hundredths / 100);
    at.map_or(0.0, |time| time.as_secs_f64() * 1000.0)
}

#[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
pub(crate) fn float(count: usize) -> f64 {
    count as f64
}

/// The one in the middle.
pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}
