//! The figures as bars.

use std::path::Path;

use super::line::Line;
use super::support::bars::{self, Group};

/// With how many clients at a time.
const CLIENTS: usize = 32;

/// Draws what a request costs, for each workload that was measured with so many clients.
pub(crate) fn draw(file: &Path, lines: &[Line]) {
    let lines = lines.iter().filter(|line| line.connections == CLIENTS);
    let group = |line: &'_ Line| Group {
        title: line.workload,
        bars: [line.cpu(&line.straightforward), line.cpu(&line.remint)],
        mark: line.target,
    };
    let groups: Vec<_> = lines.map(group).collect();
    let caption =
        format!("processor time of a refresh, in requests to the floor; {CLIENTS} clients");
    bars::write(file, &caption, ["straightforward", "remint"], &groups);
}
