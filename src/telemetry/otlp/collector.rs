//! The way to the collector.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE, USER_AGENT};
use http::{HeaderMap, Request, Response};
use opentelemetry_http::{HttpClient, HttpError};
use tracing::{info, warn};

/// The most of an answer that is read: a few words.
const MOST_BYTES: u64 = 64 * 1024;

/// Sends what it is given, and says when that begins to fail and when it no longer does.
#[derive(Debug)]
pub(super) struct Collector {
    agent: ureq::Agent,
    headers: HeaderMap,
    is_away: AtomicBool,
}

impl Collector {
    /// One that gets `headers` along, and has so much time for each answer.
    pub(super) fn new(headers: HeaderMap, deadline: Duration) -> Self {
        let agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            // They would take the headers elsewhere.
            .max_redirects(0)
            .max_redirects_will_error(false)
            .proxy(None)
            .timeout_global(Some(deadline))
            .build();
        Self {
            agent: agent.into(),
            headers,
            is_away: AtomicBool::new(false),
        }
    }

    fn send(&self, mut request: Request<Bytes>) -> Result<Response<Bytes>, ureq::Error> {
        // What else the library sends, it has read from the environment, past the settings.
        let plain = [CONTENT_TYPE, CONTENT_ENCODING, USER_AGENT];
        let headers = request.headers_mut();
        let plain = plain.map(|name| headers.remove(&name).map(|value| (name, value)));
        *headers = self.headers.clone();
        headers.extend(plain.into_iter().flatten());
        let answer = self.agent.run(request.map(|body| body.to_vec()))?;
        let (head, body) = answer.into_parts();
        let body = body.into_with_config().limit(MOST_BYTES).read_to_vec()?;
        Ok(Response::from_parts(head, body.into()))
    }

    /// Says once that nothing can be sent, and once that it can be again.
    fn note(&self, trouble: Option<String>) {
        let was_away = self.is_away.swap(trouble.is_some(), Ordering::Relaxed);
        match trouble {
            Some(why) if !was_away => warn!(
                %why,
                "traces cannot be exported and are lost until they can (OTEL_EXPORTER_OTLP_ENDPOINT)"
            ),
            None if was_away => info!("traces are exported again"),
            Some(_) | None => {}
        }
    }
}

#[async_trait]
impl HttpClient for Collector {
    /// Waits in the thread that calls it, which is there for nothing else.
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let answer = self.send(request);
        self.note(match &answer {
            Ok(answer) if answer.status().is_success() => None,
            Ok(answer) => Some(format!("the collector answers {}", answer.status())),
            Err(error) => Some(error.to_string()),
        });
        Ok(answer?)
    }
}
