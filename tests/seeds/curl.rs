//! The examples for the shell.

use std::process::Stdio;

use remint::domain::Contract;
use serde_json::Value;

use tokio::process::Command;

use crate::harness::servers::daemon::leave_out;
use crate::harness::{TestApp, spawn};

use super::site::{Site, serve};

/// What the documents write where a credential belongs.
const CREDENTIALS: [&str; 2] = ["your_refresh_token_here", "your-refresh-token-here"];

/// What `example` prints, on stdout; none where there is no curl.
async fn run(site: &Site, example: &str, credential: &str) -> Option<String> {
    let mut script = CREDENTIALS.iter().fold(example.to_owned(), |script, name| {
        script.replace(name, credential)
    });
    for port in ["3000", "8000", "8080"] {
        script = script.replace(&format!("http://localhost:{port}"), &site.origin);
    }
    let mut shell = Command::new("sh");
    shell.args(["-c", &script]).stdin(Stdio::null());
    let output = shell.output().await.unwrap();
    if output.status.code() == Some(127) {
        leave_out("curl", "it is not installed").unwrap();
        return None;
    }
    Some(String::from_utf8(output.stdout).unwrap())
}

async fn refresh_token(app: &TestApp, contract: Contract) -> String {
    let grant = app.start(contract, "alice").await;
    grant.refresh_token.unwrap()
}

#[tokio::test]
async fn the_envelope_example_exchanges_a_uuid() {
    let app = spawn().await;
    let site = serve(&app, "", None).await;
    let example = include_str!("examples/envelope.sh");

    let token = refresh_token(&app, Contract::Envelope).await;
    let Some(body) = run(&site, example, &token).await else {
        return;
    };

    let body: Value = serde_json::from_str(&body).unwrap();
    let access_token = body["data"]["accessToken"].as_str().unwrap();
    assert_eq!(app.verify(access_token).await.status, 204);
}

#[tokio::test]
async fn the_refresh_token_example_gets_an_access_token() {
    let app = spawn().await;
    let site = serve(&app, "", None).await;
    let example = include_str!("examples/refresh_token.sh");

    let token = refresh_token(&app, Contract::RefreshToken).await;
    let Some(body) = run(&site, example, &token).await else {
        return;
    };

    let body: Value = serde_json::from_str(&body).unwrap();
    let access_token = body["access_token"].as_str().unwrap();
    assert_eq!(app.verify(access_token).await.status, 204);
}

#[tokio::test]
async fn the_cookie_example_sets_a_cookie() {
    let app = spawn().await;
    let site = serve(&app, "", None).await;
    let example = include_str!("examples/cookie.sh");

    let token = refresh_token(&app, Contract::Cookie).await;
    let Some(body) = run(&site, example, &token).await else {
        return;
    };

    assert_eq!(
        body,
        r#"{"success":true,"message":"Token refreshed successfully"}"#
    );
}
