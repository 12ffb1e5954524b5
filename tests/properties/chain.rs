//! Chains of refreshes, each from the token that the one before gave.

use chrono::TimeDelta;
use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::Value;
use tokio::runtime::Runtime;

use super::{Tree, object, tree};
use crate::harness::{START, jwt, spawn};

/// Claims that no rule looks at, with unique names.
fn private_claims() -> impl Strategy<Value = Vec<(String, Tree)>> {
    let claims = vec(tree(), 0..5).prop_map(|values| {
        let named = |(index, value)| (format!("private {index}"), value);
        values.into_iter().enumerate().map(named).collect()
    });
    claims.prop_filter("unique names", |claims: &Vec<_>| {
        !Tree::Object(claims.clone()).has_duplicates() && object(claims).len() < 4096
    })
}

/// The text of the payload without the claims that every exchange writes anew.
fn kept(payload: &str) -> Vec<(String, String)> {
    let claims = remint::json::StrictObject::parse(payload.as_bytes()).unwrap();
    let claims = claims
        .iter()
        .map(|(name, value)| (name.to_owned(), value.get().to_owned()));
    claims
        .filter(|(name, _)| !["exp", "iat", "jti", "remint"].contains(&name.as_str()))
        .collect()
}

fn place(payload: &str) -> (Value, Value, u64) {
    let claims: Value = serde_json::from_str(payload).unwrap();
    let remint = &claims["remint"];
    (
        remint["sid"].clone(),
        remint["start"].clone(),
        remint["gen"].as_u64().unwrap(),
    )
}

/// A refresh within the window and, with the others of a chain, within the session.
fn pause() -> impl Strategy<Value = i64> {
    prop_oneof![0..1800_i64, 1800..7 * 86_400_i64]
}

#[test]
fn every_new_token_is_exchanged_again_for_the_same_session_and_claims() {
    let runtime = Runtime::new().unwrap();

    let config = ProptestConfig::with_cases(64);
    proptest!(config, |(claims in private_claims(), pauses in vec(pause(), 1..4))| {
        let app = runtime.block_on(spawn());
        let mut members = claims;
        let (sub, exp) = (r#""alice""#.to_owned(), (START - 60).to_string());
        members.insert(members.len() / 2, ("sub".to_owned(), Tree::Leaf(sub)));
        members.push(("exp".to_owned(), Tree::Leaf(exp)));
        let old = object(&members);

        let mut token = app.sign(&old);
        let mut places = Vec::new();
        for pause in &pauses {
            let answer = runtime.block_on(app.refresh(&token));
            prop_assert_eq!(answer.status, 200, "{:?}", answer);
            token = answer.access_token();
            prop_assert_eq!(runtime.block_on(app.verify(&token)).status, 204);
            prop_assert_eq!(kept(&jwt::payload_text(&token)), kept(&old));
            places.push(place(&jwt::payload_text(&token)));
            app.advance(TimeDelta::seconds(*pause));
        }

        let (session, start, _) = places[0].clone();
        let expected = (1..=places.len() as u64).map(|number| (session.clone(), start.clone(), number));
        prop_assert_eq!(places.clone(), expected.collect::<Vec<_>>());
    });
}
