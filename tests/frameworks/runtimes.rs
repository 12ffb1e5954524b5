//! The scripts of this folder.

use crate::harness::SECRET;
use crate::harness::scripts::{self, Scripts};

/// What runs a script.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Runtime {
    Python,
    Node,
}

impl Runtime {
    /// The scripts in that language, with their packages.
    pub(crate) fn scripts(self) -> &'static Scripts {
        static PYTHON: Scripts = Scripts::python("frameworks");
        static NODE: Scripts = Scripts::node("frameworks");

        match self {
            Self::Python => &PYTHON,
            Self::Node => &NODE,
        }
    }

    /// Installs the packages once; false where that cannot be done.
    pub(super) async fn is_there(self) -> bool {
        self.scripts().are_there().await
    }

    /// What the script prints; panics where it fails.
    pub(super) async fn run(self, script: &str, arguments: &[&str], input: &str) -> String {
        self.run_with(script, arguments, input, "").await
    }

    /// The same, for a script that works on a database.
    pub(super) async fn run_with(
        self,
        script: &str,
        arguments: &[&str],
        input: &str,
        database_url: &str,
    ) -> String {
        let mut command = self.scripts().command(script);
        command
            .args(arguments)
            .env("JWT_SECRET", SECRET)
            .env("DATABASE_URL", database_url);
        scripts::output(command, input).await
    }
}
