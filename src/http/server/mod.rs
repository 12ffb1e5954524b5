//! Connections: accepts them, bounds them, lets them finish.
//!
//! *Why not poem's server.* It has no time-out for a request's head, spins when file descriptors
//! run out, and cannot cap connections (hyper, below it, has what is needed). Routing, endpoints
//! and documents are poem's.

mod head_guard;
mod listener;
mod seats;
mod tls;
mod write_guard;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use poem::Endpoint;
use poem::http::uri::Scheme;
use poem::http::{HeaderValue, header};
use tokio::task::coop::unconstrained;
use tokio::time::{sleep, timeout};
use tokio_util::either::Either;
use tracing::{debug, warn};

use super::Readiness;
use head_guard::HeadGuard;
use listener::Accepted;
use seats::{Seat, Seats};
use write_guard::WriteGuard;

pub use listener::{ListenAddress, Listener, NotAListenAddress};
pub use tls::{Tls, TlsError, TlsFiles};

/// The largest head of a request, in bytes; beyond it the answer is 431.
const MAX_HEAD_BYTES: usize = 16 * 1024;

/// After a failed `accept` the next try waits, because what it lacks (file descriptors, mostly)
/// does not come back by asking again.
const PAUSE_AFTER_ACCEPT_ERROR: Duration = Duration::from_millis(50);

/// For how long a peer may read nothing of an answer that waits for it.
const WRITE_DEADLINE: Duration = Duration::from_secs(15);

/// For how long a connection without a request stays open after the listener has closed: a proxy
/// may be sending into it at this moment, and cannot know whether a request that gets no answer was
/// acted on.
const LAST_REQUESTS: Duration = Duration::from_secs(1);

/// The bounds of connections.
#[derive(Debug, Clone, Copy)]
pub struct ServerSettings {
    /// The most connections at a time. For one more the longest idle one is closed; where none is
    /// idle it waits in the kernel's queue.
    pub max_connections: usize,
    /// How long the head of a request may take from its first byte to its last.
    pub head_deadline: Duration,
    /// How long a connection may sit between two requests. Longer than the minute that proxies
    /// keep theirs, so that they never send into one that is just being closed.
    pub idle_deadline: Duration,
    /// How long the listeners stay open once the service is told to stop.
    pub shutdown_delay: Duration,
    /// How long requests in flight may take after that.
    pub shutdown_deadline: Duration,
}

/// Serves `endpoint` until `stop` is ready, then lets what is in flight finish, also what nobody waits for.
///
/// From when `readiness` says that the service is draining, each answer is the last one of its
/// connection, so that proxies come to have no connection left that they could send into.
pub async fn serve(
    listener: Listener,
    endpoint: Arc<impl Endpoint + 'static>,
    settings: ServerSettings,
    readiness: Arc<Readiness>,
    stop: impl Future<Output = ()>,
) -> io::Result<()> {
    let graceful = GracefulShutdown::new();
    let seats = Seats::new(settings.max_connections);
    let attendant = Arc::new(Attendant {
        endpoint,
        http: http(settings),
        tls: listener.tls.clone(),
        head_deadline: settings.head_deadline,
        readiness: Arc::clone(&readiness),
    });
    let attend = |accepted: Accepted, seat: Seat| {
        let (attendant, watcher) = (Arc::clone(&attendant), graceful.watcher());
        tokio::spawn(async move {
            tokio::select! {
                () = attendant.attend(accepted, &seat, watcher) => {}
                () = seat.dismissed() => debug!("an idle connection made room for another one"),
            }
        });
    };

    tokio::pin!(stop);
    loop {
        let next = async { (seats.take().await, listener.accept().await) };
        let (seat, accepted) = tokio::select! {
            () = &mut stop => break,
            next = next => next,
        };
        match accepted {
            Ok(accepted) => attend(accepted, seat),
            Err(error) => {
                warn!(%error, "a connection could not be accepted");
                sleep(PAUSE_AFTER_ACCEPT_ERROR).await;
            }
        }
    }

    // Whom the kernel has let in, but nobody has accepted, would be cut off with their requests.
    // There may be more than the runtime lets one task accept at a time.
    while let Some(seat) = seats.try_take()
        && let Some(Ok(accepted)) = unconstrained(listener.accept()).now_or_never()
    {
        attend(accepted, seat);
    }
    drop(listener);
    let finish = async {
        // As long as anybody is connected.
        let all_left = seats.all_left(settings.max_connections);
        timeout(LAST_REQUESTS, all_left).await.ok();
        graceful.shutdown().await;
        readiness.unattended().close();
        readiness.unattended().wait().await;
    };
    if timeout(settings.shutdown_deadline, finish).await.is_err() {
        warn!("requests in flight ran into the shutdown deadline and were cut");
    }
    Ok(())
}

fn http(settings: ServerSettings) -> http1::Builder {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(settings.idle_deadline)
        .max_buf_size(MAX_HEAD_BYTES);
    http
}

