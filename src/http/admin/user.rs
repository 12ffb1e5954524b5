//! Users as callers name them.

use poem_openapi::Union;
use serde_json::value::RawValue;

use crate::domain::{Subject, Unsupported};
use crate::json::as_string;

use super::super::body::InputError;

/// A user's key, of the type that tokens shall write it in.
#[derive(Union)]
pub(super) enum UserKey {
    /// Text.
    Text(String),
    /// An integer, for a key column of integers.
    Integer(i64),
}

/// The user that the member `user` names.
pub(super) fn of_member(member: Option<&RawValue>) -> Result<Subject, InputError> {
    let wrong = |what: &str| InputError::Malformed(what.to_owned());
    let member = member.ok_or_else(|| wrong("the member user is required"))?;
    let integer = || {
        serde_json::from_str(member.get())
            .ok()
            .map(Subject::Integer)
    };
    let text = as_string(member).map(|text| Subject::Text(text.into_owned()));
    let user = text.or_else(integer);
    checked(user.ok_or_else(|| wrong("user must be a string or an integer"))?)
}

/// The user that the parameter `user` names.
pub(super) fn of_parameter(parameter: Option<String>) -> Result<Subject, InputError> {
    let missing = || InputError::Malformed("the parameter user is required".to_owned());
    checked(Subject::Text(parameter.ok_or_else(missing)?))
}

fn checked(user: Subject) -> Result<Subject, InputError> {
    if user.is_a_key() {
        Ok(user)
    } else {
        let what = Unsupported::SubjectMalformed.to_string();
        Err(InputError::Malformed(what))
    }
}
