//! A process that is short of what the system gives: room for its log, somebody who reads it, file
//! descriptors.

use std::fs::OpenOptions;

use sea_orm::Database;

use super::invariants::Outcome::Granted;
use super::invariants::{Load, User, assert_settled, go_to};
use super::{add_alice, logged_in, place};
use crate::harness::process::{Place, Service};
use crate::harness::servers;
use crate::harness::wire::Wire;
use crate::server::post_refresh;
use crate::survival::door::Door;
use crate::survival::{ALICE, ENGINES};

/// Refused and logged a hundred times, and then told to stop.
fn assert_goes_on(mut service: Service) {
    for _ in 0..100 {
        assert_eq!(post_refresh(&service, r#"{"token": "x"}"#).status(), 401);
    }
    service.signal("TERM");
    assert_eq!(service.end().code(), Some(0));
}

#[test]
fn it_serves_and_stops_where_its_log_has_no_room() {
    for format in ["json", "pretty"] {
        let full = format!("export LOG_FORMAT={format} && exec >/dev/full 2>&1");

        let service = Place::new().serve_unseen(&full);

        assert_goes_on(service);
    }
}

#[test]
fn it_serves_and_stops_where_nobody_reads_its_log() {
    let mut service = Place::new().serve();

    service.stop_reading();

    assert_goes_on(service);
}

#[test]
fn a_command_whose_result_has_no_room_fails_and_says_so() {
    let place = Place::new();
    let commands: [&[&str]; 4] = [
        &["token", "--sub", "alice"],
        &["openapi"],
        &["user", "list"],
        &["user", "list", "--json"],
    ];
    for command in commands {
        let full = OpenOptions::new().write(true).open("/dev/full").unwrap();

        let output = place.run_into(command, full);

        assert_eq!(output.code, Some(1), "{output:?}");
        assert!(output.stderr.contains("No space left"), "{output:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_survive_a_process_without_a_file_descriptor_to_spare() {
    for engine in ENGINES {
        let Some(server) = servers::database(engine).await else {
            continue;
        };
        let place = place(&server.url);
        add_alice(&place);
        let mut clients = logged_in(&place, &User::active(ALICE)).await;
        let mut service = place.serve_after("ulimit -n 64");
        go_to(&mut clients, || Door::to(&service));
        let mut load = Load::of(clients);
        load.until(10, Granted).await;

        let idle: Vec<_> = (0..80).map(|_| Wire::to(&service)).collect();
        service.line_with("could not be accepted");
        load.until(20, Granted).await;
        drop(idle);
        load.until(20, Granted).await;

        let mut clients = load.stop().await;
        let database = Database::connect(&server.url).await.unwrap();
        assert_settled(&mut clients, &database).await;
    }
}
