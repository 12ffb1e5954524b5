//! Exchanges that fail.

use serde_json::json;

use crate::harness::servers::Engine::{Postgres, Sqlite};

use super::super::door::Door;
use super::super::program::Program;
use super::super::site::Site;
use super::{CONFIDENTIAL, clients, open, refresh, refresh_token};

/// What each library raises at a refresh: its error, what that tells of ours, the status.
async fn raised(site: &Site, secret: Option<&str>, token: &str) -> String {
    let mut lines = Vec::new();
    for (library, mut client) in clients(site, secret) {
        lines.push(raised_by(library, &mut client, token).await);
    }
    lines.join("\n")
}

async fn raised_by(library: &str, client: &mut Program, token: &str) -> String {
    let step = client.does("refresh", json!(token)).await;
    let told = ["name", "error", "status"].map(|name| step["raised"][name].to_string());
    format!("{library}: {}", told.join(", "))
}

#[tokio::test]
async fn a_refused_token_is_their_invalid_grant() {
    let Some(site) = open(Sqlite, &[]).await else {
        return;
    };

    let raised = raised(&site, None, "garbage").await;

    insta::assert_snapshot!(raised, @r#"
    authlib_client.py: "OAuthError", "invalid_grant", null
    requests_oauthlib_client.py: "InvalidGrantError", "invalid_grant", null
    oauth4webapi.js: "ResponseBodyError", "invalid_grant", 400
    openid_client.js: "ResponseBodyError", "invalid_grant", 400
    "#);
}

#[tokio::test]
async fn another_secret_is_their_invalid_client() {
    let Some(site) = open(Sqlite, CONFIDENTIAL.settings).await else {
        return;
    };
    let token = refresh_token(&site);

    let raised = raised(&site, Some("another"), &token).await;

    // To oauth4webapi, and so to openid-client, a challenge says more than the body beside it.
    insta::assert_snapshot!(raised, @r#"
    authlib_client.py: "OAuthError", "invalid_client", null
    requests_oauthlib_client.py: "InvalidClientError", "invalid_client", null
    oauth4webapi.js: "WWWAuthenticateChallengeError", "OAUTH_WWW_AUTHENTICATE_CHALLENGE", 401
    openid_client.js: "WWWAuthenticateChallengeError", "OAUTH_WWW_AUTHENTICATE_CHALLENGE", 401
    "#);
}

#[tokio::test]
async fn an_outage_is_another_error_than_a_refusal_and_uses_nothing_up() {
    let Some(site) = open(Postgres, &[]).await else {
        return;
    };
    let token = refresh_token(&site);
    let door = Door::to(&site.database).await;
    door.shut().await;

    let raised = raised(&site, None, &token).await;
    door.open().await;

    insta::assert_snapshot!(raised, @r#"
    authlib_client.py: "HTTPError", null, 503
    requests_oauthlib_client.py: "TemporarilyUnavailableError", "temporarily_unavailable", null
    oauth4webapi.js: "OperationProcessingError", "OAUTH_RESPONSE_IS_NOT_CONFORM", 503
    openid_client.js: "ClientError", "OAUTH_RESPONSE_IS_NOT_CONFORM", 503
    "#);
    let (_, mut client) = clients(&site, None).remove(0);
    let (access_token, _) = refresh(&mut client, &token).await;
    assert_eq!(site.lets_in(&access_token).await, 200);
}

#[tokio::test]
async fn coming_too_often_is_another_error_than_a_refusal_and_uses_nothing_up() {
    let Some(mut site) = open(Sqlite, &[("RATE_LIMIT_PER_MINUTE", "1")]).await else {
        return;
    };
    let mut lines = Vec::new();
    for (library, mut client) in clients(&site, None) {
        let (_, token) = refresh(&mut client, &refresh_token(&site)).await;

        lines.push(raised_by(library, &mut client, &token).await);
        site.restart();
        let (access_token, _) = refresh(&mut client, &token).await;

        assert_eq!(site.lets_in(&access_token).await, 200, "{library}");
    }
    insta::assert_snapshot!(lines.join("\n"), @r#"
    authlib_client.py: "OAuthError", "temporarily_unavailable", null
    requests_oauthlib_client.py: "TemporarilyUnavailableError", "temporarily_unavailable", null
    oauth4webapi.js: "ResponseBodyError", "temporarily_unavailable", 429
    openid_client.js: "ResponseBodyError", "temporarily_unavailable", 429
    "#);
}
