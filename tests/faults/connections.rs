//! A database that is out of connections.

use sea_orm::TransactionTrait as _;

use super::invariants::{DEADLINE, GRACE, Load, Outcome, User, assert_settled, clients};
use crate::harness::{ADMIN, START, spawn_with};
use crate::survival::door::Door;
use crate::survival::{ALICE, CONTRACTS};

#[tokio::test]
async fn clients_survive_a_database_without_a_connection_to_spare() {
    for contract in CONTRACTS {
        let one_connection = ("DATABASE_MAX_CONNECTIONS", "1");
        let settings = [
            &[ADMIN, DEADLINE, GRACE, one_connection],
            contract.settings(),
        ]
        .concat();
        let app = spawn_with(&settings).await;
        let alice = User::active(ALICE);
        let mut load = Load::of(clients(contract, &alice, START, || Door::of(&app)).await);
        load.granted(20).await;

        let held = app.database.begin().await.unwrap();
        load.unavailable(4).await;
        held.rollback().await.unwrap();
        load.granted(20).await;
        alice.deactivate(&app.database).await;
        let mut clients = load.stop().await;

        for client in &mut clients {
            assert_eq!(client.refresh().await, Outcome::Refused);
        }
        alice.activate(&app.database).await;
        assert_settled(&mut clients, &app.database).await;
    }
}
