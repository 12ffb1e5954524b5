//! What a refresh costs, beside a server that only answers and the service as one would write it
//! in an afternoon.
//!
//! `cargo bench --bench load` runs each of them on the first processor in turn, with its database
//! and the clients on the second one, and prints what docs/performance.md holds; `-- --help` says
//! what else there is.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::indexing_slicing,
    reason = "a measurement that fails may say so by a panic"
)]

mod compared;
mod line;
mod other;
mod picture;
#[expect(unused, reason = "a measurement needs a part of it")]
#[path = "../../tests/harness/servers/mod.rs"]
mod servers;
mod start;
#[expect(dead_code, reason = "each measurement needs another part of it")]
#[path = "../support/mod.rs"]
mod support;
mod table;
mod workload;

use std::fs;
use std::path::Path;

use clap::Parser;

use compared::Compared;
use line::Line;
use other::Other;
use support::fill::Rows;
use support::instructions::{By, instructions};
use support::service::keep_to_second_processor;
use support::straightforward::{self, Peer};
use workload::WORKLOADS;

#[derive(Parser)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag")]
struct Args {
    /// For how many seconds each server is measured in each round.
    #[arg(long, default_value_t = 3)]
    seconds: u64,
    /// How many rounds there are.
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// How many clients ask at a time.
    #[arg(long, value_delimiter = ',', default_value = "1,32,256")]
    connections: Vec<usize>,
    /// Only workloads whose name has this in it, such as `SQLite` or `envelope`.
    #[arg(long, default_value = "")]
    only: String,
    /// How many users there are.
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u64).range(1..))]
    users: u64,
    /// How many sessions of other users there are.
    #[arg(long, default_value_t = 0)]
    sessions: u64,
    /// Measures a start on an existing SQLite file instead, and the memory while nobody asks.
    #[arg(long)]
    start: bool,
    /// Counts instructions of 1,000 refreshes with valgrind instead.
    #[arg(long)]
    instructions: bool,
    /// Another setting of the service, such as `MAX_CONCURRENT_REQUESTS=256`.
    #[arg(long = "set", value_name = "NAME=VALUE")]
    settings: Vec<String>,
    /// Another service to compare with in what writes nothing in `SQLite`, such as `gin=/tmp/gin`;
    /// benches/peers/README.md says what it has to do.
    #[arg(long = "beside", value_name = "NAME=COMMAND")]
    others: Vec<Other>,
    /// Writes docs/performance.json, and draws docs/performance.svg.
    #[arg(long)]
    write: bool,
    /// Serves as that instead.
    #[arg(long, hide = true)]
    peer: Option<Peer>,
    #[arg(long, hide = true, default_value = "")]
    url: String,
    /// What cargo says to each benchmark.
    #[arg(long, hide = true)]
    bench: bool,
}

impl Args {
    fn rows(&self) -> Rows {
        Rows {
            users: self.users,
            sessions: self.sessions,
        }
    }
}

fn main() {
    let args = Args::parse();
    if let Some(peer) = args.peer {
        // As `#[tokio::main]` makes it.
        let runtime = tokio::runtime::Builder::new_multi_thread();
        return { runtime }
            .enable_all()
            .build()
            .unwrap()
            .block_on(straightforward::serve(peer, &args.url));
    }
    let runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = { runtime }.enable_all().build().unwrap();
    keep_to_second_processor();
    if args.instructions {
        return runtime.block_on(print_instructions(&args.only));
    }
    if args.start {
        return runtime.block_on(start::print_start(args.rows()));
    }
    let lines = runtime.block_on(measure(&args));
    if args.write {
        let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs");
        let json = serde_json::to_string_pretty(&lines).unwrap() + "\n";
        fs::write(docs.join("performance.json"), json).unwrap();
        picture::draw(&docs.join("performance.svg"), &lines);
    }
}

async fn print_instructions(only: &str) {
    println!("| instructions per refresh | one client | 32 clients |\n|---|--:|--:|");
    let all = [
        ("stateless, SQLite", By::Expired("stateless")),
        ("single_use, SQLite", By::Expired("single_use")),
        ("envelope, SQLite", By::Envelope),
    ];
    for (name, by) in all.into_iter().filter(|(name, _)| name.contains(only)) {
        let alone = instructions(by, 1).await;
        let together = instructions(by, 32).await;
        println!("| {name} | {alone} | {together} |");
    }
}

async fn measure(args: &Args) -> Vec<Line> {
    table::print_head();
    let mut lines = Vec::new();
    for workload in WORKLOADS {
        if !workload.name.contains(&args.only) {
            continue;
        }
        let Some(compared) = Compared::start(workload, args).await else {
            continue;
        };
        for connections in &args.connections {
            let line = compared.measure(args, *connections).await;
            table::print_line(&line);
            lines.push(line);
        }
    }
    table::print_foot(&lines);
    lines
}
