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

#[expect(unused, reason = "a measurement needs a part of it")]
#[path = "../tests/harness/servers/mod.rs"]
mod servers;
#[expect(dead_code, reason = "each measurement needs another part of it")]
mod support;

use std::cell::RefCell;
use std::fs;
use std::path::Path;
use std::rc::Rc;
use std::time::Duration;

use clap::Parser;
use remint::domain::{Clock as _, SystemClock};
use sea_orm::{ConnectionTrait as _, Database};
use serde::Serialize;

use servers::{Engine, OwnServer, ThrowawayDatabase};
use support::closed::{Client, Run, post, run};
use support::figures::{float, median, quantile};
use support::instructions::instructions;
use support::service::{SECRET, Service, cpu_time, keep_to_second_processor};
use support::straightforward::{self, Peer};
use support::tokens::{Mint, USERS};

/// A round whose floor differs by more from the others', of one, says that others used the machine.
const NOISE: f64 = 0.15;

#[derive(Parser)]
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
    /// Counts instructions of 1,000 refreshes with valgrind instead.
    #[arg(long)]
    instructions: bool,
    /// Another setting of the service, such as `MAX_CONCURRENT_REQUESTS=256`.
    #[arg(long = "set", value_name = "NAME=VALUE")]
    settings: Vec<String>,
    /// Writes docs/performance.json.
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

/// What is asked for, and where it is kept.
#[derive(Clone, Copy)]
struct Workload {
    name: &'static str,
    engine: Engine,
    contract: Contract,
    /// The most that it may cost, in requests to the floor.
    target: f64,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Contract {
    Stateless,
    SingleUse,
    Envelope,
}

#[rustfmt::skip]
const WORKLOADS: [Workload; 7] = [
    Workload { name: "stateless, SQLite", engine: Engine::Sqlite, contract: Contract::Stateless, target: 2.2 },
    Workload { name: "stateless, PostgreSQL", engine: Engine::Postgres, contract: Contract::Stateless, target: 2.2 },
    Workload { name: "stateless, MariaDB", engine: Engine::MariaDb, contract: Contract::Stateless, target: 2.2 },
    Workload { name: "single_use, SQLite", engine: Engine::Sqlite, contract: Contract::SingleUse, target: 4.5 },
    Workload { name: "envelope, SQLite", engine: Engine::Sqlite, contract: Contract::Envelope, target: 4.5 },
    Workload { name: "single_use, PostgreSQL", engine: Engine::Postgres, contract: Contract::SingleUse, target: 3.5 },
    Workload { name: "envelope, PostgreSQL", engine: Engine::Postgres, contract: Contract::Envelope, target: 3.5 },
];

/// What one server did with one workload.
#[derive(Clone, Copy, Default, Serialize)]
struct Figures {
    /// Requests a second that were answered well.
    rate: f64,
    /// Microseconds of its processor time for each of them.
    cpu: f64,
    /// The same of its database's server.
    database_cpu: f64,
    /// Milliseconds.
    p50: f64,
    p99: f64,
    /// Requests that were not answered well.
    failed: usize,
    /// The most memory that it had so far, in MiB.
    memory: f64,
}

/// One line of the table.
#[derive(Serialize)]
struct Line {
    workload: &'static str,
    connections: usize,
    remint: Figures,
    straightforward: Figures,
    floor: Figures,
    /// How far the rounds of the floor are apart, of one.
    noise: f64,
    target: f64,
}

fn main() {
    let args = Args::parse();
    let runtime = tokio::runtime::Builder::new_current_thread();
    if let Some(peer) = args.peer {
        // As remint's own runtime.
        let runtime = tokio::runtime::Builder::new_multi_thread();
        return { runtime }
            .enable_all()
            .build()
            .unwrap()
            .block_on(straightforward::serve(peer, &args.url));
    }
    if args.instructions {
        return { runtime }
            .enable_all()
            .build()
            .unwrap()
            .block_on(print_instructions());
    }
    keep_to_second_processor();
    let lines = { runtime }
        .enable_all()
        .build()
        .unwrap()
        .block_on(measure(&args));
    if args.write {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/performance.json");
        fs::write(file, serde_json::to_string_pretty(&lines).unwrap() + "\n").unwrap();
    }
}

async fn print_instructions() {
    println!("| workload | instructions per refresh |\n|---|--:|");
    for mode in ["stateless", "single_use"] {
        println!("| {mode}, SQLite | {} |", instructions(mode).await);
    }
}

async fn measure(args: &Args) -> Vec<Line> {
    print_head();
    let mut lines = Vec::new();
    for workload in WORKLOADS {
        if !workload.name.contains(&args.only) {
            continue;
        }
        let Some(servers) = Servers::start(workload, args).await else {
            continue;
        };
        for connections in &args.connections {
            let line = servers.measure(args, *connections).await;
            print_line(&line);
            lines.push(line);
        }
    }
    if lines.iter().any(|line| line.noise > NOISE) {
        println!(
            "\nToo noisy to judge where noise is more than {:.0} %.",
            NOISE * 100.0
        );
    }
    lines
}

/// The three that are compared, and what they need.
struct Servers {
    workload: Workload,
    floor: Service,
    straightforward: Service,
    remint: Service,
    database: Option<(OwnServer, ThrowawayDatabase)>,
}

impl Servers {
    async fn start(workload: Workload, args: &Args) -> Option<Self> {
        let database = match workload.engine {
            Engine::Sqlite => None,
            Engine::Postgres | Engine::MariaDb => Some(OwnServer::start(workload.engine).await?),
        };
        let peer = match workload.contract {
            Contract::Stateless => Peer::Stateless,
            Contract::SingleUse | Contract::Envelope => Peer::SingleUse,
        };
        let mut settings: Vec<_> = args
            .settings
            .iter()
            .map(|it| it.split_once('=').unwrap())
            .collect();
        if workload.contract == Contract::SingleUse {
            settings.push(("REFRESH_MODE", "single_use"));
        }
        let mut beside = None;
        if let Some((_, database)) = &database {
            settings.push(("DATABASE_URL", &database.url));
            beside = Some(one_beside(workload.engine, database).await);
        }
        Some(Self {
            floor: Service::peer(Peer::Floor, None).await,
            straightforward: Service::peer(peer, beside.as_deref()).await,
            remint: Service::start(&settings).await,
            workload,
            database,
        })
    }

