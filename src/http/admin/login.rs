//! Starting a session: what is asked for.

use poem_openapi::types::{Any, Example};
use poem_openapi::{Enum, Object};
use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::domain::{Contract, JsonText};
use crate::json::{StrictObject, as_string};
use crate::service::Login;

use super::super::body::InputError;
use super::body::members;
use super::user::{self, UserKey};

/// The most claims that a login may add, …
const MAX_CLAIMS: usize = 32;

/// … and how long they may be together, in bytes.
const MAX_CLAIMS_BYTES: usize = 4 * 1024;

/// What a frontend speaks.
#[derive(Enum)]
#[oai(rename_all = "snake_case")]
pub(super) enum ContractName {
    /// A refresh token in a cookie.
    Cookie,
    /// A uuid, in an envelope with a timestamp.
    Envelope,
    /// The access token alone, exchanged when it has expired.
    ExpiredToken,
    /// OAuth 2.0's refresh token grant.
    #[oai(rename = "oauth2")]
    OAuth2,
    /// A refresh token in the body.
    RefreshToken,
    /// An access and a refresh token, both exchanged.
    TokenPair,
}

impl From<Contract> for ContractName {
    fn from(contract: Contract) -> Self {
        match contract {
            Contract::Cookie => Self::Cookie,
            Contract::Envelope => Self::Envelope,
            Contract::ExpiredToken => Self::ExpiredToken,
            Contract::OAuth2 => Self::OAuth2,
            Contract::RefreshToken => Self::RefreshToken,
            Contract::TokenPair => Self::TokenPair,
        }
    }
}

/// A session to start.
#[derive(Object)]
#[oai(example)]
pub(super) struct StartRequest {
    /// The user's key in the users table. Tokens write it as it comes: a string or an integer.
    user: UserKey,
    /// What the user's frontend speaks.
    contract: ContractName,
    /// Claims of its access tokens beside the subject, 32 at most and 4 KiB together. What the users
    /// table overwrites and what tokens are judged by cannot be set.
    claims: Option<Any<Value>>,
}

impl Example for StartRequest {
    fn example() -> Self {
        Self {
            user: UserKey::Text("42".to_owned()),
            contract: ContractName::TokenPair,
            claims: Some(Any(json!({"role": "reader"}))),
        }
    }
}

/// The session that a body asks for.
pub(super) fn login(bytes: &[u8]) -> Result<Login, InputError> {
    let object = members(bytes, &["user", "contract", "claims"])?;
    let user = user::of_member(object.find("user"))?;
    let contract = object.find("contract").and_then(as_string);
    let contract = contract.and_then(|word| Contract::of_word(&word));
    let contract = contract.ok_or_else(|| {
        let words = Contract::ALL.map(Contract::word).join(", ");
        InputError::Malformed(format!("contract must be one of {words}"))
    })?;
    let claims = object.find("claims").map(claims).transpose()?;
    Ok(Login {
        contract,
        user,
        claims: claims.unwrap_or_default(),
    })
}

fn claims(member: &RawValue) -> Result<Vec<(String, JsonText)>, InputError> {
    let text = member.get();
    let wrong = || InputError::Malformed("claims must be an object".to_owned());
    let object = StrictObject::parse(text.as_bytes()).map_err(|_| wrong())?;
    let claim =
        |(name, value): (&str, &RawValue)| (name.to_owned(), JsonText::from_valid(value.get()));
    let claims: Vec<_> = object.iter().map(claim).collect();
    if claims.len() > MAX_CLAIMS || text.len() > MAX_CLAIMS_BYTES {
        let what = format!("claims may be {MAX_CLAIMS}, and 4 KiB together");
        return Err(InputError::Malformed(what));
    }
    Ok(claims)
}
