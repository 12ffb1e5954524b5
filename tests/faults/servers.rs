//! A database server that is killed, started again, or stands still.

use super::scene::{Scene, on_servers};
use crate::harness::servers::{Engine, OwnServer};

async fn hard_times(engine: Engine) {
    let Some((mut server, database)) = OwnServer::start(engine).await else {
        return;
    };
    let mut scene = Scene::at(&database.url, &[]).await;

    server.kill();
    scene.trouble().await;
    server.start_again().await;
    scene.recover("killed").await;

    server.shut_down();
    server.start_again().await;
    scene.recover("restarted").await;

    server.signal("STOP");
    scene.trouble().await;
    server.signal("CONT");
    scene.recover("stopped").await;

    scene.settle().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_survive_a_server_that_is_killed_restarted_and_stopped() {
    on_servers(hard_times).await;
}
