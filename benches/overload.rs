//! More requests than the service can answer: what becomes of those that it admits.
//!
//! `cargo bench --bench overload` runs the released binary on the first processor and the clients on
//! the second one, and prints what docs/overload.md holds. `-- --write` draws docs/overload.svg as well.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::indexing_slicing,
    reason = "a measurement that fails may say so by a panic"
)]

#[expect(dead_code, reason = "each measurement needs another part of it")]
mod support;

use std::path::Path;
use std::time::Duration;

use clap::Parser;
use plotters::style::full_palette::{BLUE, GREY, ORANGE, RED};
use remint::domain::{Clock as _, SystemClock};

use support::drive::{Load, UNSENT, drive};
use support::figures::{Figures, float};
use support::fill::Rows;
use support::plot::{self, Line, Panel};
use support::service::{SECRET, Service, keep_to_second_processor};
use support::tokens::Mint;

/// Offered loads, in parts of what the service answers at most.
const LOADS: [f64; 10] = [0.2, 0.4, 0.6, 0.8, 1.0, 1.25, 1.5, 2.0, 3.0, 4.0];

/// What happens while a load begins is not counted.
const SKIPPED: Duration = Duration::from_secs(1);

#[derive(Parser)]
struct Args {
    /// For how many seconds each load lasts.
    #[arg(long, default_value_t = 6)]
    seconds: u64,
    /// How many connections the clients have.
    #[arg(long, default_value_t = 1_000)]
    connections: usize,
    /// Another setting of the service, such as `REFRESH_MODE=single_use`.
    #[arg(long = "set", value_name = "NAME=VALUE")]
    settings: Vec<String>,
    /// Draws `docs/overload.svg`.
    #[arg(long)]
    write: bool,
    /// Prints JSON instead of a table.
    #[arg(long)]
    json: bool,
    /// What cargo says to each benchmark.
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() {
    let args = Args::parse();
    keep_to_second_processor();
    let runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = { runtime }.enable_all().build().unwrap();
    let figures = runtime.block_on(measure(&args));
    if args.json {
        println!("{}", serde_json::to_string_pretty(&figures).unwrap());
    } else {
        print_table(&figures);
    }
    if args.write {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/overload.svg");
        draw(&file, &figures);
    }
}

/// The most that it answers first, then the figures of each load.
async fn measure(args: &Args) -> Vec<Figures> {
    let time = Duration::from_secs(args.seconds);
    let settings = args.settings.iter();
    let settings: Vec<_> = settings.map(|it| it.split_once('=').unwrap()).collect();
    let rows = Rows::default();
    let service = Service::start(&settings, rows).await;
    let now = SystemClock.now().timestamp();
    let mint = Mint::new(SECRET, now, rows.users);

    let run = async |mint, load| {
        let before = service.cpu_time();
        let (mint, answers) = drive(service.address, mint, (load, args.connections), time).await;
        let cpu = service.cpu_time().saturating_sub(before);
        let mut figures = Figures::of(&answers, SKIPPED, time);
        figures.cpu = cpu.as_secs_f64() * 1e6
            / float(answers.iter().filter(|it| it.status != UNSENT).count());
        figures.memory = service.memory();
        (mint, figures)
    };
    let (mut mint, most) = run(mint, Load::Closed(64)).await;
    println!(
        "at most {:.0} a second, {:.0} µs of processor time each\n",
        most.good, most.cpu
    );
    let mut all = Vec::new();
    for part in LOADS {
        let (back, figures) = run(mint, Load::Open(most.good * part)).await;
        mint = back;
        all.push(figures);
    }
    all
}

fn print_table(figures: &[Figures]) {
    println!(
        "| offered | parts of the most | answered 200 | turned away | not sent | failed | p50 | p99 | p99 \
         of those turned away | CPU per request | memory |\n\
         |--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|"
    );
    for (figures, part) in figures.iter().zip(LOADS) {
        println!(
            "| {:.0}/s | {part} | {:.0}/s | {:.1} % | {:.1} % | {:.2} % | {:.1} ms | {:.1} ms | {:.1} ms | {:.0} \
             µs | {:.0} MiB |",
            figures.offered,
            figures.good,
            figures.turned_away * 100.0,
            figures.unsent * 100.0,
            figures.failed * 100.0,
            figures.p50,
            figures.p99,
            figures.turned_away_p99,
            figures.cpu,
            figures.memory,
        );
    }
}

fn draw(file: &Path, figures: &[Figures]) {
    let line = |name, color, value: fn(&Figures) -> f64| Line {
        name,
        color,
        points: figures.iter().map(|it| (it.offered, value(it))).collect(),
    };
    let panels = [
        Panel {
            title: "requests a second",
            lines: vec![
                line("answered 200", BLUE, |it| it.good),
                line("turned away with 503", ORANGE, |it| {
                    it.offered * it.turned_away
                }),
            ],
        },
        Panel {
            title: "time of those answered 200, in milliseconds",
            lines: vec![
                line("p99", RED, |it| it.p99),
                line("p50", BLUE, |it| it.p50),
            ],
        },
        Panel {
            title: "memory of the service, in MiB",
            lines: vec![line("resident", GREY, |it| it.memory)],
        },
    ];
    plot::write(file, "requests offered a second", &panels);
}
