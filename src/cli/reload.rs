//! SIGHUP: what the operator has changed is read again.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tracing::{error, info, warn};

use crate::config::Config;
use crate::domain::{Clock as _, SystemClock};
use crate::http::Tls;

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
    pub(super) async fn run(mut self) {
        while self.signals.recv().await.is_some() {
            match &self.tls {
                None => info!("SIGHUP: nothing to read again, as TLS_CERT is not set"),
                Some(tls) => read_again(tls),
            }
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
