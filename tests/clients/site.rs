//! What a frontend of the old days talks to, on one origin: remint as people start it, behind a
//! reverse proxy, and an API of the backend that asks remint whom it may let in.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use poem::http::{Method, StatusCode};
use poem::listener::{Acceptor as _, Listener as _, TcpListener};
use poem::web::Json;
use poem::{IntoResponse as _, Request, Response, Server};
use remint::domain::Contract;
use serde_json::{Value, json};
use tokio::sync::watch;

use crate::harness::logs;
use crate::harness::process::{Place, Service};
use crate::harness::servers::{self, Engine, ThrowawayDatabase};

/// The path of the API.
const REPORTS: &str = "/api/reports";

/// Where remint is asked whom it may let in.
const VERIFY: &str = "/api/auth/verify";

/// The origin, a user alice, and every request that came.
pub(super) struct Site {
    pub(super) origin: String,
    pub(super) place: Place,
    pub(super) database: ThrowawayDatabase,
    traffic: Arc<Traffic>,
    server: tokio::task::JoinHandle<()>,
    remint: Arc<Remint>,
    service: Service,
}

/// What came to a site, and when it answers.
#[derive(Default)]
struct Traffic {
    /// One line for each request that was answered.
    answered: watch::Sender<Vec<String>>,
    /// How many requests are answered before any refresh is.
    before_refreshes: AtomicUsize,
}

