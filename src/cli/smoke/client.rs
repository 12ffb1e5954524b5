//! Sends the steps and compares what comes back.

use std::fmt::Display;
use std::path::Path;
use std::time::Duration;
use std::{fs, thread};

use serde_json::Value;
use ureq::tls::{PemItem, RootCerts, TlsConfig, parse_pem};

use super::super::terminal::{Failure, note};
use super::steps::{Request, Step};

/// For so long a step waits at most, each time that the service says so.
const PATIENCE: Duration = Duration::from_mins(1);

pub(super) struct Client {
    agent: ureq::Agent,
    url: String,
    /// The most seconds that a token may promise to live.
    longest: i64,
    /// The last token that came back.
    pub(super) fresh: Option<String>,
}

impl Client {
    /// A client of the service at `url`, who believes in the certificates of a file, or else in
    /// those of the public authorities.
    pub(super) fn new(url: &str, cacert: Option<&Path>, longest: i64) -> Result<Self, Failure> {
        let mut agent = ureq::Agent::config_builder().http_status_as_error(false);
        if let Some(file) = cacert {
            let tls = TlsConfig::builder().root_certs(roots(file)?);
            agent = agent.tls_config(tls.build());
        }
        Ok(Self {
            agent: agent.build().into(),
            url: url.trim_end_matches('/').to_owned(),
            longest,
            fresh: None,
        })
    }

    /// A row of the table: name, what was expected, what came, the verdict.
    pub(super) fn check(&mut self, step: &Step) -> Result<Vec<String>, Failure> {
        let mut answer = self.send(&step.request)?;
        // The bad tokens of the walk are counted like those of anybody else at this address.
        while let Some(wait) = answer.wait {
            let seconds = wait.as_secs();
            note(format!(
                "429, too many attempts from here: waiting {seconds} s"
            ));
            thread::sleep(wait);
            answer = self.send(&step.request)?;
        }
        let Answer { status, body, .. } = answer;
        let code = body.get("code").and_then(Value::as_str);
        let mut good = status == step.status && code == step.code;
        if let Some(token) = body.get("access_token").and_then(Value::as_str) {
            let promised = body
                .get("expires_in")
                .and_then(Value::as_i64)
                .unwrap_or_default();
            good &= (1..=self.longest).contains(&promised);
            self.fresh = Some(token.to_owned());
        }
        let verdict = if good { "ok" } else { "WRONG" };
        let (expected, got) = (shown(step.status, step.code), shown(status, code));
        Ok(vec![
            step.name.to_owned(),
            expected,
            got,
            verdict.to_owned(),
        ])
    }

    fn send(&self, request: &Request) -> Result<Answer, Failure> {
        let url = &self.url;
        let sent = match request {
            Request::Get(path) => self.agent.get(format!("{url}{path}")).call(),
            Request::Refresh(media_type, body) => {
                let post = self.agent.post(format!("{url}/api/auth/refresh"));
                post.header("content-type", *media_type).send(body)
            }
            Request::Verify(token) => {
                let get = self.agent.get(format!("{url}/api/auth/verify"));
                get.header("authorization", format!("Bearer {token}"))
                    .call()
            }
        };
        let mut response = sent.map_err(|error| {
            let advice = advice(&error);
            format!("{url} does not answer: {error}{advice}")
        })?;
        let body = response.body_mut().read_to_string()?;
        let status = response.status().as_u16();
        let seconds = response.headers().get("retry-after");
        let seconds = seconds.and_then(|value| value.to_str().ok()?.parse().ok());
        Ok(Answer {
            status,
            body: serde_json::from_str(&body).unwrap_or_default(),
            wait: seconds
                .filter(|_| status == TOO_MANY_REQUESTS)
                .map(Duration::from_secs)
                .filter(|wait| *wait <= PATIENCE),
        })
    }
}

/// The certificates of a file in PEM.
fn roots(file: &Path) -> Result<RootCerts, Failure> {
    let unreadable = |why: &dyn Display| format!("{} cannot be used: {why}", file.display());
    let text = fs::read(file).map_err(|error| unreadable(&error))?;
    let items = parse_pem(&text).map(|item| item.map_err(|error| unreadable(&error)));
    let mut roots = Vec::new();
    for item in items {
        if let PemItem::Certificate(certificate) = item? {
            roots.push(certificate);
        }
    }
    if roots.is_empty() {
        return Err(unreadable(&"there is no certificate in it").into());
    }
    Ok(RootCerts::from(roots))
}

/// What to do about an error, where that is known.
fn advice(error: &ureq::Error) -> &'static str {
    let error = error.to_string();
    if error.contains("CaUsedAsEndEntity") {
        "; that is the certificate of an authority, which no server may show: of `openssl req -x509`, \
         `-addext basicConstraints=critical,CA:FALSE` makes one for a server"
    } else if error.contains("invalid peer certificate") {
        "; --cacert names a file with the certificates to believe in"
    } else {
        ""
    }
}

/// What came back.
struct Answer {
    status: u16,
    body: Value,
    /// How long to wait before the same is sent again.
    wait: Option<Duration>,
}

const TOO_MANY_REQUESTS: u16 = 429;

fn shown(status: u16, code: Option<&str>) -> String {
    code.map_or_else(|| status.to_string(), |code| format!("{status} {code}"))
}
