//! Refreshes.

use chrono::TimeDelta;
use remint::domain::Contract as Name;

use super::{Scene, Seen, scenes};
use crate::survival::contract::Contract;
use crate::survival::{CONTRACTS, LASTING, Row, rows};

/// The generation that every session is at after so many refreshes.
async fn assert_whole(scene: &Scene, refreshes: i64) {
    let is_rotated = CONTRACTS.iter().any(|one| is(*one, scene.contract));
    let sessions = match (is_rotated, scene.contract.name()) {
        (false, Name::ExpiredToken) => Vec::new(),
        (is_rotated, _) => vec![Row {
            generation: if is_rotated { refreshes } else { 0 },
            revoked_because: None,
        }],
    };
    assert_eq!(rows(&scene.app.database).await, sessions);
}

fn is(one: &dyn Contract, other: &dyn Contract) -> bool {
    format!("{one:?}") == format!("{other:?}")
}

/// Whoever comes back with `kept` gets what he would have got, the same each time; and goes on
/// from there.
async fn assert_goes_on(scene: &Scene, kept: &str, seen: &Seen) {
    let granted = seen.unless_contract_in_trouble();

    let again = scene.present(kept).await;

    let next = scene.contract.keep(kept, &again);
    let next = next.unwrap_or_else(|| panic!("stranded by {seen:?}: {again:?}"));
    if let Some(granted) = granted {
        let lasting = [granted, &again].map(|answer| scene.contract.lasting(answer));
        assert_eq!(lasting[0], lasting[1], "two successors: {seen:?}");
    }
    assert_whole(scene, 1).await;
    assert_eq!(scene.verify(&next).await, 204, "{seen:?}");
    scene.exchange(&next).await;
    assert_whole(scene, 2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_refreshes_again_after_any_failure_goes_on() {
    for contract in [&CONTRACTS[..], &LASTING].concat() {
        for scene in scenes(contract, &[]).await {
            let log_in = async || scene.log_in(0).await;
            let refresh = async |kept: &String| scene.present(kept).await;
            let check = async |kept: String, seen| assert_goes_on(&scene, &kept, &seen).await;

            scene.fail_each(log_in, refresh, check).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_is_given_again_is_the_same_after_any_failure() {
    for contract in CONTRACTS {
        for scene in scenes(contract, &[]).await {
            let refreshed = async || {
                let kept = scene.log_in(0).await;
                let next = scene.exchange(&kept).await;
                scene.app.advance(TimeDelta::seconds(10));
                (kept, next)
            };
            let again = async |(kept, _): &(String, String)| scene.present(kept).await;
            let check = async |(kept, next): (String, String), seen: Seen| {
                let granted = seen.unless_contract_in_trouble();
                let given = granted.and_then(|answer| contract.keep(&kept, answer));
                assert_eq!(given.unwrap_or_else(|| next.clone()), next, "{seen:?}");
                assert_eq!(scene.exchange(&kept).await, next, "{seen:?}");
                assert_whole(&scene, 1).await;
            };

            scene.fail_each(refreshed, again, check).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thief_gets_nothing_out_of_any_failure() {
    for contract in CONTRACTS {
        for scene in scenes(contract, &[]).await {
            let stolen = async || {
                let kept = scene.log_in(0).await;
                let next = scene.exchange(&kept).await;
                scene.app.advance(TimeDelta::seconds(31));
                (kept, next)
            };
            let steal = async |(kept, _): &(String, String)| scene.present(kept).await;
            let check = async |stolen, seen| assert_stolen(&scene, stolen, &seen).await;

            scene.fail_each(stolen, steal, check).await;
        }
    }
}

/// Whoever comes back with what was spent long ago has ended the session, and got nothing.
async fn assert_stolen(scene: &Scene, (spent, next): (String, String), seen: &Seen) {
    let contract = scene.contract;
    let reused = contract.refusal("token_reused");
    let answer = seen.unless_contract_in_trouble();
    let is_refused = answer.is_none_or(|it| contract.code(it) == reused);
    assert!(is_refused, "{seen:?}");

    scene.present(&spent).await;

    let ended = scene.present(&next).await;
    let revoked = contract.refusal("session_revoked");
    assert_eq!(contract.code(&ended), revoked, "{seen:?}");
    let because = rows(&scene.app.database).await.remove(0).revoked_because;
    assert_eq!(because.as_deref(), Some("reuse"), "{seen:?}");
}
