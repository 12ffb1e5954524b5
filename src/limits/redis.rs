//! Buckets in Redis.

use std::fmt;
use std::num::NonZeroU32;
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Client, RedisError, Script};
use secrecy::{ExposeSecret, SecretString};
use tokio::time::error::Elapsed;
use tokio::time::timeout;

use crate::service::Throttled;

use super::bucket::{Take, throttled};

/// Before every key.
const PREFIX: &str = "remint:";

/// How long a connection may take to be there.
const CONNECT_DEADLINE: Duration = Duration::from_secs(2);

const MICROSECONDS_OF_A_MINUTE: u64 = 60_000_000;

/// Which Redis it is.
#[derive(Clone)]
pub struct RedisSettings {
    client: Client,
    /// For how long a request waits for it.
    deadline: Duration,
}

impl RedisSettings {
    /// That of a URL; none if it is no such URL.
    pub fn of_url(url: &SecretString, deadline: Duration) -> Option<Self> {
        let client = Client::open(url.expose_secret()).ok()?;
        Some(Self { client, deadline })
    }

    /// Whether it counts for us.
    pub async fn ping(&self) -> Result<(), RedisAway> {
        Redis::new(self).connect().await.map(|_| ())
    }
}

impl fmt::Debug for RedisSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisSettings")
            .field("deadline", &self.deadline)
            .finish_non_exhaustive()
    }
}

/// Why Redis does not count.
#[derive(Debug, thiserror::Error)]
pub enum RedisAway {
    /// It cannot be reached, or will not do it.
    #[error("{0}")]
    Failed(#[from] RedisError),
    /// The deadline passed.
    #[error("no answer in time")]
    Timeout(#[from] Elapsed),
}

/// Takes from buckets in Redis.
pub(super) struct Redis {
    settings: RedisSettings,
    script: Script,
}

impl Redis {
    pub(super) fn new(settings: &RedisSettings) -> Self {
        Self {
            settings: settings.clone(),
            script: Script::new(include_str!("take.lua")),
        }
    }

    /// A connection that the script has run on once: a Redis may answer pings and still not write.
    pub(super) async fn connect(&self) -> Result<MultiplexedConnection, RedisAway> {
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(CONNECT_DEADLINE))
            .set_response_timeout(Some(self.settings.deadline));
        let client = &self.settings.client;
        let connection = client.get_multiplexed_async_connection_with_config(&config);
        let connection = timeout(CONNECT_DEADLINE, connection).await??;
        self.run(&connection, "probe", [1, 1_000_000], None).await?;
        Ok(connection)
    }

    /// Takes, if there is one left.
    pub(super) async fn take(
        &self,
        connection: &MultiplexedConnection,
        take: Take,
        limit: NonZeroU32,
    ) -> Result<Result<(), Throttled>, RedisAway> {
        let burst = u64::from(limit.get());
        let interval = MICROSECONDS_OF_A_MINUTE / burst;
        let key = take.bucket.to_string();
        let wait = self
            .run(connection, &key, [interval, burst], take.step)
            .await?;
        Ok(if wait.is_zero() {
            Ok(())
        } else {
            Err(throttled(limit, wait))
        })
    }

    async fn run(
        &self,
        connection: &MultiplexedConnection,
        key: &str,
        [interval, burst]: [u64; 2],
        step: Option<u64>,
    ) -> Result<Duration, RedisAway> {
        let step = step.map_or_else(|| "-1".to_owned(), |step| step.to_string());
        let mut call = self.script.key(format!("{PREFIX}{key}"));
        call.arg(interval).arg(burst).arg(step).arg("");
        let mut connection = connection.clone();
        let answer = call.invoke_async(&mut connection);
        let wait: u64 = timeout(self.settings.deadline, answer).await??;
        Ok(Duration::from_micros(wait))
    }
}
