//! More requests than there are places: whoever finds none is turned away in the words of its
//! contract.

use std::pin::Pin;

use futures_util::FutureExt as _;
use poem::http::Method;
use remint::domain::Contract;
use sea_orm::TransactionTrait as _;
use serde_json::json;

use super::contracts::frontend::{CONTRACTS, Frontend, unavailable};
use super::metrics::Figures;
use crate::harness::{ADMIN, Answer, TestApp, request, spawn_with};

/// One place and no queue; a request keeps the place as long as the test holds the one connection.
const ONE_PLACE: [(&str, &str); 5] = [
    ("MAX_CONCURRENT_REQUESTS", "1"),
    ("MAX_QUEUED_REQUESTS", "0"),
    ("DATABASE_MAX_CONNECTIONS", "1"),
    ("DATABASE_TIMEOUT_MILLISECONDS", "60000"),
    ADMIN,
];

/// A refresh that has taken the place, if there was one.
fn begin<'a>(app: &'a TestApp, token: &'a str) -> Pin<Box<impl Future<Output = Answer> + 'a>> {
    let mut refresh = Box::pin(app.refresh(token));
    assert!((&mut refresh).now_or_never().is_none(), "turned away");
    refresh
}

/// What `send` is answered while another request has the place.
async fn crowded(app: &TestApp, send: impl AsyncFn(&TestApp) -> Answer) -> Answer {
    let held = app.database.begin().await.unwrap();
    let token = app.expired_token();
    let first = begin(app, &token);
    let answer = send(app).await;
    held.rollback().await.unwrap();
    assert_eq!(first.await.status, 200);
    answer
}

/// Fails unless the answer is that there is no place.
fn assert_turned_away(app: &TestApp, contract: Contract, answer: &Answer) {
    let body = unavailable(app, contract, "the service has too much to do");
    assert_eq!((answer.status, &answer.body), (503, &body));
    let retry_after = answer.header("retry-after").unwrap();
    assert!(["1", "2", "3"].contains(&retry_after), "{retry_after}");
}

#[tokio::test]
async fn each_contract_says_so_in_its_own_words_and_nothing_is_used_up() {
    let app = spawn_with(&ONE_PLACE).await;
    for contract in CONTRACTS {
        let frontend = Frontend::log_in(&app, contract).await;

        let answer = crowded(&app, async |app| frontend.send(app).await).await;

        assert_turned_away(&app, contract, &answer);
        assert_eq!(frontend.send(&app).await.status, 200);
    }
}

#[tokio::test]
async fn each_of_them_is_counted_for_its_contract() {
    let app = spawn_with(&ONE_PLACE).await;
    for contract in CONTRACTS {
        let frontend = Frontend::log_in(&app, contract).await;
        let before = Figures::of(&app).await;

        crowded(&app, async |app| frontend.send(app).await).await;

        let word = contract.word();
        let answers = format!(r#"remint_answers_total{{contract="{word}",outcome="unavailable"}}"#);
        let moved = [(answers.as_str(), 1.0), ("remint_turned_away_total", 1.0)];
        Figures::of(&app).await.assert_moved(&before, &moved);
    }
}

#[tokio::test]
async fn so_does_the_contract_of_the_cookie() {
    let app = spawn_with(&ONE_PLACE).await;
    let token = app.start(Contract::Cookie, "alice").await.refresh_token;
    let cookie = format!("refresh_token={}", token.unwrap());
    let send = async |app: &TestApp| {
        let request = request(Method::POST, "/api/auth/refresh");
        app.send(request.header("cookie", &cookie).finish()).await
    };

    let answer = crowded(&app, send).await;

    assert_turned_away(&app, Contract::Cookie, &answer);
    assert_eq!(send(&app).await.status, 200);
}

#[tokio::test]
async fn so_does_the_main_job_and_its_verify() {
    let app = spawn_with(&ONE_PLACE).await;
    let token = app.expired_token();

    let refresh = crowded(&app, async |app| app.refresh(&token).await).await;
    let verify = crowded(&app, async |app| app.verify(&token).await).await;

    assert_turned_away(&app, Contract::ExpiredToken, &refresh);
    assert_turned_away(&app, Contract::ExpiredToken, &verify);
}

#[tokio::test]
async fn who_comes_first_is_answered_as_soon_as_the_database_is() {
    let queue = [("MAX_QUEUED_REQUESTS", "1")];
    let app = spawn_with(&[&ONE_PLACE[..], &queue].concat()).await;
    let held = app.database.begin().await.unwrap();
    let tokens = [1, 2].map(|number| app.token_with(&json!({"jti": number.to_string()})));
    let (first, second) = (begin(&app, &tokens[0]), begin(&app, &tokens[1]));

    let third = app.refresh(&app.expired_token()).await;

    assert_turned_away(&app, Contract::ExpiredToken, &third);
    held.rollback().await.unwrap();
    let (first, second) = tokio::join!(first, second);
    assert_eq!((first.status, second.status), (200, 200));
}

#[tokio::test]
async fn who_goes_away_leaves_the_place_to_others() {
    let app = spawn_with(&ONE_PLACE).await;
    let held = app.database.begin().await.unwrap();
    let token = app.expired_token();
    drop(begin(&app, &token));

    let next = begin(&app, &token);

    held.rollback().await.unwrap();
    assert_eq!(next.await.status, 200);
}

#[tokio::test]
async fn probes_and_operators_need_no_place() {
    let app = spawn_with(&ONE_PLACE).await;
    let get = async |path: &str| app.send(request(Method::GET, path).finish()).await;

    let alive = crowded(&app, async |_| get("/healthz").await).await;
    let admin = crowded(&app, async |app| {
        app.admin(Method::GET, "/healthz", "").await
    })
    .await;
    let held = app.database.begin().await.unwrap();
    let token = app.expired_token();
    let first = begin(&app, &token);
    let mut ready = Box::pin(get("/readyz"));

    assert_eq!((alive.status, admin.status), (200, 200));
    assert!((&mut ready).now_or_never().is_none());
    held.rollback().await.unwrap();
    let (first, ready) = tokio::join!(first, ready);
    assert_eq!((first.status, ready.status), (200, 200));
}
