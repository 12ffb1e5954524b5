//! What whoever steals the database gets.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use bytes::Bytes;
use poem::http::Method;
use remint::domain::Contract;
use sea_orm::sea_query::{Expr, Query};
use sea_orm::{ConnectionTrait as _, DbBackend, FromQueryResult as _, JsonValue, Statement};
use serde_json::json;
use sha2::{Digest as _, Sha256};

use crate::harness::{Answer, SECRET, TestApp, jwt, request, spawn_on_each};

use super::contracts::frontend::{CONTRACTS, Frontend, post};

/// The names of all tables.
async fn tables(app: &TestApp) -> Vec<String> {
    let backend = app.database.get_database_backend();
    let sql = match backend {
        DbBackend::Sqlite => "SELECT name AS n FROM sqlite_master WHERE type = 'table'",
        DbBackend::Postgres => {
            "SELECT CAST(table_name AS TEXT) AS n FROM information_schema.tables \
             WHERE table_schema = current_schema()"
        }
        DbBackend::MySql | _ => {
            "SELECT table_name AS n FROM information_schema.tables \
             WHERE table_schema = database()"
        }
    };
    let statement = Statement::from_string(backend, sql);
    let rows = app.database.query_all_raw(statement).await.unwrap();
    rows.iter()
        .map(|row| row.try_get("", "n").unwrap())
        .collect()
}

/// Everything that stands in any of them.
async fn dump(app: &TestApp) -> String {
    let mut dump = String::new();
    for table in tables(app).await {
        let select = Query::select().expr(Expr::cust("*")).from(table).take();
        for row in app.database.query_all(&select).await.unwrap() {
            dump += &JsonValue::from_query_result(&row, "").unwrap().to_string();
        }
    }
    dump
}

/// What a token could be recognised by: itself, what of it nobody else can make, and its hash.
fn marks(token: &str) -> Vec<String> {
    let hash = Sha256::digest(token);
    let mut marks = vec![
        format!("{:x}", Bytes::copy_from_slice(&hash)),
        STANDARD.encode(hash),
        URL_SAFE_NO_PAD.encode(hash),
    ];
    marks.push(token.to_owned());
    match token.rsplit_once('.') {
        Some((signed, signature)) => {
            marks.extend(signed.split('.').map(str::to_owned));
            marks.push(signature.to_owned());
            marks.push(
                jwt::payload(token)["jti"]
                    .as_str()
                    .unwrap_or("-no jti-")
                    .to_owned(),
            );
        }
        // The MAC stands at the end.
        None => marks.extend(token.get(token.len() - 16..).map(str::to_owned)),
    }
    marks
}

/// All tokens that frontends of every contract get in three refreshes.
async fn use_every_contract(app: &TestApp) -> Vec<String> {
    let first = app.expired_token();
    let second = app.refresh(&first).await.access_token();
    let third = app.refresh(&second).await.access_token();
    let cookie = app.start(Contract::Cookie, "alice").await;
    let renewed = with_cookie(app, cookie.refresh_token.as_deref().unwrap()).await;
    let renewed = renewed.header("set-cookie").unwrap();
    let renewed = renewed.split(['=', ';']).nth(1).unwrap().to_owned();
    let mut tokens = vec![first, second, third, cookie.access_token, renewed];
    tokens.extend(cookie.refresh_token);
    for contract in CONTRACTS {
        let mut frontend = Frontend::log_in(app, contract).await;
        for _ in 0..3 {
            tokens.extend([
                frontend.access_token.clone(),
                frontend.refresh_token.clone(),
            ]);
            frontend.refresh(app).await;
        }
        tokens.extend([frontend.access_token, frontend.refresh_token]);
    }
    tokens
}

async fn with_cookie(app: &TestApp, token: &str) -> Answer {
    let request = request(Method::POST, "/api/auth/refresh");
    let request = request.header("cookie", format!("refresh_token={token}"));
    app.send(request.finish()).await
}

#[tokio::test]
async fn the_database_holds_nothing_that_makes_or_recognises_a_token() {
    for app in spawn_on_each(&[("REFRESH_MODE", "single_use")]).await {
        let tokens = use_every_contract(&app).await;
        let everywhere = json!({"token": tokens[2], "everywhere": true}).to_string();
        assert_eq!(post(&app, "/api/auth/logout", everywhere).await.status, 204);

        let dump = dump(&app).await;

        for there in Contract::ALL.map(Contract::word).iter().chain(&["alice"]) {
            assert!(dump.contains(there), "{there} is not in {dump}");
        }
        for mark in tokens.iter().flat_map(|token| marks(token)) {
            assert!(!dump.contains(&mark), "{mark} is in {dump}");
        }
        assert!(!dump.contains(SECRET), "{dump}");
    }
}
