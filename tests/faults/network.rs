//! A network between the service and its database that fails.

use std::time::Duration;

use super::invariants::Outcome::{Refused, Unavailable};
use super::scene::{Scene, on_servers};
use crate::harness::network::Ending::{Closed, Reset};
use crate::harness::network::{Fault, Proxy};
use crate::harness::servers::{self, Engine};

/// Few connections, so that they are soon all lost.
const POOL: (&str, &str) = ("DATABASE_MAX_CONNECTIONS", "2");

/// Those of a pool, as many that nobody takes down, and as many that a machine that stood still had left
/// before.
const MOST_CONNECTIONS: usize = 6;

/// A service with its database behind a network; nothing where the engine is not installed.
async fn scene(engine: Engine) -> Option<(Scene, Proxy)> {
    behind_a_network(engine, "DATABASE_URL").await
}

/// The same with what that setting names behind it.
async fn behind_a_network(engine: Engine, setting: &str) -> Option<(Scene, Proxy)> {
    let server = servers::database(engine).await?;
    let (proxy, url) = Proxy::before(&server.url).await;
    Some((
        Scene::at(&server.url, &[POOL, (setting, &url)]).await,
        proxy,
    ))
}

async fn silence(engine: Engine) {
    let Some((mut scene, network)) = scene(engine).await else {
        return;
    };

    network.set(Fault::Swallow);
    scene.trouble().await;
    assert_eq!(scene.readiness().await, 503);
    scene.trouble().await;
    network.tries(2 * MOST_CONNECTIONS).await;
    network.at_most(MOST_CONNECTIONS).await;
    scene.alice.deactivate(&scene.database).await;
    network.set(Fault::None);
    scene.load.until(8, Refused).await;
    scene.alice.activate(&scene.database).await;

    scene.recover("silence").await;
    assert_eq!(scene.readiness().await, 200);
    scene.settle().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_survive_a_silent_way_to_the_database() {
    on_servers(silence).await;
}

async fn silence_before_the_users(engine: Engine) {
    let setting = "USERS_DATABASE_URL";
    let Some((mut scene, network)) = behind_a_network(engine, setting).await else {
        return;
    };

    network.set(Fault::Swallow);
    scene.trouble().await;
    network.set(Fault::None);

    scene.recover("silence before the users").await;
    scene.settle().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_survive_a_silent_way_to_the_users() {
    on_servers(silence_before_the_users).await;
}

async fn old_connections_silent(engine: Engine) {
    let Some((mut scene, network)) = scene(engine).await else {
        return;
    };

    for _ in 0..2 {
        network.set(Fault::Swallow);
        scene.load.until(1, Unavailable).await;
        network.set(Fault::None);

        scene.recover("all old connections silent").await;
    }
    scene.settle().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_survive_connections_that_go_silent() {
    on_servers(old_connections_silent).await;
}

async fn slow_at_first(engine: Engine) {
    let Some((mut scene, network)) = scene(engine).await else {
        return;
    };

    // More often than a locked table may have connections left behind.
    for _ in 0..5 {
        network.set(Fault::Delay(Duration::from_millis(1_200)));
        scene.trouble().await;
        network.set(Fault::None);
        scene.recover("slower than the deadline").await;
    }
    network.set(Fault::Swallow);
    scene.trouble().await;
    network.set(Fault::None);

    scene.recover("silent after it was slow").await;
    scene.settle().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_survive_a_database_that_is_slow_before_it_is_silent() {
    on_servers(slow_at_first).await;
}

async fn slowness(engine: Engine) {
    let Some((mut scene, network)) = scene(engine).await else {
        return;
    };

    network.set(Fault::Delay(Duration::from_millis(20)));
    scene.recover("slow, yet fast enough").await;
    network.set(Fault::Delay(Duration::from_millis(1_200)));
    scene.trouble().await;
    network.set(Fault::None);

    scene.recover("slower than the deadline").await;
    scene.settle().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_survive_a_slow_network() {
    on_servers(slowness).await;
}

async fn cuts(engine: Engine) {
    let Some((mut scene, network)) = scene(engine).await else {
        return;
    };

    let endings = [Reset, Closed].into_iter().cycle();
    for (after, ending) in [0, 1, 5, 40, 200, 1_000, 4_000].into_iter().zip(endings) {
        network.cut(8, Fault::Cut { after, ending }).await;

        scene.recover(&format!("cut after {after} bytes")).await;
    }
    scene.settle().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_survive_connections_that_end_anywhere() {
    on_servers(cuts).await;
}

async fn lost_answers(engine: Engine) {
    let Some((mut scene, network)) = scene(engine).await else {
        return;
    };

    for _ in 0..3 {
        // What was prepared before is not prepared again.
        let (after, ending) = (0, Closed);
        network.cut(2, Fault::Cut { after, ending }).await;
        network.cut(1, Fault::CutAnswerTo("UPDATE")).await;

        scene.recover("answer to a committed step cut").await;
    }
    scene.settle().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_step_whose_answer_was_lost_is_answered_again() {
    on_servers(lost_answers).await;
}
