//! Exchanges that succeed.

use remint::domain::Contract;
use serde_json::json;

use crate::harness::logs;
use crate::harness::servers::Engine::Sqlite;

use super::{CONFIDENTIAL, PUBLIC, clients, open, python_clients, refresh, refresh_token};

#[tokio::test]
async fn a_refresh_token_is_rotated_again_and_again() {
    for kind in [PUBLIC, CONFIDENTIAL] {
        let Some(site) = open(Sqlite, kind.settings).await else {
            return;
        };
        for (library, mut client) in clients(&site, kind.secret) {
            let first = refresh_token(&site);

            let second = refresh(&mut client, &first).await;
            let third = refresh(&mut client, &second.1).await;

            assert_ne!(second.1, third.1, "{library}");
            for (access_token, _) in [second, third] {
                assert_eq!(site.lets_in(&access_token).await, 200, "{library}");
            }
        }
    }
}

#[tokio::test]
async fn an_expired_jwt_passes_for_a_refresh_token() {
    for kind in [PUBLIC, CONFIDENTIAL] {
        let Some(site) = open(Sqlite, kind.settings).await else {
            return;
        };
        for (library, mut client) in clients(&site, kind.secret) {
            let credentials = site.credentials(Contract::OAuth2);
            let expired = credentials["accessToken"].as_str().unwrap();

            let first = refresh(&mut client, expired).await;
            let second = refresh(&mut client, &first.1).await;

            for (access_token, _) in [first, second] {
                assert_eq!(site.lets_in(&access_token).await, 200, "{library}");
            }
        }
    }
}

#[tokio::test]
async fn a_request_with_an_expired_token_refreshes_by_itself_first() {
    for kind in [PUBLIC, CONFIDENTIAL] {
        let Some(site) = open(Sqlite, kind.settings).await else {
            return;
        };
        for (library, mut client) in python_clients(&site, kind.secret) {
            let login = site.credentials(Contract::OAuth2);
            let (access, refresh) = (&login["accessToken"], &login["refreshToken"]);
            let login = json!({"access_token": access, "refresh_token": refresh});

            let step = client.does("request", login).await;

            assert_eq!(step["got"]["status"], 200, "{library}");
            logs::never(step["got"]["kept"][0]["refresh_token"].as_str().unwrap());
            let mut requests = site.requests();
            requests.retain(|request| !request.contains("/.well-known/"));
            let walk = ["POST /oauth/token 200", "GET /api/reports 200"];
            assert_eq!(requests, walk, "{library}");
        }
    }
}

#[tokio::test]
async fn whoever_lost_the_answer_gets_it_again() {
    let Some(site) = open(Sqlite, &[]).await else {
        return;
    };
    for (library, mut client) in clients(&site, None) {
        let token = refresh_token(&site);

        let lost = refresh(&mut client, &token).await;
        let again = refresh(&mut client, &token).await;

        assert_eq!(lost, again, "{library}");
    }
}
