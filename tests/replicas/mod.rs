//! Several processes behind one reverse proxy, as production has them.

mod load;
mod restarts;
mod sockets;
mod together;

use std::net::SocketAddr;

use remint::domain::{Clock as _, SystemClock};
use serde_json::{Value, json};

use crate::harness::process::{PATIENCE, Place, Service};
use crate::harness::servers::ThrowawayDatabase;
use crate::harness::servers::daemon::free_port;
use crate::harness::{SECRET, jwt, logs};

/// One of the processes, always at the same address.
struct Replica {
    place: Place,
    address: String,
    service: Option<Service>,
}

impl Replica {
    /// One that does not run yet.
    fn new(database: &ThrowawayDatabase, settings: &[(&str, &str)]) -> Self {
        let address = format!("127.0.0.1:{}", free_port());
        let place = Place::new()
            .with("DATABASE_URL", &database.url)
            .with("LISTEN_ADDR", &address);
        let place = settings
            .iter()
            .fold(place, |place, (name, value)| place.with(name, value));
        Self {
            place,
            address,
            service: None,
        }
    }

    /// Starts it, again if it runs: what is in flight finishes first.
    fn start(&mut self) -> &mut Service {
        if let Some(mut service) = self.service.take() {
            service.signal("TERM");
            assert_eq!(service.end().code(), Some(0));
        }
        self.service.insert(self.place.serve())
    }
}

/// A user of the tables that the replicas share.
fn add_user(replica: &Replica, id: &str) {
    let email = format!("{id}@example.com");
    let add = ["user", "add", &email, "--id", id];
    replica.place.run(&add).only_line();
}

/// A token of that user as a legacy backend makes it, which expired half an hour ago; another for
/// each number.
fn expired_token(user: &str, number: usize) -> String {
    let issued_at = SystemClock.now().timestamp() - 3_600;
    let expires_at = issued_at + 1_800;
    let claims = json!({"sub": user, "login": number, "iat": issued_at, "exp": expires_at});
    let token = jwt::hs256(jwt::HS256, claims.to_string(), SECRET);
    logs::never(&token);
    token
}

/// A client, with or without connections that are kept.
fn client(keeps_alive: bool) -> ureq::Agent {
    let config = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .timeout_global(Some(PATIENCE));
    let config = if keeps_alive {
        config
    } else {
        config.max_idle_connections(0)
    };
    config.build().into()
}

/// The status and the body of a refresh.
fn refresh(
    client: &ureq::Agent,
    address: SocketAddr,
    token: &str,
) -> Result<(u16, String), ureq::Error> {
    post(client, address, "refresh", &json!({"token": token}))
}

/// The status and the body of what `/api/auth/` has of that name.
fn post(
    client: &ureq::Agent,
    address: SocketAddr,
    name: &str,
    body: &Value,
) -> Result<(u16, String), ureq::Error> {
    let mut response = client
        .post(format!("http://{address}/api/auth/{name}"))
        .header("content-type", "application/json")
        .send(body.to_string())?;
    let body = response.body_mut().read_to_string()?;
    let fresh = serde_json::from_str::<Value>(&body).unwrap_or_default();
    fresh["access_token"]
        .as_str()
        .into_iter()
        .for_each(logs::never);
    Ok((response.status().as_u16(), body))
}
