//! Ways into a service: within this process, or over a connection that is kept alive.

use std::io::{Error, ErrorKind, Result};
use std::net::SocketAddr;
use std::sync::Arc;

use poem::endpoint::BoxEndpoint;
use poem::http::{HeaderMap, HeaderName, HeaderValue, Method};
use poem::{Endpoint as _, Response};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;
use tracing::instrument::WithSubscriber as _;
use tracing::subscriber::NoSubscriber;

use crate::harness::process::Service;
use crate::harness::{Answer, TestApp, request};

/// A request, whichever way it takes.
#[derive(Clone)]
pub(crate) struct Call {
    pub(crate) method: Method,
    pub(crate) path: &'static str,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: String,
}

impl Call {
    /// `POST` with a JSON body.
    pub(crate) fn json(path: &'static str, body: &Value) -> Self {
        Self {
            method: Method::POST,
            path,
            headers: vec![("content-type", "application/json".to_owned())],
            body: body.to_string(),
        }
    }

    /// `POST` with those parameters.
    pub(crate) fn form(path: &'static str, parameters: &[(&str, &str)]) -> Self {
        let mut form = form_urlencoded::Serializer::new(String::new());
        let media_type = "application/x-www-form-urlencoded".to_owned();
        Self {
            method: Method::POST,
            path,
            headers: vec![("content-type", media_type)],
            body: form.extend_pairs(parameters).finish(),
        }
    }

    /// The same with one more header.
    pub(crate) fn with(mut self, name: &'static str, value: String) -> Self {
        self.headers.push((name, value));
        self
    }
}

/// One client's ways into a service: to what everybody reaches, and to the admin listener.
pub(crate) struct Door {
    public: Way,
    admin: Way,
}

enum Way {
    /// Past the sockets.
    Inside(Arc<BoxEndpoint<'static, Response>>),
    /// Over a connection, opened by the first call and again by the one after a failure.
    Outside(SocketAddr, Option<BufReader<TcpStream>>),
}

impl Door {
    pub(crate) fn of(app: &TestApp) -> Self {
        let admin = app.admin_endpoint.as_ref().unwrap();
        Self {
            public: Way::Inside(Arc::clone(&app.endpoint)),
            admin: Way::Inside(Arc::clone(admin)),
        }
    }

    pub(crate) fn to(service: &Service) -> Self {
        Self {
            public: Way::Outside(service.address(), None),
            admin: Way::Outside(service.admin_address(), None),
        }
    }

    /// The answer, or the failure of the connection on the way.
    pub(crate) async fn call(&mut self, call: &Call) -> Result<Answer> {
        let is_admin = call.path.starts_with("/admin/");
        let way = if is_admin {
            &mut self.admin
        } else {
            &mut self.public
        };
        way.call(call).await
    }
}

impl Way {
    async fn call(&mut self, call: &Call) -> Result<Answer> {
        match self {
            // Thousands of calls a second would fill the log that other tests search.
            Self::Inside(endpoint) => Ok(inside(endpoint, call)
                .with_subscriber(NoSubscriber::new())
                .await),
            Self::Outside(address, connection) => {
                let mut stream = match connection.take() {
                    Some(stream) => stream,
                    None => BufReader::new(TcpStream::connect(*address).await?),
                };
                let answer = outside(&mut stream, call).await?;
                *connection = Some(stream);
                Ok(answer)
            }
        }
    }
}

async fn inside(endpoint: &BoxEndpoint<'static, Response>, call: &Call) -> Answer {
    let mut request = request(call.method.clone(), call.path);
    for (name, value) in &call.headers {
        request = request.header(*name, value);
    }
    let response = endpoint.get_response(request.body(call.body.clone())).await;
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let body = response.into_body().into_string().await.unwrap();
    Answer::new(call.path, status, headers, body)
}

async fn outside(stream: &mut BufReader<TcpStream>, call: &Call) -> Result<Answer> {
    let Call {
        method,
        path,
        headers,
        body,
    } = call;
    let lines = headers.iter().fold(String::new(), |lines, (name, value)| {
        lines + name + ": " + value + "\r\n"
    });
    let length = body.len();
    let request = format!(
        "{method} {path} HTTP/1.1\r\nhost: remint\r\n{lines}content-length: {length}\r\n\r\n{body}"
    );
    stream.write_all(request.as_bytes()).await?;

    let status = line(stream).await?;
    let mut headers = HeaderMap::new();
    loop {
        let line = line(stream).await?;
        let Some((name, value)) = line.split_once(": ") else {
            break;
        };
        let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
        headers.append(name, HeaderValue::from_str(value).unwrap());
    }
    let length = headers.get("content-length");
    let length = length.map_or(0, |length| length.to_str().unwrap().parse().unwrap());
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await?;
    let status = status.split(' ').nth(1).unwrap().parse().unwrap();
    let body = String::from_utf8(body).unwrap();
    Ok(Answer::new(*path, status, headers, body))
}

/// The next line of a head, without its end.
async fn line(stream: &mut BufReader<TcpStream>) -> Result<String> {
    let mut line = String::new();
    stream.read_line(&mut line).await?;
    let line = line.strip_suffix("\r\n").map(str::to_owned);
    line.ok_or_else(|| Error::from(ErrorKind::UnexpectedEof))
}
