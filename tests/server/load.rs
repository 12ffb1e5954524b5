//! More clients than the service has room for.

use std::fs;
use std::time::Duration;

use super::GOOD;
use crate::harness::process::{Place, Service};
use crate::harness::wire::Wire;

#[test]
fn a_connection_beyond_the_maximum_waits_and_is_served_later() {
    let place = Place::new().with("MAX_CONNECTIONS", "2");
    let service = place.serve();
    let (mut first, mut second) = (Wire::to(&service), Wire::to(&service));
    for wire in [&mut first, &mut second] {
        assert_eq!(wire.send(GOOD).answer().status(), 200);
    }

    let mut third = Wire::to(&service);
    third.send(GOOD);
    assert!(!third.has_answer_within(Duration::from_millis(500)));
    drop(first);

    assert_eq!(third.answer().status(), 200);
    assert_eq!(second.send(GOOD).answer().status(), 200);
}

#[test]
fn out_of_file_descriptors_it_idles_and_serves_again_afterwards() {
    let place = Place::new().with("KEEP_ALIVE_SECONDS", "1");
    let mut service = place.serve_after("ulimit -n 40");
    let before = cpu_time(&service);

    let mut clients: Vec<_> = (0..60).map(|_| Wire::to(&service)).collect();
    service.line_with("could not be accepted");
    // Each is closed a second after it was accepted, which the last one is after two others were.
    let ended: Vec<_> = clients.iter_mut().map(Wire::rest).collect();

    assert!(ended.iter().all(String::is_empty));
    let burnt = cpu_time(&service).saturating_sub(before);
    assert!(burnt < Duration::from_millis(500), "{burnt:?} of about 3 s");
    assert_eq!(Wire::to(&service).send(GOOD).answer().status(), 200);
}

/// What the process has used, in user and in kernel mode.
fn cpu_time(service: &Service) -> Duration {
    let stat = fs::read_to_string(format!("/proc/{}/stat", service.pid())).unwrap();
    // Fields 14 and 15; the second one is the name in parentheses, which may hold spaces.
    let (_, after_name) = stat.rsplit_once(") ").unwrap();
    let ticks = after_name.split(' ').skip(11).take(2);
    let ticks: u64 = ticks.map(|field| field.parse::<u64>().unwrap()).sum();
    // A tick of /proc is 10 ms on every Linux.
    Duration::from_millis(ticks * 10)
}
