//! A collector that is away, slow, or wants a key.

use std::net::{SocketAddr, TcpListener};
use std::time::{Duration, Instant};

use super::collector::{Collector, refresh, stop};
use crate::cli::place_with_users;
use crate::harness::logs;
use crate::harness::servers::daemon::free_port;

const GONE: &str = "traces cannot be exported";

#[tokio::test]
async fn one_that_is_away_is_said_once_and_so_is_its_return() {
    let address = SocketAddr::from(([127, 0, 0, 1], free_port()));
    let url = format!("http://{address}");
    let place = place_with_users().with("OTEL_EXPORTER_OTLP_ENDPOINT", &url);
    let mut service = place.serve();

    refresh(&service, "x", "");
    let line = service.line_with(GONE);
    refresh(&service, "x", "");
    let collector = Collector::start_at(TcpListener::bind(address).unwrap()).await;
    refresh(&service, "x", "");
    service.line_with("traces are exported again");
    stop(&mut service);

    assert!(line.contains("WARN") && line.contains("refused"), "{line}");
    assert_eq!(service.count(GONE), 1);
    assert!(!collector.spans().await.is_empty());
}

#[tokio::test]
async fn one_that_stays_away_does_not_hold_up_the_end() {
    let place = place_with_users().with("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9");
    let mut service = place.serve();
    assert_eq!(refresh(&service, "x", "").status(), 401);

    let begun = Instant::now();
    stop(&mut service);

    assert!(begun.elapsed() < Duration::from_secs(5));
}

#[tokio::test]
async fn one_that_is_slow_slows_neither_requests_nor_the_end() {
    let collector = Collector::slow(Duration::from_mins(1)).await;
    let place = collector.place().with("SHUTDOWN_TIMEOUT_SECONDS", "2");
    let mut service = place.serve();

    let begun = Instant::now();
    for _ in 0..20 {
        assert_eq!(refresh(&service, "x", "").status(), 401);
    }
    assert!(begun.elapsed() < Duration::from_secs(5));
    service.signal("TERM");
    service.line_with("the last traces could not be exported in time");

    assert_eq!(service.end().code(), Some(0));
    assert!(begun.elapsed() < Duration::from_secs(10));
}

#[tokio::test]
async fn a_second_signal_does_not_wait_for_it() {
    let collector = Collector::slow(Duration::from_mins(1)).await;
    let place = collector.place();
    let mut service = place.serve();
    refresh(&service, "x", "");

    let begun = Instant::now();
    service.signal("TERM");
    service.line_with("stopping");
    service.signal("TERM");

    assert_eq!(service.end().code(), Some(1));
    assert!(begun.elapsed() < Duration::from_secs(8));
}

#[tokio::test]
async fn a_key_that_another_takes_the_place_of_is_not_sent() {
    let collector = Collector::start().await;
    let place = collector
        .place()
        .with("OTEL_EXPORTER_OTLP_HEADERS", "x-base=1");
    let place = place.with("OTEL_EXPORTER_OTLP_TRACES_HEADERS_FILE", "headers");
    std::fs::write(place.path().join("headers"), "x-traces=2\n").unwrap();
    let mut service = place.serve();

    refresh(&service, "x", "");
    stop(&mut service);

    let requests = collector.requests().await;
    let has = |name| requests.iter().any(|it| it.headers.contains_key(name));
    assert_eq!(["x-base", "x-traces"].map(has), [false, true]);
}

#[tokio::test]
async fn its_key_is_sent_and_shown_nowhere() {
    let key = "the-key-of-the-collector-of-the-tests";
    logs::never(key);
    let collector = Collector::start().await;
    let place = collector.place().with("LOG_LEVEL", "trace").with(
        "OTEL_EXPORTER_OTLP_HEADERS",
        &format!("api-key={key},x-b=c%20d"),
    );
    let mut service = place.serve();

    refresh(&service, "x", "");
    stop(&mut service);

    let requests = collector.requests().await;
    assert!(!requests.is_empty());
    assert!(requests.iter().all(|it| it.headers["api-key"] == key));
    assert!(requests.iter().all(|it| it.headers["x-b"] == "c d"));
    assert!(!collector.has(key).await);
}
