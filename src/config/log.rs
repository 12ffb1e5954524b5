//! What is logged, and where to.

use std::path::PathBuf;

use crate::telemetry::{LogFilter, LogFormat, LogSettings};

use super::vars::Vars;

pub(super) fn read(vars: &mut Vars) -> LogSettings {
    LogSettings {
        filter: vars.parse("LOG_LEVEL", LogFilter::default()),
        format: vars.parse("LOG_FORMAT", LogFormat::Pretty),
        audit_file: vars.optional("AUDIT_LOG_FILE").map(PathBuf::from),
    }
}
