//! Limits that replicas share, and that each counts by itself while Redis is away.
//!
//! *Why nobody waits for Redis twice.* The first take that it does not answer in time drops the
//! connection, and from then on takes are counted in this process. A task of its own tries to
//! connect once a second, and takes go to Redis again as soon as it has. A Redis that is only just
//! too slow would come and go, so it is tried ever less often.

use std::sync::{Arc, PoisonError, RwLock, Weak};
use std::time::Duration;

use async_trait::async_trait;
use redis::aio::MultiplexedConnection;
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::time::{Instant, sleep};
use tracing::{info, warn};

use crate::domain::{ClientNetwork, SessionId};
use crate::metrics::RedisMeter;
use crate::service::{RateLimiter, Throttled};

use super::bucket::Take;
use super::redis::{Redis, RedisAway, RedisSettings};
use super::{InProcessLimits, LimitSettings};

/// How often it is looked whether Redis is back; and how often at least, if it comes and goes.
const TRY_EVERY: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(32)];

/// A Redis that was there for so long is not one that comes and goes.
const STEADY: Duration = Duration::from_mins(1);

/// Limits that replicas share as long as Redis answers.
pub struct SharedLimits {
    settings: LimitSettings,
    redis: Redis,
    here: Arc<InProcessLimits>,
    meter: RedisMeter,
    link: RwLock<Link>,
    /// Wakes the task that looks whether Redis is back.
    lost: Sender<()>,
}

/// The connection, while there is one.
#[derive(Default)]
struct Link {
    connection: Option<MultiplexedConnection>,
    /// How many there were before, so that the end of an old one does not end the next.
    number: u64,
}

impl SharedLimits {
    /// Those of the settings in that Redis, whether it answers yet or not.
    pub(super) async fn open(
        settings: LimitSettings,
        redis: &RedisSettings,
        here: Arc<InProcessLimits>,
        meter: RedisMeter,
    ) -> Arc<Self> {
        let (lost, is_lost) = channel(1);
        let limits = Arc::new(Self {
            settings,
            redis: Redis::new(redis),
            here,
            meter,
            link: RwLock::default(),
            lost,
        });
        match limits.connect().await {
            Ok(()) => info!("the limits are shared through Redis"),
            Err(why) => limits.give_up(&why),
        }
        tokio::spawn(keep_connected(Arc::downgrade(&limits), is_lost));
        limits
    }

    async fn take(&self, take: Take) -> Result<(), Throttled> {
        let Some(limit) = self.settings.of(take.bucket) else {
            return Ok(());
        };
        let (connection, number) = {
            let link = self.link.read().unwrap_or_else(PoisonError::into_inner);
            (link.connection.clone(), link.number)
        };
        if let Some(connection) = connection {
            match self.redis.take(&connection, take, limit).await {
                Ok(verdict) => return self.here.note(take, verdict),
                Err(why) => self.drop_link(number, &why),
            }
        }
        self.meter.fell_back();
        self.here.take(take)
    }

    /// Drops the connection, unless somebody has done so before.
    fn drop_link(&self, number: u64, why: &RedisAway) {
        let mut link = self.link.write().unwrap_or_else(PoisonError::into_inner);
        if link.number == number && link.connection.take().is_some() {
            self.give_up(why);
        }
    }

    fn give_up(&self, why: &RedisAway) {
        self.meter.set_up(false);
        warn!(%why, "Redis is away; each replica counts limits for itself until it is back");
        // Full means that the task knows already.
        self.lost.try_send(()).ok();
    }

    async fn connect(&self) -> Result<(), RedisAway> {
        let connection = self.redis.connect().await?;
        let mut link = self.link.write().unwrap_or_else(PoisonError::into_inner);
        link.connection = Some(connection);
        link.number += 1;
        self.meter.set_up(true);
        Ok(())
    }
}

/// Connects again each time that the connection is lost, for as long as the limits are in use.
async fn keep_connected(limits: Weak<SharedLimits>, mut lost: Receiver<()>) {
    let [shortest, longest] = TRY_EVERY;
    let (mut wait, mut back) = (shortest, None::<Instant>);
    while lost.recv().await.is_some() {
        let comes_and_goes = back.is_some_and(|back| back.elapsed() < STEADY);
        wait = if comes_and_goes {
            longest.min(wait * 2)
        } else {
            shortest
        };
        loop {
            sleep(wait).await;
            let Some(limits) = limits.upgrade() else {
                return;
            };
            if limits.connect().await.is_ok() {
                info!("Redis is back; the limits are shared again");
                back = Some(Instant::now());
                break;
            }
        }
    }
}

#[async_trait]
impl RateLimiter for SharedLimits {
    async fn exchange(&self, session: SessionId, generation: Option<u64>) -> Result<(), Throttled> {
        self.take(Take::exchange(session, generation)).await
    }

    async fn failure(&self, client: ClientNetwork) -> Result<(), Throttled> {
        self.take(Take::failure(client)).await
    }

    async fn request(&self, client: ClientNetwork) -> Result<(), Throttled> {
        self.take(Take::request(client)).await
    }
}
