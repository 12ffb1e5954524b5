//! Ends of sessions, what is known of tokens, and where all of that is found.

use serde_json::{Value, json};

use crate::harness::servers::Engine::Sqlite;

use super::{
    CONFIDENTIAL, PUBLIC, REQUESTS_OAUTHLIB, SECRET, clients, open, refresh, refresh_token,
};

#[tokio::test]
async fn a_revoked_token_is_refused() {
    for kind in [PUBLIC, CONFIDENTIAL] {
        let Some(site) = open(Sqlite, kind.settings).await else {
            return;
        };
        for (library, mut client) in clients(&site, kind.secret) {
            let tokens = refresh(&mut client, &refresh_token(&site)).await;

            let revoked = client.does("revoke", json!(tokens.1)).await;

            assert_eq!(revoked["raised"], Value::Null, "{library}");
            let step = client.does("refresh", json!(tokens.1)).await;
            assert_eq!(step["raised"]["error"], "invalid_grant", "{library}");
            assert_eq!(site.lets_in(&tokens.0).await, 401, "{library}");
        }
    }
}

#[tokio::test]
async fn introspection_tells_good_tokens_from_others() {
    let Some(site) = open(Sqlite, CONFIDENTIAL.settings).await else {
        return;
    };
    for (library, mut client) in clients(&site, Some(SECRET)) {
        if library == REQUESTS_OAUTHLIB {
            continue;
        }
        let (access_token, refresh_token) = refresh(&mut client, &refresh_token(&site)).await;

        for token in [access_token, refresh_token] {
            let good = client.does("introspect", json!(token)).await;
            let bad = client.does("introspect", json!(token + "x")).await;

            let told = (&good["got"]["active"], &good["got"]["sub"]);
            assert_eq!(told, (&json!(true), &json!("alice")), "{library}: {good}");
            assert_eq!(bad["got"], json!({"active": false}), "{library}");
        }
    }
}

#[tokio::test]
async fn the_metadata_are_found_and_name_what_there_is() {
    for kind in [PUBLIC, CONFIDENTIAL] {
        let Some(site) = open(Sqlite, kind.settings).await else {
            return;
        };
        let mut endpoints = vec!["token_endpoint", "revocation_endpoint"];
        endpoints.extend(kind.secret.map(|_| "introspection_endpoint"));
        for (library, mut client) in clients(&site, kind.secret) {
            if library == REQUESTS_OAUTHLIB {
                continue;
            }
            let step = client.does("discover", Value::Null).await;

            assert_eq!(step["got"]["issuer"], site.origin, "{library}: {step}");
            for endpoint in &endpoints {
                let url = step["got"][endpoint].as_str().unwrap();
                assert!(url.starts_with(&site.origin), "{library}: {url}");
            }
        }
    }
}
