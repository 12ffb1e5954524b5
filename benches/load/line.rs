//! What comes out, before it is written down.

use std::collections::BTreeMap;

use serde::Serialize;

use super::support::figures::{float, median};

/// Where more of the requests than that, of one, are not answered well, the figures of the others say
/// nothing.
const TOO_MANY: f64 = 0.5;

/// What one server did with one workload; what nobody was there to be counted for is infinite or no
/// number, which JSON calls null.
#[derive(Clone, Copy, Default, Serialize)]
pub(crate) struct Figures {
    /// Requests a second that were answered well.
    pub(crate) rate: f64,
    /// Microseconds of its processor time for each of them.
    pub(crate) cpu: f64,
    /// The same of its database's server.
    pub(crate) database_cpu: f64,
    /// Milliseconds.
    pub(crate) p50: f64,
    pub(crate) p99: f64,
    /// Requests that were answered well, in all rounds.
    pub(crate) answered: usize,
    /// Those that were answered 503.
    pub(crate) turned_away: usize,
    /// Those that got another answer or none.
    pub(crate) failed: usize,
    /// The most memory that it had so far, in MiB.
    pub(crate) memory: f64,
    /// How busy the clients and the database's server kept their processor, of one.
    pub(crate) beside: f64,
}

impl Figures {
    /// What it did in the middle one of the rounds.
    pub(crate) fn middle(rounds: &[Self]) -> Self {
        let middle = |figure: fn(&Self) -> f64| median(rounds.iter().map(figure).collect());
        let sum = |figure: fn(&Self) -> usize| rounds.iter().map(figure).sum();
        Self {
            rate: middle(|it| it.rate),
            cpu: middle(|it| it.cpu),
            database_cpu: middle(|it| it.database_cpu),
            p50: middle(|it| it.p50),
            p99: middle(|it| it.p99),
            answered: sum(|it| it.answered),
            turned_away: sum(|it| it.turned_away),
            failed: sum(|it| it.failed),
            memory: middle(|it| it.memory),
            beside: middle(|it| it.beside),
        }
    }

    /// Why its figures say nothing, in words.
    pub(crate) fn trouble(&self) -> Option<&'static str> {
        if self.answered == 0 {
            return Some("no answers");
        }
        let part = float(self.unanswered()) / float(self.asked());
        (part > TOO_MANY).then_some("breaks down")
    }

    pub(crate) fn asked(&self) -> usize {
        self.answered + self.unanswered()
    }

    pub(crate) fn unanswered(&self) -> usize {
        self.turned_away + self.failed
    }
}

/// One line of the table.
#[derive(Serialize)]
pub(crate) struct Line {
    pub(crate) workload: &'static str,
    pub(crate) connections: usize,
    pub(crate) users: u64,
    pub(crate) sessions: u64,
    pub(crate) remint: Figures,
    pub(crate) straightforward: Figures,
    pub(crate) floor: Figures,
    /// By their names.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) others: BTreeMap<String, Figures>,
    /// How far the rounds of the floor are apart, of one.
    pub(crate) noise: f64,
    pub(crate) target: f64,
}

impl Line {
    /// The processor time of a request to `server`, in requests to the floor; or why there is none.
    pub(crate) fn cpu(&self, server: &Figures) -> Result<f64, &'static str> {
        server
            .trouble()
            .map_or(Ok(server.cpu / self.floor.cpu), Err)
    }
}
