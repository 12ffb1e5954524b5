//! Clients of OAuth 2.0, by their own calls.

mod refreshing;
mod refusals;
mod rust;
mod sessions;

use remint::domain::Contract;
use serde_json::json;

use crate::harness::logs;
use crate::harness::scripts::Scripts;
use crate::harness::servers::Engine;

use super::program::{NODE, PYTHON, Program};
use super::site::Site;

/// The client's id.
const ID: &str = "the-app";

/// The secret of a confidential client; libraries do not agree on how to encode such a one.
const SECRET: &str = "a+secret/with%20what=must:be~encoded&more";

/// A client as the service knows it.
struct Kind {
    secret: Option<&'static str>,
    settings: &'static [(&'static str, &'static str)],
}

const PUBLIC: Kind = Kind {
    secret: None,
    settings: &[("OAUTH_CLIENT_ID", ID)],
};

const CONFIDENTIAL: Kind = Kind {
    secret: Some(SECRET),
    settings: &[("OAUTH_CLIENT_ID", ID), ("OAUTH_CLIENT_SECRET", SECRET)],
};

/// A site for such a client; none where the packages cannot be had.
async fn open(engine: Engine, settings: &[(&str, &str)]) -> Option<Site> {
    if !NODE.are_there().await || !PYTHON.are_there().await {
        return None;
    }
    logs::never(SECRET);
    Site::open(engine, settings).await
}

/// The clients for Node.js.
const FOR_NODE: [&str; 2] = ["oauth4webapi.js", "openid_client.js"];

/// The clients in Python, which also refresh by themselves before a request.
const IN_PYTHON: [&str; 2] = ["authlib_client.py", REQUESTS_OAUTHLIB];

/// Has calls neither for the metadata nor for introspection.
const REQUESTS_OAUTHLIB: &str = "requests_oauthlib_client.py";

/// A client with that secret, by each library.
fn clients(site: &Site, secret: Option<&str>) -> Vec<(&'static str, Program)> {
    let mut clients = python_clients(site, secret);
    clients.extend(FOR_NODE.map(|library| start(&NODE, library, site, secret)));
    clients
}

/// The same, by those in Python.
fn python_clients(site: &Site, secret: Option<&str>) -> Vec<(&'static str, Program)> {
    IN_PYTHON
        .map(|library| start(&PYTHON, library, site, secret))
        .into()
}

fn start(
    scripts: &Scripts,
    library: &'static str,
    site: &Site,
    secret: Option<&str>,
) -> (&'static str, Program) {
    let mut command = scripts.command(library);
    command
        .env("ORIGIN", &site.origin)
        .env("CLIENT_ID", ID)
        .envs(secret.map(|secret| ("CLIENT_SECRET", secret)));
    (library, Program::start(command))
}

/// The refresh token of a login of alice.
fn refresh_token(site: &Site) -> String {
    let credentials = site.credentials(Contract::OAuth2);
    credentials["refreshToken"].as_str().unwrap().to_owned()
}

/// The tokens that came of a refresh: access and refresh token.
async fn refresh(client: &mut Program, token: &str) -> (String, String) {
    let step = client.does("refresh", json!(token)).await;
    let token = |name: &str| {
        let token = step["got"][name].as_str();
        let token = token.unwrap_or_else(|| panic!("no {name}: {}", step["raised"]));
        logs::never(token);
        token.to_owned()
    };
    (token("access_token"), token("refresh_token"))
}
