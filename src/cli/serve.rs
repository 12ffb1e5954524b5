//! `remint serve`

use std::hash::{BuildHasher as _, RandomState};
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::FutureExt as _;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::{interval_at, sleep};
use tracing::{info, warn};

use crate::app::{App, Surroundings};
use crate::config::{Config, Purpose};
use crate::domain::{Clock as _, SystemClock};
use crate::http::{self, ListenAddress, Listener, Readiness};
use crate::service::{Causes, Cleaner};
use crate::telemetry;

use super::reload::Reload;
use super::settings::Settings;
use super::terminal::{Failure, Outcome};

/// Ended sessions cost nothing but room, and to find them all of them are looked at.
const CLEAN_UP_EVERY: Duration = Duration::from_hours(1);

/// In how many seconds it is done for the first time, at most: not by all replicas at once.
const FIRST_CLEAN_UP: u64 = 600;

pub(super) async fn run(settings: &Settings) -> Outcome {
    let config = settings.config(Purpose::Tokens)?;
    // From the beginning: whoever does not wait for this signal is ended by it.
    let reload = Reload::new(&config)?;
    let telemetry = telemetry::init(&config.log, config.traces.as_ref())?;
    for warning in &config.warnings {
        warn!("{warning}");
    }
    let tls = config.listen.tls.iter();
    for warning in tls.flat_map(|tls| tls.warnings(SystemClock.now())) {
        warn!("{warning}");
    }
    for line in &config.not_offered {
        info!("{line}");
    }

    if let Some(cognito) = &config.cognito {
        let region = &cognito.region;
        info!(%region, "AWS Cognito exchanges the refresh tokens of the contract refresh_token");
    }

    if let Some(traces) = &config.traces {
        let (collector, service) = (traces.collector(), &traces.service_name);
        info!(collector, service, "traces are exported");
    }

    let mut signals = Signals::new()?;
    let app = tokio::select! {
        app = App::build(&config, Surroundings::default()) => app?,
        () = signals.next() => {
            info!("stopped before it was ready");
            return Ok(());
        }
    };
    if let Some(problem) = app.directory.index_problem() {
        warn!("{problem}");
    }
    let listener = listen(&config, &config.listen.address, "LISTEN_ADDR").await?;
    let admin_listener = listen_for_admins(&app, &config).await?;
    let (address, url) = (listener.address()?, listener.url()?);
    info!(
        %address,
        users = %config.directory.table,
        "listening; {url}/docs shows what there is"
    );
    tokio::spawn(reload.run(telemetry.audit_file.clone()));
    let left = until_stopped(app, (listener, admin_listener), &config, signals).await?;
    telemetry.finish_traces(left).await;
    info!("stopped");
    Ok(())
}

/// Takes the address, or says which setting names another.
async fn listen(
    config: &Config,
    address: &ListenAddress,
    setting: &str,
) -> Result<Listener, Failure> {
    Listener::bind(
        address,
        config.listen.socket_mode,
        config.listen.tls.as_ref(),
    )
    .await
    .map_err(|error| format!("cannot listen on {address} ({setting}): {error}").into())
}

/// The address of the admin listener, where there is one.
async fn listen_for_admins(app: &App, config: &Config) -> Result<Option<Listener>, Failure> {
    if app.admin_endpoint.is_none() {
        info!("the admin listener is off; ADMIN_API_KEY switches it on");
        return Ok(None);
    }
    let listener = listen(config, &config.admin.listen, "ADMIN_LISTEN_ADDR").await?;
    let (address, url) = (listener.address()?, listener.url()?);
    info!(%address, "the admin listener is on; {url}/docs shows what there is");
    Ok(Some(listener))
}

/// Serves until a signal, then lets requests finish; a second signal ends at once. What is left of
/// the time that the end may take.
pub(super) async fn until_stopped(
    app: App,
    (listener, admin_listener): (Listener, Option<Listener>),
    config: &Config,
    mut signals: Signals,
) -> Result<Duration, Failure> {
    let App {
        endpoint,
        admin_endpoint,
        readiness,
        cleaner,
        database,
        ..
    } = app;
    // Connections that come back late to a pool that gave way to another are closed with its last owner.
    drop(database);
    tokio::spawn(clean_up(cleaner));
    let told = async {
        signals.next().await;
        // The same listeners wait for the second one, so that none is lost between the two.
        drain(&readiness, signals);
        let delay = config.server.shutdown_delay;
        if !delay.is_zero() {
            let long = humantime::format_duration(delay);
            info!("/readyz says no from now on; the listeners stay open for another {long}");
            sleep(delay).await;
        }
        Instant::now()
    };
    let told = told.shared();
    let admin = async {
        match admin_endpoint.zip(admin_listener) {
            Some((endpoint, listener)) => {
                http::serve(
                    listener,
                    endpoint,
                    config.server,
                    Arc::clone(&readiness),
                    told.clone().map(drop),
                )
                .await
            }
            None => Ok(()),
        }
    };
    let public = http::serve(
        listener,
        endpoint,
        config.server,
        Arc::clone(&readiness),
        told.clone().map(drop),
    );
    tokio::try_join!(public, admin)?;
    let spent = told.await.elapsed();
    Ok(config.server.shutdown_deadline.saturating_sub(spent))
}

/// Forgets ended sessions for as long as the process runs.
async fn clean_up(cleaner: Arc<Cleaner>) {
    let chance = RandomState::new().hash_one(FIRST_CLEAN_UP);
    let first = Instant::now() + Duration::from_secs(chance % FIRST_CLEAN_UP);
    let mut ticks = interval_at(first.into(), CLEAN_UP_EVERY);
    loop {
        ticks.tick().await;
        match cleaner.run().await {
            Ok(0) => {}
            Ok(rows) => info!(rows, "forgot sessions that are over"),
            Err(error) => {
                let error = Causes(&error);
                warn!(%error, "ended sessions could not be removed; trying again later");
            }
        }
    }
}

fn drain(readiness: &Readiness, mut signals: Signals) {
    readiness.drain();
    info!("stopping: requests in flight may finish; a second signal ends at once");
    tokio::spawn(async move {
        signals.next().await;
        std::process::exit(1);
    });
}

/// SIGTERM of a service manager, SIGINT of Ctrl-C.
pub(super) struct Signals(Signal, Signal);

impl Signals {
    pub(super) fn new() -> std::io::Result<Self> {
        Ok(Self(
            signal(SignalKind::terminate())?,
            signal(SignalKind::interrupt())?,
        ))
    }

    pub(super) async fn next(&mut self) {
        tokio::select! {
            _ = self.0.recv() => {}
            _ = self.1.recv() => {}
        }
    }
}
