//! Those that are compared, and their turns.

use std::fs;
use std::rc::Rc;
use std::time::{Duration, Instant};

use remint::domain::{Clock as _, SystemClock};
use sea_orm::{ConnectionTrait as _, Database};

use super::Args;
use super::line::{Figures, Line};
use super::other::Other;
use super::servers::{Engine, OwnServer, ThrowawayDatabase};
use super::support::closed::{Client, Until, post, run};
use super::support::figures::{float, quantile};
use super::support::service::{SECRET, Service, cpu_time};
use super::support::straightforward::Peer;
use super::support::tokens::{Mint, Stock};
use super::workload::{Contract, Workload};

/// Tokens for each second of the first turn: more than are asked for on most machines.
const IN_STOCK: u64 = 20_000;

/// Those that are compared, and what they need.
pub(crate) struct Compared {
    workload: Workload,
    floor: Service,
    straightforward: Service,
    remint: Service,
    others: Vec<(String, Service)>,
    /// One for all turns: a token that was there before is refused.
    stock: Rc<Stock>,
    database: Option<(OwnServer, ThrowawayDatabase)>,
}

impl Compared {
    /// None where the workload's database is not installed.
    pub(crate) async fn start(workload: Workload, args: &Args) -> Option<Self> {
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
        let mut others = Vec::new();
        if (workload.engine, workload.contract) == (Engine::Sqlite, Contract::Stateless) {
            for Other { name, command } in &args.others {
                let service = Service::other(command, args.rows()).await;
                others.push((name.clone(), service));
            }
        }
        let mint = Mint::new(SECRET, SystemClock.now().timestamp(), args.users);
        Some(Self {
            stock: Rc::new(Stock::new(mint)),
            floor: Service::peer(Peer::Floor, None, args.rows()).await,
            straightforward: Service::peer(peer, beside.as_deref(), args.rows()).await,
            remint: Service::start(&settings, args.rows()).await,
            others,
            workload,
            database,
        })
    }

    /// The medians of rounds in which each of them has its turn.
    pub(crate) async fn measure(&self, args: &Args, connections: usize) -> Line {
        self.stock
            .fill(usize::try_from(args.seconds * IN_STOCK).unwrap());
        let clients = |client: &dyn Fn() -> Client| (0..connections).map(|_| client()).collect();
        let same = Rc::new(post("/api/auth/refresh", r#"{"token":""}"#));
        let expired = || Client::Expired(Rc::clone(&self.stock));
        let of_remint = match self.workload.contract {
            Contract::Stateless | Contract::SingleUse => clients(&expired),
            Contract::Envelope => self.logged_in(args, connections).await,
        };
        let mut floor = Turns::new(&self.floor, clients(&|| Client::Same(Rc::clone(&same))));
        let mut straightforward = Turns::new(&self.straightforward, clients(&expired));
        let mut remint = Turns::new(&self.remint, of_remint);
        let others = self.others.iter();
        let mut others: Vec<_> = others
            .map(|(_, service)| Turns::new(service, clients(&expired)))
            .collect();
        for _ in 0..args.rounds {
            let three = [&mut floor, &mut straightforward, &mut remint];
            for turns in three.into_iter().chain(&mut others) {
                self.stock.fill(0);
                self.turn(turns, Duration::from_secs(args.seconds)).await;
            }
        }
        let floors = || floor.rounds.iter().map(|round| round.cpu);
        let most = floors().fold(0.0, f64::max);
        let least = floors().fold(f64::INFINITY, f64::min);
        let noise = (most - least) / floor.middle().cpu;
        let names = self.others.iter().map(|(name, _)| name.clone());
        Line {
            workload: self.workload.name,
            connections,
            users: args.users,
            sessions: args.sessions,
            remint: remint.middle(),
            straightforward: straightforward.middle(),
            floor: floor.middle(),
            others: names.zip(others.iter().map(Turns::middle)).collect(),
            noise,
            target: self.workload.target,
        }
    }

    async fn logged_in(&self, args: &Args, connections: usize) -> Vec<Client> {
        let mut clients = Vec::new();
        for user in (0..args.users).cycle().take(connections) {
            clients.push(Client::Envelope(self.remint.log_in(user).await));
        }
        clients
    }

    async fn turn(&self, turns: &mut Turns<'_>, time: Duration) {
        let service = turns.service;
        let began = Instant::now();
        let before = (service.cpu_time(), self.database_cpu_time());
        let own = cpu_time_of("self");
        let until = Until::Over(time);
        let clients = std::mem::take(&mut turns.clients);
        let (back, done) = run(service.address, clients, until).await;
        turns.clients = back;
        let took = began.elapsed();
        let cpu = service.cpu_time().saturating_sub(before.0);
        let database_cpu = self.database_cpu_time().saturating_sub(before.1);
        let beside = cpu_time_of("self").saturating_sub(own) + database_cpu;
        let mut times = done.took;
        times.sort_unstable();
        let each = |time: Duration| time.as_secs_f64() * 1e6 / float(times.len());
        turns.rounds.push(Figures {
            rate: float(done.in_time) / time.as_secs_f64(),
            cpu: each(cpu),
            database_cpu: each(database_cpu),
            p50: quantile(&times, 50),
            p99: quantile(&times, 99),
            answered: times.len(),
            turned_away: done.turned_away,
            failed: done.failed,
            memory: service.peak_memory(),
            beside: beside.as_secs_f64() / took.as_secs_f64(),
        });
    }

    /// That of all processes of the database's server.
    fn database_cpu_time(&self) -> Duration {
        let server = self.database.as_ref().map(|(server, _)| server);
        let processes = server.map(|server| server.processes().unwrap());
        let processes = processes.into_iter().flatten();
        processes.map(|pid| cpu_time_of(&pid)).sum()
    }
}

/// One service, those who ask it, and what came of it in each round.
struct Turns<'a> {
    service: &'a Service,
    clients: Vec<Client>,
    rounds: Vec<Figures>,
}

impl<'a> Turns<'a> {
    fn new(service: &'a Service, clients: Vec<Client>) -> Self {
        Self {
            service,
            clients,
            rounds: Vec::new(),
        }
    }

    fn middle(&self) -> Figures {
        Figures::middle(&self.rounds)
    }
}

/// Nothing where it has ended meanwhile.
fn cpu_time_of(process: &str) -> Duration {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok();
    stat.as_deref().map(cpu_time).unwrap_or_default()
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
