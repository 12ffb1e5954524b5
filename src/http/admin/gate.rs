//! Lets only those in who have the key.
//!
//! *Why around everything.* An operation that forgot to ask would be open, and so would another
//! spelling of a path that a list of closed ones does not know. So all is closed that is not named
//! here, whether it is there or not.

use poem::http::header::AUTHORIZATION;
use poem::{Endpoint, IntoResponse, Request, Response, Result};

use super::super::audit::{Audit, Audited};
use super::super::bearer::Bearer;
use super::super::problem::Code;
use super::ADMIN;
use super::guarded::Refused;
use super::key::AdminKey;

/// The one thing that is said to whoever has not the key.
pub(in crate::http) const REFUSED: &str = "send the admin key as Authorization: Bearer";

/// What is for everybody: probes, and documents, which a browser asks for without a key.
const OPEN: [&str; 5] = [
    "/docs",
    "/healthz",
    "/openapi.json",
    "/openapi.yaml",
    "/readyz",
];

/// What a key of its own opens: whoever reads figures need not be able to log in as anybody.
const METRICS: &str = "/metrics";

/// Where the pages are that explain a problem.
const PROBLEMS: &str = "/problems/";

pub(super) struct Gate<E> {
    inner: E,
    key: AdminKey,
    metrics_key: Option<AdminKey>,
}

impl<E: Endpoint> Gate<E> {
    pub(super) fn new(inner: E, key: AdminKey, metrics_key: Option<AdminKey>) -> Self {
        Self {
            inner,
            key,
            metrics_key,
        }
    }

    /// What is wrong with the key of that request, for the log alone.
    fn complaint(&self, request: &Request) -> Option<&'static str> {
        match Bearer::read(request) {
            Bearer::Credential(key) if self.key.is(&key) || self.reads_figures(request, &key) => {
                None
            }
            Bearer::Credential(_) => Some("another key"),
            Bearer::Missing if request.headers().contains_key(AUTHORIZATION) => {
                Some("another scheme than Bearer")
            }
            Bearer::Missing => Some("no key"),
            Bearer::Unreadable => Some("several keys, or bytes that no key has"),
        }
    }
}

impl<E> Gate<E> {
    fn reads_figures(&self, request: &Request, key: &str) -> bool {
        let metrics_key = self.metrics_key.as_ref();
        request.uri().path() == METRICS && metrics_key.is_some_and(|it| it.is(key))
    }
}

impl<E: Endpoint> Endpoint for Gate<E> {
    type Output = Response;

    async fn call(&self, request: Request) -> Result<Response> {
        let path = request.uri().path();
        let is_open = OPEN.contains(&path) || path.starts_with(PROBLEMS);
        match self.complaint(&request).filter(|_| !is_open) {
            Some(complaint) => Ok(refuse(complaint).into_response()),
            None => Ok(self.inner.call(request).await?.into_response()),
        }
    }
}

fn refuse(complaint: &str) -> Audited<Refused> {
    let code = Code::AdminRefused;
    Audited {
        reply: Refused::Unauthorized(code.problem(REFUSED), "Bearer".to_owned()),
        audit: Audit {
            contract: ADMIN,
            outcome: code.word(),
            reason: complaint.to_owned(),
            is_failure: true,
            ..Audit::default()
        },
    }
}
