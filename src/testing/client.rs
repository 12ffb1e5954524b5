//! Sends requests to a service and reads its answers, over the wire.

use std::time::Duration;

use http::{HeaderMap, Method, Request};
use tokio::runtime::Handle;

use super::{Answer, Result, TestError};

/// Longer than the service's own deadlines by default, so that their answers are seen.
const PATIENCE: Duration = Duration::from_mins(1);

/// A client of one listener.
///
/// *Why a blocking client.* It is the one that the binary has anyway, so this module brings no
/// dependency; and the threads that it waits on are the service's, so any executor may call.
#[derive(Clone)]
pub(super) struct Client {
    agent: ureq::Agent,
    base_url: String,
    runtime: Handle,
}

impl Client {
    pub(super) fn new(base_url: String, runtime: Handle) -> Self {
        let agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .allow_non_standard_methods(true)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .timeout_global(Some(PATIENCE))
            // The service is on this machine, where no proxy of the environment leads.
            .proxy(None);
        Self {
            agent: agent.build().into(),
            base_url,
            runtime,
        }
    }

    pub(super) fn base_url(&self) -> &str {
        &self.base_url
    }

    /// The answer to a request whose URL is a path.
    pub(super) async fn send(&self, mut request: Request<String>) -> Result<Answer> {
        let uri = request.uri();
        let path = uri.path_and_query().map_or("/", |path| path.as_str());
        let name = format!("{} {}", request.method(), uri.path());
        let failed = |source: Box<dyn std::error::Error + Send + Sync>| TestError::Request {
            request: name.clone(),
            source,
        };
        let url = format!("{}{path}", self.base_url).parse();
        *request.uri_mut() = url.map_err(|error: http::uri::InvalidUri| failed(error.into()))?;
        let agent = self.agent.clone();
        let answered = self
            .runtime
            .spawn_blocking(move || exchange(&agent, request));
        let answered = answered.await.map_err(|_| TestError::Stopped)?;
        let (status, headers, body) = answered.map_err(|error| failed(error.into()))?;
        Ok(Answer::new(name, status, headers, body))
    }

    pub(super) async fn get(&self, path: &str) -> Result<Answer> {
        self.send(at(Method::GET, path, String::new())?).await
    }

    pub(super) async fn post_json(&self, path: &str, body: &serde_json::Value) -> Result<Answer> {
        let mut request = at(Method::POST, path, body.to_string())?;
        set(&mut request, "content-type", "application/json")?;
        self.send(request).await
    }
}

/// A request to be filled in.
pub(super) fn at(method: Method, path: &str, body: String) -> Result<Request<String>> {
    let request = Request::builder().method(method).uri(path).body(body);
    request.map_err(|error| unsendable(path, error))
}

/// Puts a header into it.
pub(super) fn set(request: &mut Request<String>, name: &'static str, value: &str) -> Result<()> {
    let path = request.uri().path().to_owned();
    let value = value.parse().map_err(|error| unsendable(&path, error))?;
    request.headers_mut().insert(name, value);
    Ok(())
}

fn unsendable(path: &str, error: impl Into<http::Error>) -> TestError {
    TestError::Request {
        request: path.to_owned(),
        source: error.into().into(),
    }
}

fn exchange(
    agent: &ureq::Agent,
    request: Request<String>,
) -> Result<(u16, HeaderMap, String), ureq::Error> {
    // A GET with a body, and be it an empty one, is not what clients send.
    let mut response = if request.body().is_empty() && request.method() != Method::POST {
        agent.run(request.map(drop))?
    } else {
        agent.run(request)?
    };
    let body = response.body_mut().read_to_string()?;
    Ok((response.status().as_u16(), response.headers().clone(), body))
}
