//! Bodies of which nothing is ignored: who administers is told of every slip.

use crate::json::StrictObject;

use super::super::body::{InputError, malformed};

/// The members of a body, which has none but these.
pub(super) fn members<'a>(bytes: &'a [u8], known: &[&str]) -> Result<StrictObject<'a>, InputError> {
    let object = StrictObject::parse(bytes).map_err(malformed)?;
    if object.iter().any(|(name, _)| !known.contains(&name)) {
        let what = format!("the only members are {}", known.join(", "));
        return Err(InputError::Malformed(what));
    }
    Ok(object)
}
