//! More clients than the service has room for.

use std::fs;
use std::time::Duration;

use super::{BODY, GOOD, refresh};
use crate::harness::process::{Place, Service};
use crate::harness::wire::Wire;

/// A connection with a request whose body is still to come.
fn busy(service: &Service) -> Wire {
    let mut wire = Wire::to(service);
    let lines = format!("Content-Length: {}\r\nExpect: 100-continue\r\n", BODY.len());
    assert_eq!(wire.send(refresh(&lines)).answer().status(), 100);
    wire
}

#[test]
fn a_connection_beyond_the_maximum_waits_while_all_are_in_use() {
    let place = Place::new().with("MAX_CONNECTIONS", "2");
    let service = place.serve();
    let (first, mut second) = (busy(&service), busy(&service));

    let mut third = Wire::to(&service);
    third.send(GOOD);
    assert!(!third.has_answer_within(Duration::from_millis(1500)));
    drop(first);

    assert_eq!(third.answer().status(), 200);
    assert_eq!(second.send(BODY).answer().status(), 401);
}

#[test]
fn whoever_sat_idle_for_the_longest_makes_room_for_one_more() {
    let place = Place::new().with("MAX_CONNECTIONS", "3");
    let service = place.serve();
    let mut idle = Wire::to(&service);
    assert_eq!(idle.send(GOOD).answer().status(), 200);
    let (mut silent, mut working) = (Wire::to(&service), busy(&service));

    let mut others = [(); 2].map(|()| Wire::to(&service));
    for other in &mut others {
        assert_eq!(other.send(GOOD).answer().status(), 200);
    }

    assert_eq!((idle.rest(), silent.rest()), (String::new(), String::new()));
    assert_eq!(working.send(BODY).answer().status(), 401);
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
