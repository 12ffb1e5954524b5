//! Sessions of a legacy backend, from their import to their end.

mod contracts;
mod renewals;
mod rows;

use std::time::Duration;

use chrono::{DateTime, Utc};
use remint::app;
use remint::config::Config;
use remint::domain::{Contract, Session, Subject};
use remint::service::{
    Adoption, Importer, LegacySession, LegacyText, LegacyToken, NotAdopted, SessionImport as _,
};
use remint::store::SqlSessionStore;

use crate::harness::servers::Engine;
use crate::harness::{START, TestApp, config, spawn_on};

pub(crate) const ACCEPTED: [(&str, &str); 1] = [("ACCEPT_IMPORTED_TOKENS", "true")];

/// A refresh token as the backend of seed 003 made it.
pub(crate) const UUID: &str = "5f6c1a3e-6d53-4b4f-9a6e-0d5a7c1b2e3f";

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(seconds, 0).unwrap()
}

fn settings(app: &TestApp) -> Config {
    config(app.database_url(), &ACCEPTED)
}

fn store(app: &TestApp) -> SqlSessionStore {
    SqlSessionStore::new(app.database.clone(), Duration::from_secs(30))
}

pub(crate) fn legacy(contract: Contract, token: &str) -> LegacySession<'_> {
    LegacySession {
        contract,
        user: Subject::Text("alice".to_owned()),
        token: LegacyToken::Text(LegacyText(token)),
        issued_at: Some(at(START - 3_600)),
        expires_at: at(START + 86_400),
        claims: Vec::new(),
    }
}

fn adopt(config: &Config, legacy: LegacySession<'_>) -> Result<Adoption, NotAdopted> {
    let contracts = app::minters(config).unwrap().all();
    let now = at(START);
    let elsewhere = app::elsewhere(config);
    let importer = Importer {
        contracts,
        elsewhere,
        now,
    };
    importer.adopt(legacy)
}

pub(crate) fn session(app: &TestApp, legacy: LegacySession<'_>) -> Session {
    let adopted = adopt(&settings(app), legacy).unwrap();
    let Adoption::Session(session) = adopted else {
        panic!("{adopted:?}");
    };
    *session
}

/// Imports a session of alice.
pub(crate) async fn import(app: &TestApp, contract: Contract, token: &str) {
    let sessions = [session(app, legacy(contract, token))];
    assert_eq!(store(app).begin_absent(&sessions).await.unwrap(), 1);
}

/// Sessions of tokens with those numbers.
pub(crate) fn sessions(app: &TestApp, numbers: impl IntoIterator<Item = u32>) -> Vec<Session> {
    let mut sessions = Vec::new();
    for number in numbers {
        let token = format!("token {number}");
        sessions.push(session(app, legacy(Contract::Envelope, &token)));
    }
    sessions
}

async fn everywhere() -> Vec<TestApp> {
    let mut apps = Vec::new();
    for engine in [Engine::Sqlite, Engine::Postgres, Engine::MariaDb] {
        apps.extend(spawn_on(engine, &ACCEPTED).await);
    }
    apps
}

#[test]
fn a_contract_that_is_not_offered_has_nothing_to_import() {
    let short = "a secret for HS256 and no more than that";
    let config = config("sqlite::memory:", &[("JWT_SECRET_KEY", short)]);

    let adopted = |contract| adopt(&config, legacy(contract, UUID)).err();

    let not_offered = NotAdopted::NotOffered(Contract::Envelope);
    assert_eq!(adopted(Contract::Envelope), Some(not_offered));
    assert_eq!(adopted(Contract::Cookie), None);
}
