//! The thread that a service of a test runs in.
//!
//! *Why a thread of its own.* A test's runtime ends with the test and may have one thread only: a
//! service in it could not be shared between tests, and would stand still while a blocking client
//! waits for it.

use std::future::pending;
use std::sync::Arc;
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use tokio::runtime::{self, Handle};
use tokio::sync::oneshot;
use tokio::time::timeout;

use crate::http::{self, ListenAddress, Listener};

use super::client::Client;
use super::{Assembly, Result, TestError, TestService, TestServiceBuilder};

/// How long statements may take that are still being carried out at the end.
const LAST_STATEMENTS: Duration = Duration::from_secs(5);

/// A service that runs, as seen from outside of its thread.
pub(super) struct Opened {
    pub(super) assembly: Arc<Assembly>,
    pub(super) public: Client,
    pub(super) admin: Option<Client>,
    pub(super) runtime: Handle,
}

/// Ends the service, and waits until it has ended, when it is dropped.
pub(super) struct Host {
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Host {
    /// The service, once its thread has told what became of it.
    pub(super) fn opened(self, told: Option<Result<Opened>>) -> Result<TestService> {
        Ok(TestService::new(told.ok_or(TestError::Stopped)??, self))
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A panic there has failed whichever request met it.
            thread.join().ok();
        }
    }
}

/// Opens the service in a new thread, which calls `tell` as soon as it listens or cannot.
pub(super) fn spawn(
    builder: TestServiceBuilder,
    tell: impl FnOnce(Result<Opened>) + Send + 'static,
) -> Result<Host> {
    let (stop, stopped) = oneshot::channel();
    let runtime = runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let run = move || {
        runtime.block_on(run(builder, tell, stopped));
        // A call that somebody has given up waiting for does not hold this thread up.
        runtime.shutdown_background();
    };
    let thread = Builder::new().name("remint-test".to_owned()).spawn(run)?;
    Ok(Host {
        stop: Some(stop),
        thread: Some(thread),
    })
}

async fn run(
    builder: TestServiceBuilder,
    tell: impl FnOnce(Result<Opened>),
    stopped: oneshot::Receiver<()>,
) {
    let (listeners, opened) = match open(builder).await {
        Ok(opened) => opened,
        Err(error) => return tell(Err(error)),
    };
    let assembly = Arc::clone(&opened.assembly);
    tell(Ok(opened));
    tokio::select! {
        () = serve(&assembly, listeners) => {}
        // Its sender sends nothing: it is dropped.
        _ = stopped => {}
    }
    // Or a file of the temporary folder could be written while the folder is being removed.
    let close = assembly.app.database.clone().close();
    timeout(LAST_STATEMENTS, close).await.ok();
}

type Listeners = (Listener, Option<Listener>);

async fn open(builder: TestServiceBuilder) -> Result<(Listeners, Opened)> {
    let assembly = builder.assemble().await?;
    let config = &assembly.config;
    let listen = async |address: &ListenAddress| {
        let settings = &config.listen;
        Listener::bind(address, settings.socket_mode, settings.tls.as_ref()).await
    };
    let public = listen(&config.listen.address).await?;
    let admin = match &assembly.app.admin_endpoint {
        Some(_) => Some(listen(&config.admin.listen).await?),
        None => None,
    };
    let runtime = Handle::current();
    let client = |listener: &Listener| match listener.url()? {
        url if url.is_empty() => Err(TestError::NoPort),
        url => Ok(Client::new(url, runtime.clone())),
    };
    let opened = Opened {
        public: client(&public)?,
        admin: admin.as_ref().map(client).transpose()?,
        runtime: runtime.clone(),
        assembly: Arc::new(assembly),
    };
    Ok(((public, admin), opened))
}

/// Serves until it is given up.
async fn serve(assembly: &Assembly, (public, admin): Listeners) {
    let (app, settings) = (&assembly.app, assembly.config.server);
    let readiness = || Arc::clone(&app.readiness);
    let endpoint = Arc::clone(&app.endpoint);
    let public = http::serve(public, endpoint, settings, readiness(), pending());
    let admin = async {
        match app.admin_endpoint.clone().zip(admin) {
            Some((endpoint, admin)) => {
                http::serve(admin, endpoint, settings, readiness(), pending()).await
            }
            None => pending().await,
        }
    };
    tokio::join!(public, admin).0.ok();
}
