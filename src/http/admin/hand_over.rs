//! What the login hands on to the frontend, in the words of the frontend's own contract.

use serde_json::{Value, json};

use crate::domain::Contract;
use crate::service::{Grant, Started};

use super::super::cookie::CookieSettings;

/// The body that the frontend gets from a refresh, so that the login can answer with it as it is;
/// for [`Contract::RefreshToken`] with the refresh token, which a refresh does not repeat.
pub(super) fn body(contract: Contract, started: &Started) -> Value {
    let Started {
        started_at, grant, ..
    } = started;
    let (access, refresh) = (&grant.access_token, &grant.refresh_token);
    match contract {
        Contract::Cookie => json!({"success": true, "message": "Token refreshed successfully"}),
        Contract::Envelope => json!({
            "success": true,
            "data": {"accessToken": access, "refreshToken": refresh},
            "timestamp": started_at.format("%Y-%m-%dT%H:%M:%S").to_string(),
        }),
        Contract::ExpiredToken => json!({
            "access_token": access,
            "token_type": "bearer",
            "expires_in": grant.expires_in,
        }),
        Contract::OAuth2 => json!({
            "access_token": access,
            "token_type": "Bearer",
            "expires_in": grant.expires_in,
            "refresh_token": refresh,
        }),
        Contract::RefreshToken => json!({"access_token": access, "refresh_token": refresh}),
        Contract::TokenPair => json!({"Token": access, "RefreshToken": refresh}),
    }
}

/// The cookies that the frontend's browser shall keep.
pub(super) fn set_cookie(
    contract: Contract,
    grant: &Grant,
    cookies: &CookieSettings,
) -> Option<Vec<String>> {
    let refresh_token = grant.refresh_token.as_deref()?;
    (contract == Contract::Cookie).then(|| {
        vec![
            cookies.access(&grant.access_token, grant.expires_in),
            cookies.refresh(refresh_token, grant.session_expires_in),
        ]
    })
}
