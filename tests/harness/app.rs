//! The service as production builds it, but for the clock and the database.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use poem::endpoint::BoxEndpoint;
use poem::http::{Method, Uri};
use poem::{Endpoint, Request, Response};
use remint::app::{App, Surroundings};
use remint::config::Config;
use remint::domain::{Clock, Contract, ManualClock, RandomIds, Subject};
use remint::http::Readiness;
use remint::service::{Cleaner, Grant, Login, Starter};
use remint::testing::{Assembly, TestService, TestServiceBuilder};
use sea_orm::{ConnectionTrait as _, DatabaseConnection};
use serde_json::{Value, json};

pub(crate) use remint::testing::Answer;

use super::servers::{self, Engine, ThrowawayDatabase};
use super::{jwt, logs};

/// The instant at which every test begins.
pub(crate) const START: i64 = 1_800_000_000;

/// The secret of every test service.
pub(crate) const SECRET: &str =
    "the-secret-of-the-tests-that-is-long-enough-for-every-hash-of-rfc-7518";

/// What the contracts call the tokens in their answers.
const TOKENS: [&str; 7] = [
    "access_token",
    "refresh_token",
    "accessToken",
    "Token",
    "token",
    "RefreshToken",
    "refreshToken",
];

/// Tests of other things do in an instant what people do in hours.
pub(crate) const UNLIMITED: (&str, &str) = ("RATE_LIMIT_PER_MINUTE", "0");

/// What switches the admin listener on.
pub(crate) const ADMIN: (&str, &str) = ("ADMIN_API_KEY", ADMIN_KEY);

/// The key of every admin listener.
pub(crate) const ADMIN_KEY: &str = "the-key-of-the-admin-listener-of-the-tests";

/// Settings with which a request waits for its deadline as soon as the test holds the one
/// connection.
pub(crate) const ONE_PATIENT_CONNECTION: [(&str, &str); 4] = [
    ("DATABASE_MAX_CONNECTIONS", "1"),
    ("DATABASE_TIMEOUT_MILLISECONDS", "60000"),
    ("REQUEST_BODY_TIMEOUT_SECONDS", "1"),
    ("REQUEST_TIMEOUT_SECONDS", "2"),
];

/// The service, a user alice who is active and a user bob who is not.
pub(crate) struct TestApp {
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) endpoint: Arc<BoxEndpoint<'static, Response>>,
    pub(crate) admin_endpoint: Option<Arc<BoxEndpoint<'static, Response>>>,
    pub(crate) cleaner: Arc<Cleaner>,
    pub(crate) database: DatabaseConnection,
    pub(crate) readiness: Arc<Readiness>,
    pub(crate) starter: Arc<Starter>,
    server: ThrowawayDatabase,
}

/// A service on SQLite with default settings.
pub(crate) async fn spawn() -> TestApp {
    spawn_with(&[]).await
}

/// A service on SQLite with other settings.
pub(crate) async fn spawn_with(settings: &[(&str, &str)]) -> TestApp {
    spawn_on(Engine::Sqlite, settings).await.unwrap()
}

/// A service on that engine; none where its server is not installed.
pub(crate) async fn spawn_on(engine: Engine, settings: &[(&str, &str)]) -> Option<TestApp> {
    let app = spawn_over(servers::database(engine).await?, settings).await;
    for user in [
        "('alice', 'alice@example.com', TRUE)",
        "('bob', 'bob@example.com', FALSE)",
    ] {
        app.sql(&format!(
            "INSERT INTO users (id, email, is_active) VALUES {user}"
        ))
        .await;
    }
    Some(app)
}

/// A service on each engine that is installed.
pub(crate) async fn spawn_on_each(settings: &[(&str, &str)]) -> Vec<TestApp> {
    let mut apps = Vec::new();
    for engine in [Engine::Sqlite, Engine::Postgres, Engine::MariaDb] {
        apps.extend(spawn_on(engine, settings).await);
    }
    apps
}

/// A service on a database that the test has filled; the users table is what the settings say.
pub(crate) async fn spawn_over(server: ThrowawayDatabase, settings: &[(&str, &str)]) -> TestApp {
    logs::capture();
    logs::never(SECRET);
    logs::never(ADMIN_KEY);
    let assembly = builder(&server.url, settings).assemble().await;
    let Assembly { app, clock, .. } = assembly.unwrap();
    TestApp {
        clock,
        endpoint: app.endpoint,
        admin_endpoint: app.admin_endpoint,
        cleaner: app.cleaner,
        database: app.database,
        readiness: app.readiness,
        starter: app.starter,
        server,
    }
}

/// Another service on the database of one that is there.
pub(crate) async fn spawn_beside(url: &str, settings: &[(&str, &str)]) -> TestApp {
    let mut server = servers::database(Engine::Sqlite).await.unwrap();
    url.clone_into(&mut server.url);
    spawn_over(server, settings).await
}

/// The settings of a test service.
pub(crate) fn config(url: &str, settings: &[(&str, &str)]) -> Config {
    builder(url, settings).config().unwrap()
}

fn builder(url: &str, settings: &[(&str, &str)]) -> TestServiceBuilder {
    TestService::builder()
        .at(DateTime::from_timestamp(START, 0).unwrap())
        .settings([("DATABASE_URL", url), ("JWT_SECRET_KEY", SECRET), UNLIMITED])
        .settings(settings.iter().copied())
}

