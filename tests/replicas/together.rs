//! Three processes on one database and one Redis: what one of them knows, all do.

use std::net::SocketAddr;
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::Instant;

use sea_orm::{ConnectionTrait as _, Database};
use serde_json::{Value, json};

use super::load::Load;
use super::{Replica, add_user, client, expired_token, post, refresh};
use crate::harness::proxy::{Kind, Proxy};
use crate::harness::servers::{self, Engine, ThrowawayDatabase};

/// The databases that processes of several machines can share.
const ENGINES: [Engine; 2] = [Engine::Postgres, Engine::MariaDb];

/// No limit stands in the way, and nobody gives up because the machine is slow.
pub(super) const PATIENT: [(&str, &str); 4] = [
    ("REFRESH_MODE", "single_use"),
    ("REFRESH_GRACE_SECONDS", "300"),
    ("DATABASE_TIMEOUT_MILLISECONDS", "20000"),
    ("REQUEST_TIMEOUT_SECONDS", "60"),
];

/// The replicas, and `HAProxy` before them.
struct Site {
    replicas: [Replica; 3],
    proxy: Proxy,
    _database: ThrowawayDatabase,
}

impl Site {
    /// Opens it on an empty database; none where something that it needs is not installed.
    async fn open(engine: Engine, settings: &[(&str, &str)]) -> Option<Self> {
        Self::open_on(servers::database(engine).await?, settings).await
    }

    async fn open_on(database: ThrowawayDatabase, settings: &[(&str, &str)]) -> Option<Self> {
        let redis = servers::redis().await?;
        let shared = [
            ("REDIS_URL", redis.as_str()),
            ("REDIS_TIMEOUT_MILLISECONDS", "10000"),
            ("TRUSTED_PROXIES", "127.0.0.1"),
        ];
        let settings = [&shared[..], settings].concat();
        let mut replicas = [(); 3].map(|()| Replica::new(&database, &settings));
        // All of them make the tables, at the same moment.
        for replica in &mut replicas {
            replica.service = Some(replica.place.start());
        }
        for replica in &mut replicas {
            replica.service.as_mut().unwrap().line_with("listening;");
        }
        add_user(&replicas[0], "alice");
        let addresses = replicas.each_ref().map(|one| one.address.clone());
        Some(Self {
            replicas,
            proxy: Kind::HaProxy.before(&addresses)?,
            _database: database,
        })
    }

    /// Where each of them is.
    fn addresses(&self) -> [SocketAddr; 3] {
        let addresses = self.replicas.each_ref();
        addresses.map(|replica| replica.address.parse().unwrap())
    }
}

/// The fresh token of a refresh that was granted.
fn refreshed(address: SocketAddr, token: &str) -> String {
    let (status, body) = refresh(&client(false), address, token).unwrap();
    assert_eq!(status, 200, "{body}");
    access_token(&body)
}

fn access_token(body: &str) -> String {
    let body: Value = serde_json::from_str(body).unwrap();
    body["access_token"].as_str().unwrap().to_owned()
}

/// Fails unless each of the addresses refuses to refresh that token, because its session has ended.
fn assert_ended(addresses: [SocketAddr; 3], token: &str) {
    for address in addresses {
        let (status, body) = refresh(&client(false), address, token).unwrap();
        assert_eq!(status, 401, "{body}");
        assert!(body.contains("session_revoked"), "{body}");
    }
}

/// What comes back when so many clients refresh the same token at the same moment.
fn race(proxy: SocketAddr, token: &str) -> Vec<(u16, String)> {
    const CLIENTS: usize = 12;
    let start = Arc::new(Barrier::new(CLIENTS));
    let racer = |_| {
        let (start, token) = (Arc::clone(&start), token.to_owned());
        thread::spawn(move || {
            start.wait();
            refresh(&client(false), proxy, &token).unwrap()
        })
    };
    let racers: Vec<_> = (0..CLIENTS).map(racer).collect();
    racers.into_iter().map(|one| one.join().unwrap()).collect()
}

