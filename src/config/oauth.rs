//! The client of OAuth 2.0.

use secrecy::ExposeSecret;

use crate::http::{ClientSecret, OAuthClient};

use super::admin::judge;
use super::keys::Keys;
use super::vars::Vars;

/// The client; its secret must be none of those that sign tokens.
pub(super) fn client(vars: &mut Vars, keys: Option<&Keys>) -> OAuthClient {
    const NAME: &str = "OAUTH_CLIENT_SECRET";
    let id = vars.optional("OAUTH_CLIENT_ID");
    if id.as_deref().is_some_and(|id| !is_printable(id)) {
        vars.problem("OAUTH_CLIENT_ID", "expected ASCII that can be printed");
    }
    let Some(secret) = vars.secret(NAME, "OAUTH_CLIENT_SECRET_FILE") else {
        return OAuthClient::Public(id);
    };
    if let Err(what) = judge(secret.expose_secret(), keys) {
        vars.problem(NAME, what);
    }
    let Some(id) = id else {
        vars.problem(NAME, "says nothing without OAUTH_CLIENT_ID");
        return OAuthClient::Public(None);
    };
    OAuthClient::Confidential(ClientSecret::new(&id, secret.expose_secret()))
}

/// RFC 6749 appendix A.1.
fn is_printable(id: &str) -> bool {
    id.bytes().all(|byte| (b' '..=b'~').contains(&byte))
}
