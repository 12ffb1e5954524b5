//! Services in other languages, compared with remint where they are at hand.

use std::str::FromStr;

/// A service of somebody else.
#[derive(Clone)]
pub(crate) struct Other {
    pub(crate) name: String,
    /// For the shell.
    pub(crate) command: String,
}

impl FromStr for Other {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (name, command) = text.split_once('=').ok_or("not NAME=COMMAND")?;
        Ok(Self {
            name: name.to_owned(),
            command: command.to_owned(),
        })
    }
}