/// Answers what comes over connections.
struct Attendant<E> {
    endpoint: Arc<E>,
    http: http1::Builder,
    tls: Option<Tls>,
    head_deadline: Duration,
    readiness: Arc<Readiness>,
}

impl<E: Endpoint + 'static> Attendant<E> {
    /// Answers one connection to its end.
    async fn attend(&self, accepted: Accepted, seat: &Seat, watcher: Watcher) {
        let Accepted {
            stream,
            local,
            remote,
        } = accepted;
        // Below TLS, as it is the peer who does not read, whatever is written.
        let stream = WriteGuard::new(stream, WRITE_DEADLINE);
        let (stream, scheme) = match &self.tls {
            None => (Either::Left(stream), Scheme::HTTP),
            // Boxed, or connections without it would be as large as those with it.
            Some(tls) => match timeout(self.head_deadline, Box::pin(tls.accept(stream))).await {
                Ok(Ok(stream)) => (Either::Right(Box::new(stream)), Scheme::HTTPS),
                Ok(Err(error)) => return debug!(%error, "a TLS handshake failed"),
                Err(_) => return debug!("a TLS handshake took too long"),
            },
        };
        let guarded = TokioIo::new(HeadGuard::new(stream, self.head_deadline));
        let service = service_fn(move |request: hyper::Request<Incoming>| {
            let from = (local.clone(), remote.clone(), scheme.clone());
            let (endpoint, readiness) = (Arc::clone(&self.endpoint), Arc::clone(&self.readiness));
            async move {
                seat.work();
                let (local, remote, scheme) = from;
                let request = (request, local, remote, scheme).into();
                // Not by way of the `Arc`, which is an endpoint as well and moves the request once more.
                let mut response = E::get_response(&endpoint, request).await;
                if readiness.is_draining() {
                    let close = HeaderValue::from_static("close");
                    response.headers_mut().insert(header::CONNECTION, close);
                }
                seat.rest();
                Ok::<hyper::Response<_>, std::convert::Infallible>(response.into())
            }
        });
        let connection = self.http.serve_connection(guarded, service);
        if let Err(error) = watcher.watch(connection).await {
            debug!(%error, "a connection broke");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::ready;
    use std::pin::pin;

    use futures_util::poll;
    use poem::endpoint::make_sync;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpStream;
    use tokio::sync::Notify;
    use tokio::task::yield_now;

    use super::*;

    const SETTINGS: ServerSettings = ServerSettings {
        max_connections: 1_000,
        head_deadline: Duration::from_secs(10),
        idle_deadline: Duration::from_secs(10),
        shutdown_delay: Duration::ZERO,
        shutdown_deadline: Duration::from_secs(10),
    };

    #[tokio::test]
    async fn work_that_nobody_waits_for_is_finished_before_the_end() {
        let address = "127.0.0.1:0".parse().unwrap();
        let listener = Listener::bind(&address, 0, None).await.unwrap();
        let (readiness, go_on) = (Arc::new(Readiness::default()), Arc::new(Notify::new()));
        let waits = Arc::clone(&go_on);
        readiness
            .unattended()
            .spawn(async move { waits.notified().await });
        let endpoint = Arc::new(make_sync(|_| "answered"));
        let served = serve(listener, endpoint, SETTINGS, readiness, ready(()));
        let mut served = pin!(served);

        // Whatever it could do without that work it has done by then.
        for _ in 0..9 {
            assert!(poll!(&mut served).is_pending());
            yield_now().await;
        }
        go_on.notify_one();

        served.await.unwrap();
    }

    /// A listener, and as many clients as the kernel lets in everywhere, each with a request.
    async fn crowd() -> (Listener, Vec<TcpStream>) {
        let address = "127.0.0.1:0".parse().unwrap();
        let listener = Listener::bind(&address, 0, None).await.unwrap();
        let address = listener.address().unwrap().to_string();
        let mut clients = Vec::new();
        for _ in 0..100 {
            let mut client = TcpStream::connect(&address).await.unwrap();
            client.write_all(b"GET / HTTP/1.0\r\n\r\n").await.unwrap();
            clients.push(client);
        }
        (listener, clients)
    }

    #[tokio::test]
    async fn whoever_was_let_in_before_the_end_is_answered_however_many_there_are() {
        let endpoint = Arc::new(make_sync(|_| "answered"));
        let serve = |listener| {
            serve(
                listener,
                Arc::clone(&endpoint),
                SETTINGS,
                Arc::default(),
                ready(()),
            )
        };
        let (listener, mut clients) = crowd().await;
        let (admin_listener, admins) = crowd().await;
        clients.extend(admins);

        tokio::try_join!(serve(listener), serve(admin_listener)).unwrap();

        for client in &mut clients {
            let mut answer = String::new();
            client.read_to_string(&mut answer).await.unwrap();
            assert!(answer.ends_with("answered"), "{answer}");
        }
    }
}
