//! Whose login an access token of Cognito goes back to.
//!
//! *Why its signature is not checked.* The token has just come from Cognito itself, over TLS, in
//! the answer to our own request: that says who made it (OpenID Connect Core §3.1.3.7 reasons the
//! same). Nothing that a caller sends is read here.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::DateTime;
use serde_json::value::RawValue;

use crate::domain::Subject;
use crate::json::{StrictObject, as_string};
use crate::service::ProviderLogin;

/// The user that `claim` names, and when they logged in; none if the token does not say both.
pub(super) fn of(access_token: &str, claim: &str) -> Option<ProviderLogin> {
    let mut parts = access_token.split('.');
    let (_header, payload) = (parts.next()?, parts.next()?);
    let is_a_jwt = parts.next().is_some() && parts.next().is_none();
    let payload = URL_SAFE_NO_PAD.decode(payload).ok().filter(|_| is_a_jwt)?;
    let claims = StrictObject::parse(&payload).ok()?;
    let subject = as_string(claims.find(claim)?)?.into_owned();
    // A refresh moves `iat`, and not this.
    let at: i64 = claims.find("auth_time").map(RawValue::get)?.parse().ok()?;
    Some(ProviderLogin {
        subject: Subject::Text(subject),
        at: DateTime::from_timestamp(at, 0)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(payload: &str) -> String {
        format!("e30.{}.c2ln", URL_SAFE_NO_PAD.encode(payload))
    }

    #[test]
    fn the_claim_names_the_user_and_auth_time_the_login() {
        let token = token(r#"{"sub":"a","username":"b","auth_time":100,"iat":200}"#);

        let named = ["sub", "username"].map(|claim| of(&token, claim).unwrap());

        let at = DateTime::from_timestamp(100, 0).unwrap();
        let login = |user: &str| ProviderLogin {
            subject: Subject::Text(user.to_owned()),
            at,
        };
        assert_eq!(named, ["a", "b"].map(login));
    }

    #[test]
    fn a_token_that_does_not_say_both_in_strict_json_says_nothing() {
        let whole = token(r#"{"sub":"a","auth_time":1}"#);
        for strange in [
            &token(r#"{"sub":"a"}"#),
            &token(r#"{"auth_time":1}"#),
            &token(r#"{"sub":1,"auth_time":1}"#),
            &token(r#"{"sub":"a","auth_time":"1"}"#),
            &token(r#"{"sub":"a","auth_time":9223372036854775807}"#),
            &token(r#"{"sub":"a","sub":"b","auth_time":1}"#),
            &format!("{whole}.x.y"),
            &whole.replace(".c2ln", ""),
            "opaque",
        ] {
            assert_eq!(of(strange, "sub"), None, "{strange}");
        }
        assert!(of(&whole, "sub").is_some());
    }
}
