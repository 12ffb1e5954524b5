//! The figures as text.

use super::line::{Figures, Line};
use super::support::figures::float;

/// A round whose floor differs by more from the others', of one, says that others used the machine.
const NOISE: f64 = 0.15;

/// Where their processor was busier, of one, the clients and the database hold the servers up.
const BUSY: f64 = 0.95;

pub(crate) fn print_head() {
    println!(
        "CPU is processor time per request, in requests to the floor: a poem server that answers the \
         same bytes.\n\n\
         | workload | clients | CPU | aim | straightforward's CPU | requests/s | of straightforward's | p50 \
         | of straightforward's | p99 | of the floor's | p99 × Little | database CPU | of straightforward's | memory | failed \
         | straightforward's failed | noise |\n\
         |---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|"
    );
}

pub(crate) fn print_line(line: &Line) {
    let Line {
        remint,
        straightforward,
        floor,
        ..
    } = line;
    let beside = |part: f64, whole: f64, digits| match straightforward.trouble() {
        Some(trouble) => trouble.to_owned(),
        None => number(part / whole, digits),
    };
    // By Little's law so long a request is under way on average, if all clients are always waiting.
    let little = float(line.connections) / remint.rate * 1000.0;
    let cells = [
        line.workload.to_owned(),
        line.connections.to_string(),
        cpu(line, remint),
        format!("{:.1}", line.target),
        cpu(line, straightforward),
        number(remint.rate, 0),
        beside(remint.rate, straightforward.rate, 1),
        number(remint.p50, 2) + " ms",
        beside(remint.p50, straightforward.p50, 2),
        number(remint.p99, 2) + " ms",
        number(remint.p99 / floor.p99, 1),
        number(remint.p99 / little, 1),
        number(remint.database_cpu, 1) + " µs",
        beside(remint.database_cpu, straightforward.database_cpu, 2),
        number(remint.memory, 0) + " MiB",
        failed(remint),
        failed(straightforward),
        format!("{:.0} %", line.noise * 100.0),
    ];
    println!("| {} |", cells.join(" | "));
}

/// What is to be known of all lines together.
pub(crate) fn print_foot(lines: &[Line]) {
    if lines.iter().any(|line| line.noise > NOISE) {
        println!(
            "\nToo noisy to judge where noise is more than {:.0} %.",
            NOISE * 100.0
        );
    }
    print_others(lines);
    for line in lines {
        let servers = [
            ("remint", line.remint),
            ("straightforward", line.straightforward),
            ("floor", line.floor),
        ];
        let busy = servers.iter().filter(|(_, figures)| figures.beside > BUSY);
        let busy: Vec<_> = busy.map(|(name, _)| *name).collect();
        if !busy.is_empty() {
            println!(
                "\n{} with {} clients: the clients and the database were busy all the time, so that there may be \
                 more requests/s to have of {}.",
                line.workload,
                line.connections,
                busy.join(", ")
            );
        }
    }
}

/// What was measured in turn with remint beside the three.
fn print_others(lines: &[Line]) {
    if lines.iter().all(|line| line.others.is_empty()) {
        return;
    }
    println!(
        "\n| workload | clients | server | CPU | requests/s | remint's, × that | p50 | p99 | memory | failed |\n\
         |---|--:|---|--:|--:|--:|--:|--:|--:|--:|"
    );
    for line in lines {
        for (name, other) in &line.others {
            let cells = [
                line.workload.to_owned(),
                line.connections.to_string(),
                name.clone(),
                cpu(line, other),
                number(other.rate, 0),
                number(line.remint.rate / other.rate, 1),
                number(other.p50, 2) + " ms",
                number(other.p99, 2) + " ms",
                number(other.memory, 0) + " MiB",
                failed(other),
            ];
            println!("| {} |", cells.join(" | "));
        }
    }
}

fn cpu(line: &Line, server: &Figures) -> String {
    match line.cpu(server) {
        Ok(cpu) => number(cpu, 2),
        Err(trouble) => trouble.to_owned(),
    }
}

fn number(value: f64, digits: usize) -> String {
    if value.is_finite() {
        format!("{value:.digits$}")
    } else {
        "–".to_owned()
    }
}

fn failed(server: &Figures) -> String {
    let part = float(server.unanswered()) / float(server.asked()) * 100.0;
    match (server.turned_away, server.failed) {
        (0, 0) => "none".to_owned(),
        (turned_away, 0) => format!("{turned_away} by 503 ({part:.1} %)"),
        (0, failed) => format!("{failed} ({part:.1} %)"),
        (turned_away, failed) => format!("{failed} and {turned_away} by 503 ({part:.1} %)"),
    }
}
