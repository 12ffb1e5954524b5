//! The pair, in both spellings.

use std::borrow::Cow;

use poem_openapi::types::Example;
use poem_openapi::{Object, Union};

use crate::json::{StrictObject, as_string};

use crate::http::body::InputError;
use crate::http::example::Shown;

/// How the caller writes the members.
#[derive(Clone, Copy)]
pub(super) enum Spelling {
    Camel,
    Pascal,
}

/// What a request presents.
pub(super) struct Posted<'a> {
    pub(super) token: Cow<'a, str>,
    pub(super) refresh_token: Cow<'a, str>,
    pub(super) spelling: Spelling,
}

impl<'a> Posted<'a> {
    pub(super) fn read(body: &StrictObject<'a>) -> Result<Self, InputError> {
        let (refresh_token, spelling) =
            member(body, ["RefreshToken", "refreshToken"], Spelling::Pascal)?;
        let (token, _) = member(body, ["Token", "token"], spelling)?;
        Ok(Self {
            token,
            refresh_token,
            spelling,
        })
    }
}

/// The string of one of the two names, and which it is; the caller is told of a missing one as
/// `expected`.
fn member<'a>(
    body: &StrictObject<'a>,
    [pascal, camel]: [&str; 2],
    expected: Spelling,
) -> Result<(Cow<'a, str>, Spelling), InputError> {
    let spelling = match (body.find(pascal), body.find(camel)) {
        (Some(_), None) => Spelling::Pascal,
        (None, Some(_)) => Spelling::Camel,
        (None, None) => expected,
        (Some(_), Some(_)) => {
            let what = format!("{pascal} and {camel} are both there");
            return Err(InputError::Malformed(what));
        }
    };
    let name = match spelling {
        Spelling::Camel => camel,
        Spelling::Pascal => pascal,
    };
    match body.find(name).map(as_string) {
        Some(Some(text)) => Ok((text, spelling)),
        Some(None) => Err(InputError::Malformed(format!("{name} must be a string"))),
        None => Err(InputError::Malformed(format!("{name} is required"))),
    }
}

/// An access token and a refresh token, as they are sent and answered.
#[derive(Union)]
#[oai(one_of)]
pub(in crate::http) enum TokenPair {
    Pascal(PascalTokenPair),
    Camel(CamelTokenPair),
}

/// The pair in Pascal case.
#[derive(Object)]
#[oai(rename_all = "PascalCase", example)]
pub(in crate::http) struct PascalTokenPair {
    /// The access token.
    token: String,
    /// The refresh token.
    refresh_token: String,
}

/// The pair in camel case.
#[derive(Object)]
#[oai(rename_all = "camelCase")]
pub(in crate::http) struct CamelTokenPair {
    /// The access token.
    token: String,
    /// The refresh token.
    refresh_token: String,
}

impl TokenPair {
    pub(super) fn of(token: String, refresh_token: String, spelling: Spelling) -> Self {
        match spelling {
            Spelling::Camel => Self::Camel(CamelTokenPair {
                token,
                refresh_token,
            }),
            Spelling::Pascal => Self::Pascal(PascalTokenPair {
                token,
                refresh_token,
            }),
        }
    }
}

/// Those of seed 002. No key of anybody's has signed them.
const EXAMPLE_PAIR: [&str; 2] = [
    "eyJhbGciOiJIUzUxMiIsInR5cCI6IkpXVCJ9.eyJuYW1laWQiOiI0ZWYxYzcxMS0wNmZmLTQxZWEtODg4YS00NTY1NzllNDQ3ZDYiLCJuYmYiOjE3MjEwNzg2NDksImV4cCI6MTcyMTY4MzQ0OSwiaWF0IjoxNzIxMDc4NjQ5fQ.GUqoIBU9jR3eeZLev2pXQwh2DoQeZwKg1Vhoj1KKEED5E82RkUSLCwFDgns3rxZQHgENPTSQc4AKYSV0ELVH-A",
    "bSiwLoqiZF0ZatZpNHoDeEntfvyT4GZWRWAr0u1r7NNxeeWzMph7kDbWzi2kgyM+QYleL/F8U5JniSyHQEdTEg==",
];
const FRESH_EXAMPLE_PAIR: [&str; 2] = [
    "eyJhbGciOiJIUzUxMiIsInR5cCI6IkpXVCJ9.eyJuYW1laWQiOiI0ZWYxYzcxMS0wNmZmLTQxZWEtODg4YS00NTY1NzllNDQ3ZDYiLCJuYmYiOjE3MjEwNzg3NjksImV4cCI6MTcyMTY4MzU2OSwiaWF0IjoxNzIxMDc4NzY5fQ.2mxqDEoMr0uahxANc2vnVmvuyqhvwY3MLRtdxrvsAFeaVc6OjdQIlGZGn4gkvgvZ11Y8BWRLx1pEpP_-fDKggg",
    "WJ2gJGMQ74PZORWUAYz0FVv+hsnEW0wxI7bY/JkbRTPq5POZg26Zlitl44sf33KBqyGmeQOgBw5KfvFvnLlv5Q==",
];

impl Example for PascalTokenPair {
    fn example() -> Self {
        let [token, refresh_token] = EXAMPLE_PAIR.map(str::to_owned);
        Self {
            token,
            refresh_token,
        }
    }
}

pub(super) struct FreshPair;

impl Shown for FreshPair {
    type Body = TokenPair;

    fn body() -> TokenPair {
        let [token, refresh_token] = FRESH_EXAMPLE_PAIR.map(str::to_owned);
        TokenPair::of(token, refresh_token, Spelling::Pascal)
    }
}
