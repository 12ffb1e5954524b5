//! A page and the service on one origin, as a legacy frontend and its backend are.

use std::sync::Arc;

use poem::http::header::SET_COOKIE;
use poem::listener::{Acceptor as _, Listener as _, TcpListener};
use poem::web::Html;
use poem::{Endpoint as _, IntoResponse as _, Request, Response, Route, Server, get, post};
use serde_json::Value;
use tokio::sync::mpsc;
use tokio::time::timeout;

use crate::harness::TestApp;
use crate::harness::process::PATIENCE;

use super::browser::Browser;

const PAGE: &str = include_str!("page.html");

/// The service over real HTTP, and beside it a page whose script says what it saw.
pub(super) struct Site {
    pub(super) origin: String,
    reports: mpsc::UnboundedReceiver<Value>,
    server: tokio::task::JoinHandle<()>,
}

impl Drop for Site {
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// Serves `app`, and a page with `script` that sets `cookie` if there is one.
pub(super) async fn serve(app: &TestApp, script: &str, cookie: Option<String>) -> Site {
    let (sender, reports) = mpsc::unbounded_channel();
    let page = PAGE.replace("/* script */", script);
    let page = poem::endpoint::make_sync(move |_| {
        let mut response = Html(page.clone()).into_response();
        if let Some(cookie) = &cookie {
            let cookie = cookie.parse().unwrap();
            response.headers_mut().insert(SET_COOKIE, cookie);
        }
        response
    });
    let report = poem::endpoint::make(move |mut request: Request| {
        let sender = sender.clone();
        async move {
            let body = request.take_body().into_string().await?;
            sender.send(serde_json::from_str(&body).unwrap()).ok();
            Ok::<_, poem::Error>(())
        }
    });
    let service = Arc::clone(&app.endpoint);
    let rest = poem::endpoint::make(move |request: Request| {
        let service = Arc::clone(&service);
        async move { Ok::<Response, poem::Error>(service.get_response(request).await) }
    });
    let site = Route::new()
        .at("/page", get(page))
        .at("/report", post(report))
        .nest_no_strip("/", rest);

    let acceptor = TcpListener::bind("127.0.0.1:0").into_acceptor().await;
    let acceptor = acceptor.unwrap();
    let port = acceptor.local_addr()[0]
        .as_socket_addr()
        .map(std::net::SocketAddr::port);
    let origin = format!("http://localhost:{}", port.unwrap());
    let server = tokio::spawn(async move {
        Server::new_with_acceptor(acceptor).run(site).await.ok();
    });
    Site {
        origin,
        reports,
        server,
    }
}

impl Site {
    /// What the page's script reported in a fresh browser.
    pub(super) async fn visit(&mut self, browser: &Browser) -> Value {
        let _window = browser.open(&format!("{}/page", self.origin));
        let report = timeout(PATIENCE, self.reports.recv()).await;
        report
            .unwrap_or(None)
            .unwrap_or_else(|| panic!("the page reported nothing"))
    }
}
