//! The service over real HTTP, and on its origin a page, an API behind it, and a say for the script.

use std::sync::{Arc, Mutex};

use chrono::TimeDelta;
use poem::http::{Method, StatusCode};
use poem::listener::{Acceptor as _, Listener as _, TcpListener};
use poem::web::{Html, Json};
use poem::{Endpoint as _, IntoResponse as _, Request, Response, Server};
use remint::domain::Contract;
use serde_json::{Value, json};

use crate::harness::{TestApp, request, spawn_with};

/// A page that does nothing.
const PAGE: &str = "<!doctype html><title>test</title><link rel=\"icon\" href=\"data:,\">";

/// Runs until it is dropped.
pub(super) struct Site {
    pub(super) origin: String,
    server: tokio::task::JoinHandle<()>,
}

impl Drop for Site {
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// What answers, and what it was asked.
struct Stage {
    app: TestApp,
    requests: Mutex<Vec<String>>,
}

/// Serves a service with these settings.
pub(super) async fn serve(settings: &[(&str, &str)]) -> Site {
    let stage = Arc::new(Stage {
        app: spawn_with(settings).await,
        requests: Mutex::default(),
    });
    let endpoint = poem::endpoint::make(move |request: Request| {
        let stage = Arc::clone(&stage);
        async move { Ok::<Response, poem::Error>(stage.answer(request).await) }
    });
    let acceptor = TcpListener::bind("127.0.0.1:0").into_acceptor().await;
    let acceptor = acceptor.unwrap();
    let address = acceptor.local_addr()[0].as_socket_addr().copied().unwrap();
    let server = tokio::spawn(async move {
        Server::new_with_acceptor(acceptor).run(endpoint).await.ok();
    });
    Site {
        // Browsers trust it like HTTPS.
        origin: format!("http://localhost:{}", address.port()),
        server,
    }
}

impl Stage {
    async fn answer(&self, mut request: Request) -> Response {
        let path = request.uri().path().to_owned();
        if let Some(verb) = path.strip_prefix("/test/") {
            let body = request.take_body().into_bytes().await.unwrap();
            return self
                .obey(verb, &serde_json::from_slice(&body).unwrap_or_default())
                .await;
        }
        if path == "/page" {
            return Html(PAGE).into_response();
        }
        let line = format!("{} {path}", request.method());
        let response = match path.as_str() {
            "/api/reports" => self.report(request).await,
            _ => self.app.endpoint.get_response(request).await,
        };
        let line = format!("{line} {}", response.status().as_u16());
        self.requests.lock().unwrap().push(line);
        response
    }

    /// An API that lets in whom remint lets in, and says what it was sent.
    async fn report(&self, mut asked: Request) -> Response {
        let mut question = request(Method::GET, "/api/auth/verify").finish();
        *question.headers_mut() = asked.headers().clone();
        let verdict = self.app.endpoint.get_response(question).await;
        if verdict.status() != StatusCode::NO_CONTENT {
            return verdict.status().into_response();
        }
        let sent = asked.take_body().into_string().await.unwrap();
        Json(json!({"subject": verdict.header("x-auth-subject"), "sent": sent})).into_response()
    }

    /// Does what the script wants of the world.
    async fn obey(&self, verb: &str, argument: &Value) -> Response {
        match verb {
            "start" => return self.start(argument.as_str().unwrap()).await,
            "pass" => self
                .app
                .advance(TimeDelta::minutes(argument.as_i64().unwrap())),
            "deactivate" => self.app.sql("UPDATE users SET is_active = FALSE").await,
            "activate" => self.app.sql("UPDATE users SET is_active = TRUE").await,
            "break" => self.app.sql("ALTER TABLE users RENAME TO away").await,
            "mend" => self.app.sql("ALTER TABLE away RENAME TO users").await,
            "requests" => {
                let requests = std::mem::take(&mut *self.requests.lock().unwrap());
                return Json(requests).into_response();
            }
            _ => panic!("no verb {verb}"),
        }
        StatusCode::NO_CONTENT.into_response()
    }

    /// What the login of alice gives her frontend.
    async fn start(&self, contract: &str) -> Response {
        let contract = Contract::of_word(contract);
        let grant = self.app.start(contract.unwrap(), "alice").await;
        Json(json!({
            "accessToken": grant.access_token,
            "refreshToken": grant.refresh_token,
        }))
        .into_response()
    }
}