impl TestApp {
    /// The same service, whose statements go another way to its database.
    pub(crate) async fn through(
        self,
        database: DatabaseConnection,
        settings: &[(&str, &str)],
    ) -> Self {
        let surroundings = Surroundings {
            clock: self.clock.clone(),
            ids: Arc::new(RandomIds),
        };
        let config = config(&self.server.url, settings);
        let app = App::over(database, &config, surroundings).await.unwrap();
        Self {
            endpoint: app.endpoint,
            admin_endpoint: app.admin_endpoint,
            cleaner: app.cleaner,
            readiness: app.readiness,
            starter: app.starter,
            ..self
        }
    }

    /// Where the service's own database is.
    pub(crate) fn database_url(&self) -> &str {
        &self.server.url
    }

    pub(crate) fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    pub(crate) fn advance(&self, step: TimeDelta) {
        self.clock.advance(step);
    }

    /// A token of alice as a legacy backend makes it, which expired an hour ago.
    pub(crate) fn expired_token(&self) -> String {
        self.token_with(&json!({}))
    }

    /// The same token with other claims on top; `null` removes one.
    pub(crate) fn token_with(&self, changes: &Value) -> String {
        let now = self.now().timestamp();
        let mut claims = json!({"sub": "alice", "iat": now - 5400, "exp": now - 3600});
        let claims_map = claims.as_object_mut().unwrap();
        for (name, value) in changes.as_object().unwrap() {
            if value.is_null() {
                claims_map.shift_remove(name);
            } else {
                claims_map.insert(name.clone(), value.clone());
            }
        }
        self.sign(&claims.to_string())
    }

    /// A genuine token with that payload, byte for byte.
    #[expect(clippy::unused_self, reason = "reads like the other verbs of a client")]
    pub(crate) fn sign(&self, payload: &str) -> String {
        let token = jwt::hs256(jwt::HS256, payload, SECRET);
        logs::never(&token);
        token
    }

    /// The tokens of a session that `user` has just started.
    pub(crate) async fn start(&self, contract: Contract, user: &str) -> Grant {
        let login = Login {
            contract,
            user: Subject::Text(user.to_owned()),
            claims: Vec::new(),
        };
        let grant = self.starter.start(login).await.unwrap().grant;
        logs::never(&grant.access_token);
        grant
            .refresh_token
            .iter()
            .for_each(|token| logs::never(token));
        grant
    }

    /// `POST /api/auth/refresh` with `{"token": …}`.
    pub(crate) async fn refresh(&self, token: &str) -> Answer {
        self.post(json!({"token": token}).to_string()).await
    }

    /// `POST /api/auth/refresh` with that body.
    pub(crate) async fn post(&self, body: impl Into<Vec<u8>>) -> Answer {
        self.post_as("application/json", body).await
    }

    /// The same with that `Content-Type`.
    pub(crate) async fn post_as(&self, media_type: &str, body: impl Into<Vec<u8>>) -> Answer {
        let request = request(Method::POST, "/api/auth/refresh");
        self.send(request.content_type(media_type).body(body.into()))
            .await
    }

    /// `GET /api/auth/verify` with that token.
    pub(crate) async fn verify(&self, token: &str) -> Answer {
        let request = request(Method::GET, "/api/auth/verify");
        self.send(
            request
                .header("authorization", format!("Bearer {token}"))
                .finish(),
        )
        .await
    }

    /// Any request.
    pub(crate) async fn send(&self, request: Request) -> Answer {
        answer(&self.endpoint, request).await
    }

    /// A request to the admin listener as its callers make them, with the key.
    pub(crate) async fn admin(&self, method: Method, path: &str, body: &str) -> Answer {
        let request = request(method, path)
            .header("authorization", format!("Bearer {ADMIN_KEY}"))
            .content_type("application/json");
        self.send_admin(request.body(body.to_owned())).await
    }

    /// Any request to the admin listener.
    pub(crate) async fn send_admin(&self, request: Request) -> Answer {
        answer(self.admin_endpoint.as_ref().unwrap(), request).await
    }

    /// Any statement; over a connection of its own, where it takes as long as it takes.
    pub(crate) async fn sql(&self, sql: &str) {
        self.server.execute(sql).await.unwrap();
    }

    /// One that is about a connection, over one of the service's.
    pub(crate) async fn sql_within(&self, sql: &str) {
        self.database.execute_unprepared(sql).await.unwrap();
    }
}

async fn answer(endpoint: &BoxEndpoint<'static, Response>, request: Request) -> Answer {
    let name = format!("{} {}", request.method(), request.uri().path());
    let response = endpoint.get_response(request).await;
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let body = response.into_body().into_string().await.unwrap();
    let answer = Answer::new(name, status, headers, body);
    let body = answer.body_json();
    for object in [&body, &body["data"]] {
        for token in TOKENS.iter().filter_map(|name| object[name].as_str()) {
            logs::never(token);
        }
    }
    answer
}

/// A request to be filled in.
pub(crate) fn request(method: Method, path: &str) -> poem::RequestBuilder {
    Request::builder()
        .method(method)
        .uri(path.parse::<Uri>().unwrap())
}
