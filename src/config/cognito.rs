//! AWS Cognito, which may have the sessions of the contract `refresh_token`.

use std::time::Duration;

use http::Uri;

use crate::cognito::{self, CognitoSettings};

use super::vars::Vars;

/// The longest id of an app client.
const MAX_CLIENT_ID: usize = 128;

/// Said where a refresh token travels for all to read.
const PLAIN_HTTP: &str = "COGNITO_ENDPOINT_URL: over plain HTTP anybody on the way can read the \
    refresh tokens, and answer in Cognito's place";

/// The settings; none where none is set. Half of them is a problem, and so are any in a binary
/// that was built without.
///
/// Cognito has to answer within `request_deadline`, or a token that it exchanges would be lost.
pub(super) fn read(
    vars: &mut Vars,
    request_deadline: Duration,
    warnings: &mut Vec<String>,
) -> Option<CognitoSettings> {
    let region = vars.optional("COGNITO_REGION");
    let client_id = vars.optional("COGNITO_CLIENT_ID");
    let secret = vars.secret("COGNITO_CLIENT_SECRET", "COGNITO_CLIENT_SECRET_FILE");
    let endpoint_url = endpoint_url(vars, warnings);
    let rotation = vars.flag("COGNITO_ROTATION", false);
    let deadline = vars.bounded("COGNITO_TIMEOUT_MILLISECONDS", 2_000, 10..=60_000);
    let deadline = Duration::from_millis(deadline.into());
    let checks_user = vars.flag("COGNITO_CHECK_USER", false);
    let user_claim = vars.optional("COGNITO_USER_CLAIM");
    let set = vars.first_given("COGNITO_")?;

    if deadline >= request_deadline {
        let what = "must be shorter than REQUEST_TIMEOUT_SECONDS";
        vars.problem("COGNITO_TIMEOUT_MILLISECONDS", what);
    }
    if !cognito::IS_BUILT_IN {
        let what = "this binary cannot ask Cognito; build it with --features cognito";
        vars.problem(&set, what);
    }
    if user_claim.is_some() && !checks_user {
        vars.problem(
            "COGNITO_USER_CLAIM",
            "is read only with COGNITO_CHECK_USER=true",
        );
    }
    let is_good_region = region.as_deref().map(is_region);
    let example = "a region such as eu-central-1";
    require(vars, "COGNITO_REGION", is_good_region, example);
    let is_good_id = client_id.as_deref().map(is_client_id);
    let example = "the id of an app client, such as 1h57kf5cpq17m0eml12EXAMPLE";
    require(vars, "COGNITO_CLIENT_ID", is_good_id, example);
    Some(CognitoSettings {
        region: region?,
        client_id: client_id?,
        client_secret: secret,
        endpoint_url,
        rotation,
        deadline,
        user_claim: checks_user.then(|| user_claim.unwrap_or_else(|| "sub".to_owned())),
    })
}

/// Notes what is missing although it cannot be done without, or is not what it should be.
fn require(vars: &mut Vars, name: &'static str, is_good: Option<bool>, expected: &str) {
    match is_good {
        Some(true) => {}
        Some(false) => vars.problem(name, format!("expected {expected}")),
        None => vars.problem(name, format!("required to ask AWS Cognito: {expected}")),
    }
}

/// It becomes part of the host's name.
fn is_region(region: &str) -> bool {
    let is_good = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    region.contains('-')
        && region
            .split('-')
            .all(|part| !part.is_empty() && part.bytes().all(is_good))
}

fn is_client_id(id: &str) -> bool {
    let is_good = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'+';
    id.len() <= MAX_CLIENT_ID && id.bytes().all(is_good)
}

/// Where Cognito is instead; such as an emulator.
fn endpoint_url(vars: &mut Vars, warnings: &mut Vec<String>) -> Option<String> {
    const NAME: &str = "COGNITO_ENDPOINT_URL";
    let text = vars.optional(NAME)?;
    let url = text.parse::<Uri>().unwrap_or_default();
    let host = url.host().unwrap_or_default();
    let is_plain = url.scheme_str() == Some("http");
    let is_whole = is_plain || url.scheme_str() == Some("https");
    let has_password = url
        .authority()
        .is_some_and(|authority| authority.as_str().contains('@'));
    if !is_whole || host.is_empty() || has_password || url.query().is_some() {
        // Not the value: it may hold a password.
        vars.problem(NAME, "expected an address such as http://127.0.0.1:9229");
        return None;
    }
    if is_plain && !["127.0.0.1", "[::1]", "localhost"].contains(&host) {
        warnings.push(PLAIN_HTTP.to_owned());
    }
    Some(text)
}