    /// The medians of rounds in which each of them has its turn.
    async fn measure(&self, args: &Args, connections: usize) -> Line {
        let mint = Mint::new(SECRET, SystemClock.now().timestamp());
        let mint = Rc::new(RefCell::new(mint));
        let clients = |client: &dyn Fn() -> Client| (0..connections).map(|_| client()).collect();
        let same = Rc::new(post("/api/auth/refresh", r#"{"token":""}"#));
        let expired = || Client::Expired(Rc::clone(&mint));
        let mut of_floor: Vec<_> = clients(&|| Client::Same(Rc::clone(&same)));
        let mut of_straightforward: Vec<_> = clients(&expired);
        let mut of_remint: Vec<_> = match self.workload.contract {
            Contract::Stateless | Contract::SingleUse => clients(&expired),
            Contract::Envelope => self.logged_in(connections).await,
        };
        let time = Duration::from_secs(args.seconds);
        let mut rounds: [Vec<Figures>; 3] = Default::default();
        for _ in 0..args.rounds {
            let turns = [
                (&self.floor, &mut of_floor),
                (&self.straightforward, &mut of_straightforward),
                (&self.remint, &mut of_remint),
            ];
            for ((service, clients), rounds) in turns.into_iter().zip(&mut rounds) {
                rounds.push(self.turn(service, clients, time).await);
            }
        }
        let floors: Vec<_> = rounds[0].iter().map(|round| round.cpu).collect();
        let most = floors.iter().copied().fold(0.0, f64::max);
        let least = floors.iter().copied().fold(f64::INFINITY, f64::min);
        let [floor, straightforward, remint] = rounds.map(|rounds| middle(&rounds));
        Line {
            workload: self.workload.name,
            connections,
            remint,
            straightforward,
            floor,
            noise: (most - least) / floor.cpu,
            target: self.workload.target,
        }
    }

    async fn logged_in(&self, connections: usize) -> Vec<Client> {
        let mut clients = Vec::new();
        for number in 0..connections {
            let user = u64::try_from(number).unwrap() % USERS;
            clients.push(Client::Envelope(self.remint.log_in(user).await));
        }
        clients
    }

    async fn turn(&self, service: &Service, clients: &mut Vec<Client>, time: Duration) -> Figures {
        let before = (service.cpu_time(), self.database_cpu_time());
        let (back, run) = run(service.address, std::mem::take(clients), time).await;
        *clients = back;
        let Run { mut took, failed } = run;
        took.sort_unstable();
        let each = |after: Duration, before: Duration| {
            after.saturating_sub(before).as_secs_f64() * 1e6 / float(took.len().max(1))
        };
        Figures {
            rate: float(took.len()) / time.as_secs_f64(),
            cpu: each(service.cpu_time(), before.0),
            database_cpu: each(self.database_cpu_time(), before.1),
            p50: quantile(&took, 50),
            p99: quantile(&took, 99),
            failed,
            memory: service.peak_memory(),
        }
    }

    /// That of all processes of the database's server.
    fn database_cpu_time(&self) -> Duration {
        let processes = self
            .database
            .as_ref()
            .map(|(server, _)| server.processes().unwrap());
        let stat = |pid: String| fs::read_to_string(format!("/proc/{pid}/stat")).ok();
        processes
            .into_iter()
            .flatten()
            .filter_map(stat)
            .map(|stat| cpu_time(&stat))
            .sum()
    }
}

/// Another database on the same server; where it is.
async fn one_beside(engine: Engine, database: &ThrowawayDatabase) -> String {
    let admin = Database::connect(database.admin_url().unwrap())
        .await
        .unwrap();
    let statements: &[&str] = match engine {
        Engine::MariaDb => &[
            "CREATE DATABASE beside",
            "GRANT ALL PRIVILEGES ON beside.* TO service@'%'",
        ],
        Engine::Postgres | Engine::Sqlite => &["CREATE DATABASE beside OWNER service"],
    };
    for statement in statements {
        admin.execute_unprepared(statement).await.unwrap();
    }
    let (server, _) = database.url.rsplit_once('/').unwrap();
    format!("{server}/beside")
}

fn middle(rounds: &[Figures]) -> Figures {
    let middle = |figure: fn(&Figures) -> f64| median(rounds.iter().map(figure).collect());
    Figures {
        rate: middle(|it| it.rate),
        cpu: middle(|it| it.cpu),
        database_cpu: middle(|it| it.database_cpu),
        p50: middle(|it| it.p50),
        p99: middle(|it| it.p99),
        failed: rounds.iter().map(|it| it.failed).sum(),
        memory: middle(|it| it.memory),
    }
}

fn print_head() {
    println!(
        "CPU is processor time per request, in requests to the floor: a poem server that answers the \
         same bytes.\n\n\
         | workload | clients | CPU | aim | straightforward's CPU | requests/s | of straightforward's | p50 | p99 \
         | of the floor's | database CPU | of straightforward's | memory | failed | noise |\n\
         |---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|"
    );
}

fn print_line(line: &Line) {
    let Line {
        remint,
        straightforward,
        floor,
        ..
    } = line;
    println!(
        "| {} | {} | {:.2} | {:.1} | {:.2} | {:.0} | {:.1} | {:.2} ms | {:.2} ms | {:.1} | {:.1} µs | {:.2} | {:.0} \
         MiB | {} | {:.0} % |",
        line.workload,
        line.connections,
        remint.cpu / floor.cpu,
        line.target,
        straightforward.cpu / floor.cpu,
        remint.rate,
        remint.rate / straightforward.rate,
        remint.p50,
        remint.p99,
        remint.p99 / floor.p99,
        remint.database_cpu,
        remint.database_cpu / straightforward.database_cpu,
        remint.memory,
        remint.failed + straightforward.failed + floor.failed,
        line.noise * 100.0,
    );
}
