//! Requests that wait for a place, and those who give up.

use std::time::{Duration, Instant};

use remint::domain::{Clock as _, SystemClock};
use sea_orm::{ConnectOptions, ConnectionTrait as _, Database, DatabaseConnection};

use super::{GOOD, refresh, whole_refresh};
use crate::harness::process::{PATIENCE, Place, Service};
use crate::harness::servers::{self, Engine};
use crate::harness::wire::Wire;
use crate::harness::{SECRET, jwt};

/// How long a request must go without an answer to be taken for one that is worked on.
const UNANSWERED: Duration = Duration::from_secs(1);

/// A service with one place, and what keeps its look-ups waiting; none without PostgreSQL.
async fn locked() -> Option<(
    Place,
    servers::ThrowawayDatabase,
    DatabaseConnection,
    Service,
)> {
    let server = servers::database(Engine::Postgres).await?;
    let place = Place::new()
        .with("DATABASE_URL", &server.url)
        .with("DATABASE_TIMEOUT_MILLISECONDS", "60000")
        .with("REQUEST_TIMEOUT_SECONDS", "60")
        .with("MAX_CONCURRENT_REQUESTS", "1")
        .with("MAX_QUEUED_REQUESTS", "0");
    let service = place.serve();
    let mut options = ConnectOptions::new(&server.url);
    options.max_connections(1);
    let other = Database::connect(options).await.unwrap();
    for statement in ["BEGIN", "LOCK TABLE users IN ACCESS EXCLUSIVE MODE"] {
        other.execute_unprepared(statement).await.unwrap();
    }
    Some((place, server, other, service))
}

/// A refresh that looks somebody up.
fn genuine() -> String {
    let now = SystemClock.now().timestamp();
    let payload = format!(r#"{{"sub":"alice","iat":{now},"exp":{}}}"#, now + 60);
    let body = format!(
        r#"{{"token":"{}"}}"#,
        jwt::hs256(jwt::HS256, payload, SECRET)
    );
    refresh(&format!("Content-Length: {}\r\n", body.len())) + &body
}

/// A connection whose request has the place, after some others may have been turned away.
fn holder(service: &Service) -> Wire {
    let began = Instant::now();
    while began.elapsed() < PATIENCE {
        let mut wire = Wire::to(service);
        wire.send(genuine());
        if !wire.has_answer_within(UNANSWERED) {
            return wire;
        }
        assert_eq!(wire.answer().status(), 503);
    }
    panic!("the place is never left")
}

#[tokio::test]
async fn a_client_that_hangs_up_leaves_its_place_to_others() {
    let Some((_place, _server, other, service)) = locked().await else {
        return;
    };
    let first = holder(&service);
    assert_eq!(Wire::to(&service).send(genuine()).answer().status(), 503);

    drop(first);
    let mut second = holder(&service);

    assert_eq!(Wire::to(&service).send(GOOD).answer().status(), 200);
    other.execute_unprepared("COMMIT").await.unwrap();
    assert_eq!(second.answer().status(), 401);
}

#[tokio::test]
async fn whose_body_has_not_come_yet_takes_no_place() {
    let Some((_place, _server, other, service)) = locked().await else {
        return;
    };
    other.execute_unprepared("COMMIT").await.unwrap();
    let mut slow = Wire::to(&service);
    slow.send(refresh("Content-Length: 99\r\nExpect: 100-continue\r\n"));
    assert_eq!(slow.answer().status(), 100);

    let others = [(); 3].map(|()| Wire::to(&service).send(whole_refresh()).answer());

    assert!(
        others.iter().all(|answer| answer.status() == 401),
        "{others:?}"
    );
}
