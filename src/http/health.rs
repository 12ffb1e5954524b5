//! Liveness and readiness, without versions or details.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use poem_openapi::{ApiResponse, OpenApi, Tags};
use tokio_util::task::TaskTracker;

use crate::service::{SessionStore, UserDirectory};

use super::example::ExampleOf;
use super::problem::{Code, ProblemJson, RETRY_AFTER_SECONDS, UNAVAILABLE};

/// Whether the service wants more requests, and what it still works on.
#[derive(Debug, Default)]
pub struct Readiness {
    draining: AtomicBool,
    unattended: TaskTracker,
}

impl Readiness {
    /// From now on `/readyz` says no, so that a load balancer turns elsewhere.
    pub fn drain(&self) {
        self.draining.store(true, Ordering::Release);
    }

    /// Whether it says so.
    pub(super) fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Acquire)
    }

    /// Work on requests whose clients hung up, which is to be finished all the same.
    pub(super) fn unattended(&self) -> &TaskTracker {
        &self.unattended
    }
}

pub(super) struct HealthApi {
    pub(super) directory: Arc<dyn UserDirectory>,
    pub(super) sessions: Arc<dyn SessionStore>,
    pub(super) readiness: Arc<Readiness>,
}

/// The answer of `/healthz`.
#[derive(ApiResponse)]
enum Alive {
    /// The process runs. The body is empty.
    #[oai(status = 200)]
    Ok,
}

/// The answers of `/readyz`.
#[derive(ApiResponse)]
enum Ready {
    /// Send requests. The body is empty.
    #[oai(status = 200)]
    Ok,
    /// Send them elsewhere: the database does not answer, or the service is shutting down.
    #[oai(
        status = 503,
        actual_type = "ExampleOf<{ Code::Unavailable as usize }>"
    )]
    Unavailable(ProblemJson, #[oai(header = "Retry-After")] u64),
}

/// Of its own, because both listeners have it, and not the rest of each other's.
#[derive(Tags)]
enum Tag {
    /// Liveness and readiness.
    Health,
}

impl HealthApi {
    async fn databases_answer(&self) -> bool {
        self.directory.ping().await.is_ok() && self.sessions.ping().await.is_ok()
    }
}

#[OpenApi(tag = "Tag::Health")]
impl HealthApi {
    /// Does the process run?
    ///
    /// For a supervisor that restarts what hangs. Looks at no database.
    #[oai(path = "/healthz", method = "get", operation_id = "health")]
    #[expect(clippy::unused_async, reason = "the macro wants it so")]
    async fn health(&self) -> Alive {
        Alive::Ok
    }

    /// Can it serve?
    ///
    /// For a load balancer: asks the databases, and says no while the service shuts down.
    #[oai(path = "/readyz", method = "get", operation_id = "readiness")]
    async fn readiness(&self) -> Ready {
        if !self.readiness.is_draining() && self.databases_answer().await {
            return Ready::Ok;
        }
        let problem = Code::Unavailable.problem(UNAVAILABLE);
        Ready::Unavailable(problem, RETRY_AFTER_SECONDS)
    }
}
