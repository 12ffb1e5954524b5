//! Answers of the database that come when nobody waits for them any more.

use std::time::Duration;

use remint::service::UserDirectory as _;
use remint::store::{DatabaseSettings, DirectorySettings, SqlUserDirectory, connect_to_existing};

use crate::harness::network::{Fault, Proxy};
use crate::harness::servers::Engine::{MariaDb, Postgres};

use super::table::{tables, verdict};

/// How long a caller waits.
const DEADLINE: Duration = Duration::from_secs(1);

/// How much later an answer comes.
const LATE: Fault = Fault::Delay(Duration::from_millis(1_500));

/// A directory behind a network, with a single connection.
async fn directory(url: String) -> SqlUserDirectory {
    let database = DatabaseSettings {
        url: url.into(),
        max_connections: 1,
        query_deadline: DEADLINE,
        connect_deadline: DEADLINE,
    };
    let connection = connect_to_existing(&database).await.unwrap();
    let settings = DirectorySettings::default();
    let directory = SqlUserDirectory::open(connection, &settings, DEADLINE);
    directory.await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_late_answer_to_a_ping_is_no_answer_to_a_look_up() {
    let table = "CREATE TABLE users (id varchar(40) PRIMARY KEY, is_active boolean)";
    let rows = "INSERT INTO users VALUES ('alice', TRUE), ('bob', FALSE)";
    for engine in [Postgres, MariaDb] {
        let Some(tables) = tables(engine, &[table, rows]).await else {
            continue;
        };
        let (network, url) = Proxy::before(&tables.server.url).await;
        let directory = directory(url).await;

        network.set(LATE);
        assert!(directory.ping().await.is_err(), "{engine:?}");
        network.set(Fault::None);

        for _ in 0..3 {
            for (user, expected) in [("alice", "active"), ("bob", "inactive")] {
                let verdict = verdict(&directory, user).await;
                assert_eq!(verdict, expected, "{user} on {engine:?}");
            }
        }
    }
}
