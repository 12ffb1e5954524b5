//! How long the service takes to start, and what it holds while nobody asks.

use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

use remint::domain::{Clock as _, SystemClock};
use tempfile::TempDir;
use tokio::time::{Instant, sleep, timeout};

use super::support::exchange::exchange;
use super::support::figures::median;
use super::support::fill::Rows;
use super::support::service::{Running, SECRET, memory, prepare, remint, sqlite};
use super::support::tokens::Mint;

/// How often it is started.
const STARTS: usize = 10;

/// How long a start may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// Between two tries to reach it.
const TICK: Duration = Duration::from_micros(500);

/// When its memory is looked at, after the first answer.
const IDLE: Duration = Duration::from_secs(1);

/// The most milliseconds until the first refresh is answered.
const AIM: f64 = 150.0;

/// The most memory, in MiB.
const MEMORY_AIM: f64 = 30.0;

/// Starts the service on a file that is there, again and again, and prints the medians.
pub(crate) async fn print_start(rows: Rows) {
    let folder = tempfile::tempdir().unwrap();
    prepare(&sqlite(&folder), &folder, rows).await;
    let mut mint = Mint::new(SECRET, SystemClock.now().timestamp(), rows.users);
    let (mut times, mut sizes) = (Vec::new(), Vec::new());
    for _ in 0..STARTS {
        let (took, size) = start(&folder, &mint.request()).await;
        times.push(took.as_secs_f64() * 1000.0);
        sizes.push(size);
    }
    println!(
        "| of {STARTS} starts on an existing SQLite file | median | aim |\n|---|--:|--:|\n\
         | until the first refresh is answered | {:.0} ms | {AIM:.0} ms |\n\
         | resident memory a second later | {:.1} MiB | {MEMORY_AIM:.0} MiB |",
        median(times),
        median(sizes)
    );
}

async fn start(folder: &TempDir, request: &[u8]) -> (Duration, f64) {
    let address = free_address();
    let mut command = remint(&sqlite(folder), folder, &[]);
    command.arg("serve").env("LISTEN_ADDR", address.to_string());
    let began = Instant::now();
    let service = Running(command.spawn().unwrap());
    timeout(PATIENCE, first_answer(address, request))
        .await
        .unwrap();
    let took = began.elapsed();
    sleep(IDLE).await;
    (took, memory(service.0.id(), "VmRSS:"))
}

/// Asks until somebody is there.
async fn first_answer(address: SocketAddr, request: &[u8]) {
    let mut buffer = Vec::new();
    loop {
        if let Some(answer) = exchange(address, &mut None, request, &mut buffer).await {
            assert_eq!(answer.status, 200);
            return;
        }
        sleep(TICK).await;
    }
}

/// One that nobody listens on.
fn free_address() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap()
}