impl Traffic {
    async fn wait(&self) {
        let before = self.before_refreshes.load(Ordering::Relaxed);
        let mut answered = self.answered.subscribe();
        answered
            .wait_for(|lines| lines.len() >= before)
            .await
            .unwrap();
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Site {
    /// Opens it; none where the database is not installed.
    pub(super) async fn open(engine: Engine, settings: &[(&str, &str)]) -> Option<Self> {
        let database = servers::database(engine).await?;
        let place = Place::new().with("DATABASE_URL", &database.url);
        let place = settings
            .iter()
            .fold(place, |place, (name, value)| place.with(name, value));
        let add = ["user", "add", "alice@example.com", "--id", "alice"];
        place.run(&add).only_line();
        let service = place.serve();
        let traffic = Arc::default();
        let remint = Arc::new(Remint::at(&service));
        let (origin, server) = serve(Arc::clone(&remint), Arc::clone(&traffic)).await;
        Some(Self {
            origin,
            place,
            database,
            traffic,
            server,
            remint,
            service,
        })
    }

    /// What a login leaves in a frontend of alice: a session's refresh token, and an access token
    /// of the old backend that has expired.
    pub(super) fn credentials(&self, contract: Contract) -> Value {
        let start = ["session", "start", "alice", "--json", "--contract"];
        let session = self.place.run(&[&start[..], &[contract.word()]].concat());
        let session = session.json();
        // No two logins get the same token.
        let claim = format!("login={}", session["session_id"]);
        let token = ["token", "--sub", "alice", "--expired-for", "1h", "--claim"];
        let token = self.place.run(&[&token[..], &[&claim]].concat());
        let credentials = json!({
            "accessToken": token.only_line(),
            "refreshToken": session["refresh_token"],
        });
        for token in credentials.as_object().unwrap().values() {
            token.as_str().into_iter().for_each(logs::never);
        }
        credentials
    }

    /// The status of the API for whoever has that access token.
    pub(super) async fn lets_in(&self, access_token: &str) -> u16 {
        let request = Request::builder()
            .uri_str(REPORTS)
            .header("authorization", format!("Bearer {access_token}"));
        let response = answer(Arc::clone(&self.remint), request.finish()).await;
        response.status().as_u16()
    }

    /// What remint itself answers.
    pub(super) async fn send(&self, request: http::Request<Vec<u8>>) -> http::Response<Vec<u8>> {
        Arc::clone(&self.remint).send(request).await
    }

    /// Starts remint anew. It forgets how often it was asked, as it does anyway within a minute.
    pub(super) fn restart(&mut self) {
        self.service = self.place.serve();
        *self.remint.address.lock().unwrap() = self.service.address();
    }

    /// What came since the last call, one line each: method, path, status.
    pub(super) fn requests(&self) -> Vec<String> {
        self.traffic.answered.send_replace(Vec::new())
    }

    /// Keeps the answers to refreshes back until so many other requests are answered.
    pub(super) fn refresh_after(&self, requests: usize) {
        let before = &self.traffic.before_refreshes;
        before.store(requests, Ordering::Relaxed);
    }
}

/// Puts the proxy and the API before `remint`; says where they are.
async fn serve(
    remint: Arc<Remint>,
    traffic: Arc<Traffic>,
) -> (String, tokio::task::JoinHandle<()>) {
    let site = poem::endpoint::make(move |request: Request| {
        let (remint, traffic) = (Arc::clone(&remint), Arc::clone(&traffic));
        async move {
            let line = format!("{} {}", request.method(), request.uri().path());
            let is_refresh = request.method() == Method::POST;
            let response = answer(remint, request).await;
            if is_refresh {
                traffic.wait().await;
            }
            let line = format!("{line} {}", response.status().as_u16());
            traffic.answered.send_modify(|lines| lines.push(line));
            Ok::<Response, poem::Error>(response)
        }
    });
    let acceptor = TcpListener::bind("127.0.0.1:0").into_acceptor().await;
    let acceptor = acceptor.unwrap();
    let address = acceptor.local_addr()[0].as_socket_addr().copied().unwrap();
    let server = tokio::spawn(async move {
        Server::new_with_acceptor(acceptor).run(site).await.ok();
    });
    (format!("http://{address}"), server)
}

async fn answer(remint: Arc<Remint>, request: Request) -> Response {
    if request.uri().path() != REPORTS {
        return remint.pass_on(request).await;
    }
    let mut question = Request::builder().uri_str(VERIFY).finish();
    *question.headers_mut() = request.headers().clone();
    let verdict = remint.pass_on(question).await;
    match verdict.status() {
        StatusCode::NO_CONTENT => {
            Json(json!({"subject": verdict.header("x-auth-subject")})).into_response()
        }
        StatusCode::UNAUTHORIZED => verdict,
        _ => StatusCode::SERVICE_UNAVAILABLE.into_response(),
    }
}

/// The running service, as a proxy sees it.
struct Remint {
    agent: ureq::Agent,
    address: Mutex<SocketAddr>,
}

impl Remint {
    fn at(service: &Service) -> Self {
        let agent = ureq::Agent::config_builder().http_status_as_error(false);
        Self {
            agent: agent.build().into(),
            address: Mutex::new(service.address()),
        }
    }

    /// The answer to that request, whatever host it names.
    async fn send(self: Arc<Self>, request: http::Request<Vec<u8>>) -> http::Response<Vec<u8>> {
        let (mut head, body) = request.into_parts();
        let address = *self.address.lock().unwrap();
        let url = format!("http://{address}{}", head.uri.path());
        head.uri = url.parse().unwrap();
        let send = move || match head.method {
            Method::GET => self.agent.run(http::Request::from_parts(head, ())),
            _ => self.agent.run(http::Request::from_parts(head, body)),
        };
        let answer = tokio::task::spawn_blocking(send).await.unwrap();
        answer.unwrap().map(|mut body| body.read_to_vec().unwrap())
    }

    async fn pass_on(self: Arc<Self>, request: Request) -> Response {
        let (head, body) = request.into_parts();
        let mut request = http::Request::new(body.into_vec().await.unwrap());
        *request.method_mut() = head.method;
        *request.uri_mut() = head.uri;
        *request.headers_mut() = head.headers;
        let (head, body) = self.send(request).await.into_parts();
        let mut response = Response::builder().status(head.status).body(body);
        response.headers_mut().extend(head.headers);
        response
    }
}
