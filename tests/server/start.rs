//! A database that is not there yet when the service starts.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use sea_orm::{ConnectOptions, ConnectionTrait as _, Database};

use crate::harness::process::Place;
use crate::harness::servers::{self, Engine};
use crate::harness::wire::Wire;

/// Below the time that the start would wait by itself, which is half a minute.
const SOON: Duration = Duration::from_secs(25);

/// A service whose database takes connections and says nothing, for so many seconds.
fn silent(seconds: &str) -> (TcpListener, Place) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("postgres://remint@{}/shop", listener.local_addr().unwrap());
    let place = Place::new()
        .with("DATABASE_URL", &url)
        .with("DATABASE_CONNECT_TIMEOUT_SECONDS", seconds);
    (listener, place)
}

#[test]
fn it_waits_says_so_and_gives_up_with_what_to_do() {
    let (listener, place) = silent("6");

    let began = Instant::now();
    let output = place.run(&["serve"]);

    assert_eq!(output.code, Some(1));
    let waited = began.elapsed();
    assert!(
        waited >= Duration::from_secs(6) && waited < SOON,
        "{waited:?}"
    );
    let progress = "still waiting for the database, for another ";
    let left = output.stderr.split_once(progress).unwrap().1;
    let left: u32 = left.split_once(" s at most").unwrap().0.parse().unwrap();
    assert!(left <= 3, "{output:?}");
    let error = "remint: DATABASE_URL: the database did not answer within 6s: ";
    let advice =
        "; start it, correct its address, or let DATABASE_CONNECT_TIMEOUT_SECONDS be longer\n";
    assert!(output.stderr.contains(error), "{output:?}");
    assert!(output.stderr.ends_with(advice), "{output:?}");
    drop(listener);
}

#[tokio::test]
async fn a_database_that_can_be_had_a_little_later_is_waited_for() {
    let place = Place::new();
    let file = place.path().join("remint.db");
    let mut options = ConnectOptions::new(format!("sqlite://{}?mode=rwc", file.display()));
    options.max_connections(1);
    let other = Database::connect(options).await.unwrap();
    other.execute_unprepared("BEGIN EXCLUSIVE").await.unwrap();
    let mut service = place.start();

    let line = service.line_with("the database does not answer");
    other.execute_unprepared("COMMIT").await.unwrap();

    assert!(line.contains("waiting for it up to 30s"), "{line}");
    service.line_with("listening;");
}

#[test]
fn a_signal_ends_the_waiting_at_once() {
    for signal in ["TERM", "INT"] {
        let (listener, place) = silent("600");
        let mut service = place.start();
        // From then on it hangs in the middle of the handshake.
        let (_stream, _) = listener.accept().unwrap();

        let began = Instant::now();
        service.signal(signal);

        service.line_with("stopped before it was ready");
        assert_eq!(service.end().code(), Some(0));
        assert!(began.elapsed() < SOON);
    }
}

#[tokio::test]
async fn a_table_that_somebody_has_locked_does_not_end_the_start() {
    let Some(server) = servers::database(Engine::Postgres).await else {
        return;
    };
    let place = Place::new().with("DATABASE_URL", &server.url);
    drop(place.serve());
    let mut options = ConnectOptions::new(&server.url);
    options.max_connections(1);
    let other = Database::connect(options).await.unwrap();
    for statement in ["BEGIN", "LOCK TABLE remint_session IN SHARE MODE"] {
        other.execute_unprepared(statement).await.unwrap();
    }

    let service = place.serve();

    let health = "GET /healthz HTTP/1.1\r\nHost: remint\r\n\r\n";
    assert_eq!(Wire::to(&service).send(health).answer().status(), 200);
}
