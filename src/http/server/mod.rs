//! Connections: accepts them, bounds them, lets them finish.
//!
//! *Why not poem's server.* It has no time-out for a request's head, spins when file descriptors
//! run out, and cannot cap connections (hyper, below it, has what is needed). Routing, endpoints
//! and documents are poem's.

mod head_guard;
mod write_guard;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use poem::http::uri::Scheme;
use poem::web::{LocalAddr, RemoteAddr};
use poem::{Addr, Endpoint};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};
use tracing::{debug, warn};

use head_guard::HeadGuard;
use write_guard::WriteGuard;

/// The largest head of a request, in bytes; beyond it the answer is 431.
const MAX_HEAD_BYTES: usize = 16 * 1024;

/// After a failed `accept` the next try waits, because what it lacks (file descriptors, mostly)
/// does not come back by asking again.
const PAUSE_AFTER_ACCEPT_ERROR: Duration = Duration::from_millis(50);

/// For how long a peer may read nothing of an answer that waits for it.
const WRITE_DEADLINE: Duration = Duration::from_secs(15);

/// The bounds of connections.
#[derive(Debug, Clone, Copy)]
pub struct ServerSettings {
    /// The most connections at a time; more wait in the kernel's queue.
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

/// Serves `endpoint` until `stop` is ready, then lets what is in flight finish.
pub async fn serve(
    listener: TcpListener,
    endpoint: Arc<impl Endpoint + 'static>,
    settings: ServerSettings,
    stop: impl Future<Output = ()>,
) -> io::Result<()> {
    let graceful = GracefulShutdown::new();
    let slots = Arc::new(Semaphore::new(settings.max_connections));
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(settings.idle_deadline)
        .max_buf_size(MAX_HEAD_BYTES);

    tokio::pin!(stop);
    loop {
        let next = async {
            let slot = Arc::clone(&slots).acquire_owned().await;
            (slot, listener.accept().await)
        };
        let (slot, accepted) = tokio::select! {
            () = &mut stop => break,
            next = next => next,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                warn!(%error, "a connection could not be accepted");
                sleep(PAUSE_AFTER_ACCEPT_ERROR).await;
                continue;
            }
        };
        let addresses = (
            LocalAddr(Addr::SocketAddr(stream.local_addr().unwrap_or(peer))),
            RemoteAddr(Addr::SocketAddr(peer)),
        );
        let guarded = TokioIo::new(guard(stream, settings.head_deadline));
        let service = service_fn({
            let endpoint = Arc::clone(&endpoint);
            move |request: hyper::Request<Incoming>| {
                let (endpoint, (local, remote)) = (Arc::clone(&endpoint), addresses.clone());
                async move {
                    let request = (request, local, remote, Scheme::HTTP).into();
                    let response = endpoint.get_response(request).await;
                    Ok::<hyper::Response<_>, std::convert::Infallible>(response.into())
                }
            }
        });
        let connection = graceful.watch(http.serve_connection(guarded, service));
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                debug!(%error, "a connection broke");
            }
            drop(slot);
        });
    }

    drop(listener);
    if timeout(settings.shutdown_deadline, graceful.shutdown())
        .await
        .is_err()
    {
        warn!("requests in flight ran into the shutdown deadline and were cut");
    }
    Ok(())
}

fn guard(stream: TcpStream, deadline: Duration) -> HeadGuard<WriteGuard<TcpStream>> {
    // Small answers must not wait for the client's acknowledgement of earlier ones.
    if let Err(error) = stream.set_nodelay(true) {
        debug!(%error, "TCP_NODELAY could not be set");
    }
    HeadGuard::new(WriteGuard::new(stream, WRITE_DEADLINE), deadline)
}
