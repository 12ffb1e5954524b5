//! SIGHUP: what the operator has changed is read again, and what he has moved away let go.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tracing::{error, info, warn};

use crate::config::Config;
use crate::domain::{Clock as _, SystemClock};
use crate::http::Tls;
use crate::telemetry::AuditFile;

/// Waits for the signal, which ends nothing as long as this lives.
pub(super) struct Reload {
    signals: Signal,
    tls: Option<Tls>,
}

impl Reload {
    pub(super) fn new(config: &Config) -> io::Result<Self> {
        Ok(Self {
            signals: signal(SignalKind::hangup())?,
            tls: config.listen.tls.clone(),
        })
    }

    /// Reads again whenever it is told to, for as long as the process runs.
    pub(super) async fn run(mut self, audit_file: Option<AuditFile>) {
        while self.signals.recv().await.is_some() {
            match &self.tls {
                None if audit_file.is_none() => info!(
                    "SIGHUP: nothing to read again, as TLS_CERT and AUDIT_LOG_FILE are not set"
                ),
                None => {}
                Some(tls) => read_again(tls),
            }
            audit_file.iter().for_each(open_again);
        }
    }
}

fn read_again(tls: &Tls) {
    match tls.reload() {
        Ok(()) => {
            let valid_until = tls.valid_until().map(tracing::field::display);
            info!(valid_until, "the certificate was read again");
            for warning in tls.warnings(SystemClock.now()) {
                warn!("{warning}");
            }
        }
        Err(why) => error!(%why, "the certificate stays the one before (TLS_CERT, TLS_KEY)"),
    }
}

fn open_again(audit_file: &AuditFile) {
    match audit_file.reopen() {
        Ok(()) => info!("the file of the audit log was opened again"),
        Err(why) => error!(%why, "the audit log stays in the file before (AUDIT_LOG_FILE)"),
    }
}
