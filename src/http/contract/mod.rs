//! Which contract a refresh request speaks: decided by what it carries, never by configuration.
//!
//! Several legacy backends share the path `/api/auth/refresh`, so their frontends can only be
//! told apart by the shape of what they send. Each contract has a file of its own here.

pub(super) mod attempt;
pub(super) mod cookie;
pub(super) mod envelope;
pub(super) mod expired_token;
pub(super) mod failure;
pub(super) mod oauth2;
pub(super) mod refresh_token;
pub(super) mod token_pair;

use crate::domain::Contract;
use crate::json::StrictObject;

/// The path that several contracts share.
const SHARED_PATH: &str = "/api/auth/refresh";

/// The contracts that share it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// A cookie and no body, or nothing at all: the contract that knows how to say so.
    Cookie,
    /// A token in the body, or in the header with no body.
    ExpiredToken,
    /// A refresh token in the body.
    RefreshToken,
    /// An access and a refresh token in the body.
    TokenPair,
    /// None of them: answered as a malformed request.
    Unknown,
}

/// Which credentials come beside the body.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Beside {
    /// `Authorization: Bearer`.
    pub(super) bearer: bool,
    /// The refresh cookie.
    pub(super) cookie: bool,
}

impl Shape {
    /// The first rule that matches wins.
    pub(super) fn of(body: &StrictObject<'_>, beside: Beside) -> Self {
        let has = |name: &str| body.find(name).is_some();
        if has("RefreshToken") || has("refreshToken") {
            return Self::TokenPair;
        }
        if has("token") {
            return Self::ExpiredToken;
        }
        if has("refresh_token") {
            return Self::RefreshToken;
        }
        if !body.is_empty() {
            return Self::Unknown;
        }
        if beside.bearer && !beside.cookie {
            return Self::ExpiredToken;
        }
        Self::Cookie
    }

    /// The contract that it is the shape of.
    fn contract(self) -> Option<Contract> {
        match self {
            Self::Cookie => Some(Contract::Cookie),
            Self::ExpiredToken => Some(Contract::ExpiredToken),
            Self::RefreshToken => Some(Contract::RefreshToken),
            Self::TokenPair => Some(Contract::TokenPair),
            Self::Unknown => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(body: &str, bearer: bool, cookie: bool) -> Shape {
        let object = StrictObject::parse(body.as_bytes()).unwrap_or_default();
        Shape::of(&object, Beside { bearer, cookie })
    }

    #[test]
    fn a_body_decides_whatever_comes_beside_it() {
        for (bearer, cookie) in [(false, false), (true, false), (false, true), (true, true)] {
            let shape = |body| shape(body, bearer, cookie);
            assert_eq!(
                shape(r#"{"Token":"a","RefreshToken":"b"}"#),
                Shape::TokenPair
            );
            assert_eq!(
                shape(r#"{"token":"a","refreshToken":"b"}"#),
                Shape::TokenPair
            );
            assert_eq!(
                shape(r#"{"token":"a","refresh_token":"b"}"#),
                Shape::ExpiredToken
            );
            assert_eq!(shape(r#"{"refresh_token":"b"}"#), Shape::RefreshToken);
            assert_eq!(shape(r#"{"Token":"a"}"#), Shape::Unknown);
        }
    }

    #[test]
    fn without_a_body_the_cookie_goes_before_the_header() {
        for body in ["", "{}"] {
            assert_eq!(shape(body, true, true), Shape::Cookie);
            assert_eq!(shape(body, false, true), Shape::Cookie);
            assert_eq!(shape(body, true, false), Shape::ExpiredToken);
            assert_eq!(shape(body, false, false), Shape::Cookie);
        }
    }
}
