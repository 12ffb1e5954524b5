//! `axios-auth-refresh`, which refreshes after a 401, and `axios-jwt`, which refreshes before a
//! request whose token has expired.

use remint::domain::Contract;
use serde_json::{Value, json};

use crate::harness::servers::Engine::{Postgres, Sqlite};

use super::door::Door;
use super::frontend::{Frontend, Step, site};
use super::site::Site;

/// Each library: its script, and the package of the version.
const LIBRARIES: [(&str, &str); 3] = [
    ("axios_auth_refresh.js", "axios-auth-refresh"),
    ("axios_auth_refresh.js", "axios-auth-refresh-3"),
    ("axios_jwt.js", "axios-jwt"),
];

/// Each contract, and where its frontends refresh.
const CONTRACTS: [(Contract, &str); 2] = [
    (Contract::ExpiredToken, "/api/auth/refresh"),
    (Contract::RefreshToken, "/auth/refresh"),
];

/// A library with the contract that its frontend speaks.
#[derive(Clone, Copy, Debug)]
struct Client {
    script: &'static str,
    version: &'static str,
    contract: Contract,
    path: &'static str,
}

fn clients() -> impl Iterator<Item = Client> {
    LIBRARIES.into_iter().flat_map(|(script, version)| {
        CONTRACTS.map(|(contract, path)| Client {
            script,
            version,
            contract,
            path,
        })
    })
}

impl Client {
    /// A frontend of alice, whose access token has expired.
    async fn log_in(self, site: &Site) -> Frontend {
        self.log_in_with(site, &site.credentials(self.contract))
            .await
    }

    async fn log_in_with(self, site: &Site, credentials: &Value) -> Frontend {
        let variables = [
            ("CONTRACT", self.contract.word()),
            ("VERSION", self.version),
        ];
        let mut frontend = Frontend::open(self.script, site, &variables);
        let step = frontend.does("logIn", credentials.clone()).await;
        assert!(step.logged_in, "{self:?}");
        frontend
    }

    /// Whether it sends no token that it knows to have expired.
    fn looks_ahead(self) -> bool {
        self.script == "axios_jwt.js"
    }

    /// A refresh with that answer, as the site sees it.
    fn refresh(self, status: u16) -> String {
        format!("POST {} {status}", self.path)
    }

    /// What the site sees of a request whose token has expired, up to the answer to the refresh.
    fn walk(self, status: u16) -> Vec<String> {
        let mut walk = vec![reports(401), self.refresh(status)];
        if self.looks_ahead() {
            walk.remove(0);
        }
        walk
    }
}

/// A request for the reports with that answer, as the site sees it.
fn reports(status: u16) -> String {
    format!("GET /api/reports {status}")
}

/// The reports were shown to alice.
fn shown() -> Step {
    Step {
        got: json!({"status": 200, "subject": "alice"}),
        logged_in: true,
    }
}

#[tokio::test]
async fn an_expired_token_is_refreshed_once_and_then_lets_in() {
    let Some(site) = site(Sqlite, &[]).await else {
        return;
    };
    for client in clients() {
        let mut frontend = client.log_in(&site).await;

        let steps = [frontend.requests().await, frontend.requests().await];

        assert_eq!(steps, [shown(), shown()], "{client:?}");
        let walk = [client.walk(200), vec![reports(200); 2]].concat();
        assert_eq!(site.requests(), walk, "{client:?}");
    }
}

#[tokio::test]
async fn requests_at_the_same_time_share_one_refresh() {
    let Some(site) = site(Sqlite, &[]).await else {
        return;
    };
    for client in clients() {
        let mut frontend = client.log_in(&site).await;
        // A 401 that came after the refresh would be the reason for another one.
        site.refresh_after(if client.looks_ahead() { 0 } else { 5 });

        let step = frontend.does("requests", json!(5)).await;

        assert_eq!(step.got, json!(vec![shown().got; 5]), "{client:?}");
        let mut requests = site.requests();
        requests.retain(|request| request.starts_with("POST"));
        assert_eq!(requests, [client.refresh(200)], "{client:?}");
    }
}

#[tokio::test]
async fn a_refused_refresh_logs_the_user_out() {
    let Some(site) = site(Sqlite, &[]).await else {
        return;
    };
    for client in clients() {
        let mut frontend = client.log_in(&site).await;
        site.place.run(&["user", "deactivate", "alice"]);

        let step = frontend.requests().await;

        site.place.run(&["user", "activate", "alice"]);
        let with_400 = client.contract == Contract::RefreshToken;
        let status = if with_400 { 400 } else { 401 };
        assert_eq!(site.requests(), client.walk(status), "{client:?}");
        // axios-jwt drops its tokens on 401 and 422 only, whatever the backend.
        let stays = client.looks_ahead() && with_400;
        assert_eq!(step.logged_in, stays, "{client:?}");
    }
}

/// The request failed with the status of the refresh, and nobody was logged out.
fn assert_failed(client: Client, step: &Step, status: u16) {
    let error = step.got["error"].as_str().unwrap();
    let status = format!("status code {status}");
    assert!(error.ends_with(&status), "{client:?}: {error}");
    assert!(step.logged_in, "{client:?}");
}

#[tokio::test]
async fn an_outage_logs_nobody_out_and_what_follows_succeeds() {
    let Some(site) = site(Postgres, &[]).await else {
        return;
    };
    let door = Door::to(&site.database).await;
    for client in clients() {
        let mut frontend = client.log_in(&site).await;
        door.shut().await;

        let during = [frontend.requests().await, frontend.requests().await];
        door.open().await;
        let after = frontend.requests().await;

        for step in during {
            assert_failed(client, &step, 503);
        }
        assert_eq!(after, shown(), "{client:?}");
        let walks = [503, 503, 200].map(|status| client.walk(status));
        let walks = [walks.concat(), vec![reports(200)]].concat();
        assert_eq!(site.requests(), walks, "{client:?}");
    }
}

#[tokio::test]
async fn too_many_refreshes_log_nobody_out_and_what_follows_succeeds() {
    let Some(mut site) = site(Sqlite, &[("RATE_LIMIT_PER_MINUTE", "1")]).await else {
        return;
    };
    for client in clients() {
        let credentials = site.credentials(client.contract);
        let mut first = client.log_in_with(&site, &credentials).await;
        let mut second = client.log_in_with(&site, &credentials).await;
        assert_eq!(first.requests().await, shown(), "{client:?}");
        site.requests();

        let too_soon = second.requests().await;
        site.restart();
        let after = second.requests().await;

        assert_failed(client, &too_soon, 429);
        assert_eq!(after, shown(), "{client:?}");
        let walks = [client.walk(429), client.walk(200), vec![reports(200)]];
        assert_eq!(site.requests(), walks.concat(), "{client:?}");
    }
}
