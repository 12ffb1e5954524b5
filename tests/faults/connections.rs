//! A database that is out of connections.

use sea_orm::TransactionTrait as _;

use super::invariants::Outcome::{Granted, Refused, Unavailable};
use super::invariants::{Load, SETTINGS, User, assert_settled, clients};
use crate::harness::{START, spawn_with};
use crate::survival::ALICE;
use crate::survival::door::Door;

#[tokio::test]
async fn clients_survive_a_database_without_a_connection_to_spare() {
    let one_connection = [("DATABASE_MAX_CONNECTIONS", "1")];
    let app = spawn_with(&[&SETTINGS[..], &one_connection].concat()).await;
    let alice = User::active(ALICE);
    let mut load = Load::of(clients(&alice, START, || Door::of(&app)).await);
    load.until(20, Granted).await;

    let held = app.database.begin().await.unwrap();
    load.until(4, Unavailable).await;
    held.rollback().await.unwrap();
    load.until(20, Granted).await;
    alice.deactivate(&app.database).await;
    let mut clients = load.stop().await;

    for client in &mut clients {
        assert_eq!(client.refresh().await, Refused);
    }
    alice.activate(&app.database).await;
    assert_settled(&mut clients, &app.database).await;
}
