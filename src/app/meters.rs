//! Who counts what.

use std::sync::Arc;

use crate::cognito::{self, Measured};
use crate::config::Config;
use crate::domain::Clock;
use crate::http;
use crate::metrics::{self, Answers, DatabaseMetrics, Metrics, MetricsError, ProviderMeter, Words};
use crate::service::{IMPORTED, IdentityProvider};
use crate::store::{self, Connections, SqlHolders, SqlSessionStore, SqlUserDirectory};
use crate::token::key_label;

/// Metrics that say which binary this is, and what the process takes.
pub(super) fn metrics(clock: &dyn Clock) -> Result<Arc<Metrics>, MetricsError> {
    let metrics = Arc::new(Metrics::default());
    metrics::describe(&metrics, cognito::IS_BUILT_IN)?;
    metrics::watch_process(&metrics, clock.now())?;
    Ok(metrics)
}

/// Counters for the answers of a service with those settings.
pub(super) fn answers(metrics: &Metrics, config: &Config) -> Result<Arc<Answers>, MetricsError> {
    let words = Words {
        contracts: http::contracts(),
        outcomes: http::outcomes(),
        keys: keys(config),
    };
    Ok(Arc::new(Answers::new(metrics, &words)?))
}

/// The keys of the ring, as the log calls them.
fn keys(config: &Config) -> Vec<(String, Option<String>)> {
    let mut names = Vec::new();
    if let Some(keys) = &config.keys {
        let previous = keys.previous.iter().map(|key| key.key_id.clone());
        let ids = std::iter::once(keys.current.key_id.clone()).chain(previous);
        let labelled = ids.enumerate().map(|(place, id)| (key_label(place), id));
        names.extend(labelled);
    }
    if config.accepts_imported {
        names.push((IMPORTED.to_owned(), None));
    }
    names
}

/// Counts the statements of both stores, and looks at the pools behind them.
pub(super) fn watch_databases(
    metrics: &Metrics,
    (sessions, own): (&Arc<SqlSessionStore>, &Connections),
    (directory, is_apart): (&Arc<SqlUserDirectory>, bool),
    holders: &Arc<SqlHolders>,
) -> Result<(), MetricsError> {
    let figures = DatabaseMetrics::new(metrics)?;
    sessions.measure(&figures);
    directory.measure(&figures);
    let (sessions, own) = (Arc::clone(sessions), own.clone());
    let (directory, holders) = (Arc::clone(directory), Arc::clone(holders));
    metrics.before_reading(move || {
        sessions.measure_queues();
        directory.measure_queue();
        holders.measure_queue();
        if let Some(pool) = store::pool(&own) {
            figures.set_pool("own", pool);
        }
        if let Some(pool) = directory.pool().filter(|_| is_apart) {
            figures.set_pool("users", pool);
        }
    });
    Ok(())
}

/// The identity provider of the settings, its answers counted; none where there is none.
pub(super) fn provider(
    metrics: &Metrics,
    config: &Config,
) -> Result<Option<Arc<dyn IdentityProvider>>, MetricsError> {
    let Some(provider) = config.cognito.as_ref().and_then(cognito::provider) else {
        return Ok(None);
    };
    let meter = ProviderMeter::new(metrics)?;
    Ok(Some(Arc::new(Measured { provider, meter })))
}
