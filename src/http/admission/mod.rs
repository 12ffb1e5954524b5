//! Works on so many requests at a time, lets a few wait for that, and turns the rest away early.
//!
//! Beyond what the machine and the database can do, more requests at a time make each of them
//! slower and none of them faster, until clients give up and ask again. So it is better to say 503
//! soon: the others are answered as fast as ever, and as many of them.
//!
//! *Why the patience of the queue changes.* A bunch of requests passes by itself if it may wait for
//! a moment. A queue in which everybody waits for long has nobody served sooner, so then it is kept
//! short (the idea of RFC 8289). That bounds the waiting by time, whatever the machine can do.
//!
//! *Why some answers wait their turn.* To turn a request away takes a good part of the work of answering
//! it, most of it in the kernel. Clients that ask again at once would have the service say no and do
//! nothing else; on a connection whose answer is held back for a moment nothing else is asked.
//!
//! *Why only after the body.* Whoever sends a body slowly would hold a place meanwhile, and a few
//! of those would hold them all.

mod queue;

use std::time::Duration;

use poem::Request;

use crate::domain::Contract;

use super::body;
use super::contract::failure::Spoken;
use queue::Queue;

pub use queue::AdmissionSettings;
pub(super) use queue::{Place, TurnedAway};

/// Probes are answered however much there is to do: a service that is restarted for being busy
/// serves nobody.
const ALWAYS_ADMITTED: [&str; 2] = ["/healthz", "/readyz"];

/// Decides which requests are worked on.
pub(super) struct Admission {
    queue: Queue,
    body_deadline: Duration,
    refresh_cookie: String,
    elsewhere: Option<Contract>,
}

impl Admission {
    /// Requests of the contract `elsewhere` take no place: they wait for another service, which
    /// bounds them by itself and must not hold up the others. What else may come to wait for it is to
    /// [`leave`] its place.
    pub(super) fn new(settings: &super::HttpSettings, elsewhere: Option<Contract>) -> Self {
        Self {
            queue: Queue::new(settings.admission),
            body_deadline: settings.body_deadline,
            refresh_cookie: settings.cookies.refresh_name.clone(),
            elsewhere,
        }
    }

    /// Waits for the body, then for a place; none for requests that need none. Where there is no
    /// place, `spoken` knows the contract.
    pub(super) async fn admit(
        &self,
        request: &mut Request,
        spoken: &Spoken,
    ) -> Result<Option<Place>, TurnedAway> {
        if ALWAYS_ADMITTED.contains(&request.uri().path()) {
            return Ok(None);
        }
        body::arrive(request, self.body_deadline).await;
        let find_out = || spoken.find_out(request, &self.refresh_cookie);
        if self.elsewhere.is_some() && find_out() == self.elsewhere {
            return Ok(None);
        }
        let place = self.queue.enter().await.inspect_err(|_| {
            find_out();
        })?;
        if self.elsewhere.is_some() {
            request.extensions_mut().insert(place.clone());
        }
        Ok(Some(place))
    }
}

/// Leaves the place of `request`, which is going to wait for another service.
pub(super) fn leave(request: &Request) {
    if let Some(place) = request.extensions().get::<Place>() {
        place.leave();
    }
}
