//! One call for all who ask the same at the same time.

use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Shared};
use sha2::{Digest, Sha256};
use tokio::sync::Semaphore;
use tracing::Instrument as _;

use super::{Change, IdentityProvider, ProviderError, ProviderGrant, begin_change};

/// What comes of a call.
type Answer = Result<ProviderGrant, ProviderError>;

/// A token's SHA-256, so that none is kept for longer than its call needs it.
type Key = [u8; 32];

/// The calls to an identity provider that are under way; exchanges by refresh token.
///
/// *Why one call.* Tabs that wake up together send the same token. Where the provider exchanges it
/// but once, only the first call would be answered, and the others would look like a thief's.
#[derive(Clone)]
pub struct Flights {
    exchanges: Arc<Mutex<HashMap<Key, Flight>>>,
    free: Arc<Semaphore>,
}

/// The most calls under way. Nothing else bounds them: whoever waits for one takes nobody's place, and they go
/// on when their callers have gone.
const MOST: usize = 256;

/// A call, for all who wait for it.
type Flight = Shared<BoxFuture<'static, Answer>>;

impl Default for Flights {
    fn default() -> Self {
        Self {
            exchanges: Arc::default(),
            free: Arc::new(Semaphore::new(MOST)),
        }
    }
}

impl Flights {
    /// The provider's answer about `refresh_token`, and whether another request had asked for it.
    ///
    /// The call goes on if the request that began it goes away, for the others' sake: nothing of
    /// it is remembered once it is answered.
    pub(super) async fn refresh(
        &self,
        provider: &Arc<dyn IdentityProvider>,
        refresh_token: &str,
    ) -> (Answer, bool) {
        let key: Key = Sha256::digest(refresh_token).into();
        let (flight, is_joined) = {
            let mut flights = self.lock();
            let under_way = flights.get(&key).cloned();
            let is_joined = under_way.is_some();
            let departed = under_way.map_or_else(
                || {
                    let flight =
                        self.depart(key, Arc::clone(provider), refresh_token.to_owned())?;
                    flights.insert(key, flight.clone());
                    Ok(flight)
                },
                Ok,
            );
            match departed {
                Ok(flight) => (flight, is_joined),
                Err(error) => return (Err(error), false),
            }
        };
        (flight.await, is_joined)
    }

    /// Has the provider end what `refresh_token` began.
    pub(super) async fn revoke(
        &self,
        provider: &Arc<dyn IdentityProvider>,
        refresh_token: &str,
    ) -> Result<Change, ProviderError> {
        let _free = self.free.try_acquire().map_err(|_| too_many())?;
        begin_change();
        provider.revoke(refresh_token).await
    }

    /// Begins a call. It takes itself off the list, for which it waits until it is on it: the
    /// caller holds the lock.
    fn depart(
        &self,
        key: Key,
        provider: Arc<dyn IdentityProvider>,
        refresh_token: String,
    ) -> Result<Flight, ProviderError> {
        let free = Arc::clone(&self.free).try_acquire_owned();
        let free = free.map_err(|_| too_many())?;
        // It may exchange the token for another one, or count it as used.
        begin_change();
        let landing = Landing {
            flights: self.clone(),
            key,
        };
        let call = async move {
            let (_free, _landing) = (free, landing);
            provider.refresh(&refresh_token).await
        };
        // The one who began it is who is seen to wait for it.
        let call = tokio::spawn(call.in_current_span());
        let answer = async move {
            let answer = call.await;
            answer.unwrap_or_else(|_| Err(broken_off("the call broke off")))
        };
        Ok(answer.boxed().shared())
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Key, Flight>> {
        self.exchanges
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

fn too_many() -> ProviderError {
    broken_off("there are too many calls under way")
}

fn broken_off(why: &'static str) -> ProviderError {
    ProviderError::Unavailable(Arc::new(io::Error::other(why)))
}

/// Takes a call off the list when it ends, in whichever way.
struct Landing {
    flights: Flights,
    key: Key,
}

impl Drop for Landing {
    fn drop(&mut self) {
        self.flights.lock().remove(&self.key);
    }
}

#[cfg(test)]
mod tests {
    use async_trait::async_trait;

    use super::*;

    /// Never answers.
    struct Silent;

    #[async_trait]
    impl IdentityProvider for Silent {
        async fn refresh(&self, _: &str) -> Answer {
            std::future::pending().await
        }

        async fn revoke(&self, _: &str) -> Result<Change, ProviderError> {
            std::future::pending().await
        }
    }

    #[tokio::test]
    async fn callers_who_go_away_leave_no_more_calls_behind_than_there_may_be() {
        let (flights, silent) = (Flights::default(), Arc::new(Silent) as Arc<_>);
        for number in 0..MOST {
            let token = number.to_string();
            let call = flights.refresh(&silent, &token);
            assert!(call.now_or_never().is_none(), "{number}");
        }

        let (answer, _) = flights.refresh(&silent, "another").await;

        assert!(matches!(answer, Err(ProviderError::Unavailable(_))));
        let revoked = flights.revoke(&silent, "0").now_or_never();
        assert!(matches!(revoked, Some(Err(ProviderError::Unavailable(_)))));
        assert!(flights.refresh(&silent, "0").now_or_never().is_none());
    }

    #[tokio::test]
    async fn callers_who_end_something_are_as_many_at_most_and_make_room_when_they_go() {
        let (flights, silent) = (Flights::default(), Arc::new(Silent) as Arc<_>);
        let mut ends: Vec<_> = (0..MOST)
            .map(|_| Box::pin(flights.revoke(&silent, "the same")))
            .collect();
        for end in &mut ends {
            assert!(end.now_or_never().is_none());
        }

        let answer = flights.refresh(&silent, "another").now_or_never();
        drop(ends);

        let refused = matches!(answer, Some((Err(ProviderError::Unavailable(_)), _)));
        assert!(refused, "there is room");
        assert!(flights.refresh(&silent, "another").now_or_never().is_none());
    }
}
