//! A rolling restart: each replica in turn, while clients go on.

use super::load::Load;
use super::together::PATIENT;
use super::{Replica, add_user};
use crate::harness::proxy::Kind;
use crate::harness::servers::daemon::variable;
use crate::harness::servers::{self, Engine};

/// How many refreshes are seen to succeed between two restarts.
const ENOUGH: usize = 100;

async fn restart_each(kind: Kind, settings: &[(&str, &str)]) {
    let Some(database) = servers::database(Engine::Postgres).await else {
        return;
    };
    let settings = [&PATIENT, settings].concat();
    let mut replicas = [(); 2].map(|()| Replica::new(&database, &settings));
    add_user(&replicas[0], "alice");
    let Some(proxy) = kind.before(&replicas.each_ref().map(|one| one.address.clone())) else {
        return;
    };
    for replica in &mut replicas {
        replica.start();
    }

    let mut load = Load::on(proxy.address);
    let restarts = if variable("REMINT_FULL") == "1" {
        20
    } else {
        2
    };
    for number in 0..restarts {
        load.wait(ENOUGH);
        let again = replicas[number % 2].start();
        again.line_with("remint::audit");
    }
    load.wait(ENOUGH);

    load.assert_good();
}

#[tokio::test(flavor = "multi_thread")]
async fn behind_haproxy_nobody_notices_that_replicas_are_restarted() {
    restart_each(Kind::HaProxy, &[("SHUTDOWN_DELAY_SECONDS", "1")]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn behind_nginx_nobody_notices_that_replicas_are_restarted() {
    restart_each(Kind::Nginx, &[]).await;
}
