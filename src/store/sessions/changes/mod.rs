//! Writing many sessions with one statement, so that one commit makes them all durable.
//!
//! A statement changes those rows whose conditions hold, and says which they were: to each caller
//! it is the conditional statement that it would have run alone. Of two callers that want the same
//! next generation of a session, or the same first row, only the first is in the statement; the other
//! has lost, as if another had been faster, and looks again.
//!
//! [`counted`] is how that is done where a statement says only how many rows it has changed.

mod beginnings;
mod counted;
mod rotations;

use std::collections::HashSet;
use std::hash::Hash;

pub(super) use beginnings::{Beginning, Beginnings, Beside};
pub(super) use rotations::Rotations;

/// Of each change whether it stands here for the first time.
fn first_of_each<C: Eq + Hash>(wanted: &[C]) -> Vec<bool> {
    let mut seen = HashSet::with_capacity(wanted.len());
    wanted.iter().map(|change| seen.insert(change)).collect()
}
