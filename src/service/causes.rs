//! Errors as a log shows them.

use std::error::Error;
use std::fmt;
use std::iter::successors;

/// What an error says, and what everything says that led to it, as one text.
///
/// *Why not the error itself.* A log of JSON objects shows its first words alone, and of a database
/// in trouble those are the same whatever the trouble is.
#[derive(Debug, Clone, Copy)]
pub struct Causes<'a>(pub &'a (dyn Error + 'static));

impl fmt::Display for Causes<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut last = self.0.to_string();
        f.write_str(&last)?;
        for cause in successors(self.0.source(), |cause| (*cause).source()) {
            let said = cause.to_string();
            // The libraries' errors repeat theirs.
            if !last.ends_with(&said) {
                write!(f, ": {said}")?;
                last = said;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::SessionError;
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("query: {0}")]
    struct Query(#[source] std::io::Error);

    #[test]
    fn each_cause_is_said_once() {
        let disk = std::io::Error::other("the disk is full");
        let error = SessionError::Unavailable(Query(disk).into());

        let said = Causes(&error).to_string();

        let expected = "the sessions could not be read or written: query: the disk is full";
        assert_eq!(said, expected);
    }
}