fn race_round_after_round(site: &Site) {
    // None of those that a load is of.
    let mut token = expired_token("alice", 1_000);
    for round in 0..10 {
        let answers = race(site.proxy.address, &token);

        let first = &answers[0];
        assert_eq!(first.0, 200, "round {round}: {first:?}");
        assert!(
            answers.iter().all(|one| one == first),
            "round {round}: {answers:?}"
        );
        token = access_token(&first.1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_goes_to_all_at_once_gets_one_successor() {
    for engine in ENGINES {
        let Some(site) = Site::open(engine, &PATIENT).await else {
            return;
        };

        race_round_after_round(&site);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_the_isolation_of_the_database_nobody_is_refused_for_it() {
    let Some(database) = servers::database(Engine::Postgres).await else {
        return;
    };
    let admin = Database::connect(database.admin_url().unwrap())
        .await
        .unwrap();
    let name = database.url.rsplit('/').next().unwrap();
    let strict = "SET default_transaction_isolation = 'serializable'";
    let alter = format!("ALTER DATABASE {name} {strict}");
    admin.execute_unprepared(&alter).await.unwrap();
    let Some(site) = Site::open_on(database, &PATIENT).await else {
        return;
    };

    race_round_after_round(&site);
    let mut load = Load::on(site.proxy.address);
    load.wait(500);
    load.assert_good();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_logout_at_one_holds_at_all() {
    for engine in ENGINES {
        let Some(site) = Site::open(engine, &PATIENT).await else {
            return;
        };
        let [one, two, three] = site.addresses();
        let fresh = refreshed(two, &refreshed(one, &expired_token("alice", 0)));

        let body = json!({"token": fresh});
        let (status, body) = post(&client(false), three, "logout", &body).unwrap();

        assert_eq!(status, 204, "{body}");
        assert_ended(site.addresses(), &fresh);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cut_off_at_one_holds_at_all() {
    for engine in ENGINES {
        let Some(site) = Site::open(engine, &PATIENT).await else {
            return;
        };
        let [one, two, three] = site.addresses();
        let tokens = [(one, 1), (two, 2)];
        let tokens = tokens.map(|(at, number)| refreshed(at, &expired_token("alice", number)));

        let body = json!({"token": tokens[0], "everywhere": true});
        let (status, body) = post(&client(false), three, "logout", &body).unwrap();

        assert_eq!(status, 204, "{body}");
        for token in tokens.into_iter().chain([expired_token("alice", 3)]) {
            assert_ended(site.addresses(), &token);
        }
    }
}

/// Fails unless ten of those attempts passed, and as many more as have become free meanwhile.
fn assert_limited(passed: usize, began: Instant) {
    let freed = usize::try_from(began.elapsed().as_secs() / 6).unwrap();
    assert!((10..=10 + freed).contains(&passed), "{passed}");
}

#[tokio::test(flavor = "multi_thread")]
async fn all_count_together_what_one_may_do() {
    let settings = [("RATE_LIMIT_PER_MINUTE", "10")];
    let Some(site) = Site::open(Engine::Postgres, &settings).await else {
        return;
    };
    let attempts = |address: &dyn Fn(usize) -> SocketAddr, token: &str, good| {
        let status = |number| refresh(&client(false), address(number), token).unwrap().0;
        let statuses: Vec<_> = (0..30).map(status).collect();
        assert!(
            statuses.iter().all(|status| [good, 429].contains(status)),
            "{statuses:?}"
        );
        statuses.iter().filter(|status| **status == good).count()
    };

    let began = Instant::now();
    let guesses = attempts(&|_| site.proxy.address, "x", 401);
    assert_limited(guesses, began);

    let (began, addresses) = (Instant::now(), site.addresses());
    let token = expired_token("alice", 0);
    let refreshes = attempts(&|number| addresses[number % 3], &token, 200);
    assert_limited(refreshes, began);
}
