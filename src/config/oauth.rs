//! OAuth 2.0: who may ask, and how the service is named.

use secrecy::ExposeSecret;

use crate::http::{AdminKey, ClientSecret, Issuer, OAuthClient, OAuthSettings};

use super::admin::judge;
use super::keys::Keys;
use super::vars::Vars;

/// What is set for it.
pub(super) fn read(
    vars: &mut Vars,
    keys: Option<&Keys>,
    admin: Option<&AdminKey>,
) -> OAuthSettings {
    const ISSUER: &str = "OAUTH_ISSUER";
    let issuer = vars.optional(ISSUER).map(|url| url.parse::<Issuer>());
    let issuer = issuer.transpose().unwrap_or_else(|error| {
        vars.problem(ISSUER, error);
        None
    });
    OAuthSettings {
        client: client(vars, keys, admin),
        issuer,
    }
}

/// The client; its secret must be none of those that sign tokens or start sessions.
fn client(vars: &mut Vars, keys: Option<&Keys>, admin: Option<&AdminKey>) -> OAuthClient {
    const ID: &str = "OAUTH_CLIENT_ID";
    const SECRET: &str = "OAUTH_CLIENT_SECRET";
    let id = vars.optional(ID);
    let is_id = |id: &String| id.bytes().all(|byte| byte.is_ascii_graphic());
    if !id.iter().all(is_id) {
        vars.problem(ID, "expected ASCII without spaces");
    }
    let Some(secret) = vars.secret(SECRET, "OAUTH_CLIENT_SECRET_FILE") else {
        return OAuthClient::Public(id);
    };
    if let Err(what) = judge(secret.expose_secret(), keys) {
        vars.problem(SECRET, what);
    }
    if admin.is_some_and(|key| key.is(secret.expose_secret())) {
        vars.problem(
            SECRET,
            "must not be ADMIN_API_KEY: the client could log in as anybody",
        );
    }
    let Some(id) = id else {
        // Without it nobody could authenticate.
        vars.problem(ID, "required where OAUTH_CLIENT_SECRET is set");
        return OAuthClient::Public(None);
    };
    OAuthClient::Confidential(ClientSecret::new(&id, secret.expose_secret()))
}
