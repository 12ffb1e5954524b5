//! Connections over which nothing comes back.

use remint::domain::Subject;
use remint::service::UserDirectory as _;
use remint::store::{Connections, DirectorySettings, SqlUserDirectory, connect_to_existing};
use tokio::time::timeout;

use crate::faults::connections::waiting;
use crate::harness::config;
use crate::harness::network::Proxy;
use crate::harness::process::PATIENCE;

use super::outages::{LOCKS, another_client, run};
use super::table::tables;

/// The users behind `url`, over one connection at a time.
async fn directory(url: &str) -> SqlUserDirectory {
    let settings = [
        ("DATABASE_MAX_CONNECTIONS", "1"),
        ("DATABASE_TIMEOUT_MILLISECONDS", "400"),
    ];
    let settings = config(url, &settings).database;
    let connection = connect_to_existing(&settings).await.unwrap();
    let connections = Connections::to_existing(connection, &settings);
    let columns = DirectorySettings::default();
    let opened = SqlUserDirectory::open(connections, &columns, settings.query_deadline).await;
    opened.unwrap()
}

#[tokio::test]
async fn callers_who_follow_each_other_closely_leave_no_more_connections_behind_a_locked_table() {
    for (engine, lock, _) in &LOCKS[1..] {
        let table = "CREATE TABLE users (id varchar(40) PRIMARY KEY, is_active boolean)";
        let Some(tables) = tables(*engine, &[table]).await else {
            continue;
        };
        let (network, url) = Proxy::before(&tables.server.url).await;
        let directory = directory(&url).await;
        let other = another_client(&tables.server.url).await;
        run(&other, lock).await;

        let locked = async || directory.find(&Subject::Text("alice".to_owned())).await;
        // Each in the very moment in which the one before has given up.
        for _ in 0..6 {
            assert!(locked().await.is_err(), "{engine:?}");
        }
        let all_wait = async {
            while waiting(&tables.connection).await < 4 {
                assert!(locked().await.is_err(), "{engine:?}");
            }
        };
        timeout(PATIENCE, all_wait).await.expect("fewer are left");

        // One, and three that were left; the service knows of each.
        assert_eq!(waiting(&tables.connection).await, 4, "{engine:?}");
        network.at_most(4).await;
    }
}
