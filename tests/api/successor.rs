//! What a new token says, and where it stands in its session.

use chrono::TimeDelta;
use sea_orm::{ConnectionTrait as _, Database};
use serde_json::{Value, json};

use crate::harness::servers::{Engine, database};
use crate::harness::{START, TestApp, jwt, spawn, spawn_over, spawn_with};

/// The claims of the token that `token` is exchanged for.
async fn successor(app: &TestApp, token: &str) -> Value {
    jwt::payload(&app.refresh(token).await.access_token())
}

/// The session, generation and start that a token names.
fn place(claims: &Value) -> (String, i64, i64) {
    let remint = &claims["remint"];
    let number = |name: &str| remint[name].as_i64().unwrap();
    (
        remint["sid"].as_str().unwrap().to_owned(),
        number("gen"),
        number("start"),
    )
}

#[tokio::test]
async fn claims_keep_their_order_their_spelling_and_their_digits() {
    let app = spawn().await;
    let kept =
        r#""z":1e2,"big":123456789012345678901234567890,"zero":-0,"price":1.10,"tiny":1E-400"#;
    let texts = r#""name":"Zoë 李 👩‍💻","escaped":"\u00e9\/\ud83d\ude00","":{ "b":[1.0, {"a":null}],"a":[] }"#;
    let old = format!(r#"{{{kept},"exp":{},"sub":"alice",{texts}}}"#, START - 60);

    let token = app.refresh(&app.sign(&old)).await.access_token();

    let claims = jwt::payload(&token);
    let (sid, start) = (&claims["remint"]["sid"], START - 60 - 1800);
    let own = format!(
        r#""iat":{START},"jti":{},"remint":{{"sid":{sid},"gen":1,"start":{start}}}"#,
        claims["jti"]
    );
    let expected = format!(
        r#"{{{kept},"exp":{},"sub":"alice",{texts},{own}}}"#,
        START + 1800
    );
    assert_eq!(jwt::payload_text(&token), expected);
}

#[tokio::test]
async fn nbf_is_issued_anew_only_where_it_was() {
    let app = spawn().await;

    let with = successor(&app, &app.token_with(&json!({"nbf": START - 5400}))).await;
    let without = successor(&app, &app.expired_token()).await;

    assert_eq!(with["nbf"], START);
    assert_eq!(without.get("nbf"), None);
}

#[tokio::test]
async fn every_issue_has_an_id_of_its_own() {
    let app = spawn().await;
    let token = app.token_with(&json!({"jti": "of the legacy backend"}));

    let first = successor(&app, &token).await;
    let other = successor(&app, &app.expired_token()).await;
    app.advance(TimeDelta::seconds(1));
    let later = successor(&app, &token).await;
    let next = successor(&app, &app.sign(&first.to_string())).await;

    let ids = [
        &token_id(&first),
        &token_id(&other),
        &token_id(&later),
        &token_id(&next),
    ];
    let unique: std::collections::HashSet<_> = ids.into_iter().collect();
    assert_eq!(unique.len(), 4, "{ids:?}");
}

fn token_id(claims: &Value) -> String {
    let id = claims["jti"].as_str().unwrap();
    assert!(uuid::Uuid::parse_str(id).is_ok(), "{id}");
    id.to_owned()
}

#[tokio::test]
async fn a_second_refresh_goes_on_with_the_session_of_the_first() {
    let app = spawn().await;

    let first = app.refresh(&app.expired_token()).await.access_token();
    app.advance(TimeDelta::days(1));
    let second = app.refresh(&first).await.access_token();
    app.advance(TimeDelta::days(6));
    let third = app.refresh(&second).await.access_token();

    let (session, generation, start) = place(&jwt::payload(&first));
    assert_eq!((generation, start), (1, START - 5400));
    assert_eq!(place(&jwt::payload(&second)), (session.clone(), 2, start));
    assert_eq!(place(&jwt::payload(&third)), (session, 3, start));
}

#[tokio::test]
async fn the_session_of_a_legacy_token_is_its_own_and_always_the_same() {
    let app = spawn().await;
    let token = app.expired_token();

    let once = place(&successor(&app, &token).await);
    app.advance(TimeDelta::minutes(1));
    let again = place(&successor(&app, &token).await);
    let other = place(&successor(&app, &app.token_with(&json!({"tab": 2}))).await);

    assert_eq!(once, again);
    assert_ne!(once.0, other.0);
}

/// So that two tabs meet in one session, whichever key their copies were signed with.
#[tokio::test]
async fn the_session_comes_from_what_is_signed_and_not_from_the_signature() {
    let old = "the-secret-before-this-one-that-is-long-enough-for-sha-256";
    let app = spawn_with(&[("JWT_PREVIOUS_SECRET_KEYS", old)]).await;
    let by_current = app.expired_token();
    let (signing_input, _) = by_current.rsplit_once('.').unwrap();
    let by_old = jwt::sign(signing_input, old);

    let sessions = [
        place(&successor(&app, &by_current).await),
        place(&successor(&app, &by_old).await),
    ];

    assert_eq!(sessions[0], sessions[1]);
}

#[tokio::test]
async fn a_session_started_when_the_best_witness_says() {
    let app = spawn().await;

    for (changes, start) in [
        (
            json!({"auth_time": START - 7, "orig_iat": START - 8, "iat": START - 9}),
            START - 7,
        ),
        (json!({"orig_iat": START - 8, "iat": START - 9}), START - 8),
        (json!({"iat": START - 9}), START - 9),
        (json!({"iat": null}), START - 3600 - 1800),
        // Within the leeway, as they say or counted back: not in the future.
        (json!({"iat": START + 30}), START),
        (json!({"iat": null, "exp": START + 1_800 + 30}), START),
        (json!({"iat": 1_799_999_991.5}), START - 9),
    ] {
        let claims = successor(&app, &app.token_with(&changes)).await;
        assert_eq!(place(&claims).2, start, "{changes}");
    }
}

#[tokio::test]
async fn a_token_never_outlives_its_session() {
    let app = spawn_with(&[("SESSION_MAX_MINUTES", "120")]).await;
    let token = app.expired_token();

    for (minutes, expires_in) in [(0, 1800), (1, 1740), (28, 60)] {
        app.advance(TimeDelta::minutes(minutes));
        let answer = app.refresh(&token).await;
        assert_eq!(answer.body_json()["expires_in"], expires_in, "{answer:?}");
        let claims = jwt::payload(&answer.access_token());
        assert_eq!(claims["exp"], app.now().timestamp() + expires_in);
    }
}

#[tokio::test]
async fn a_session_that_ends_within_this_second_gives_no_token_that_lives_no_second() {
    let app = spawn_with(&[("SESSION_MAX_MINUTES", "90")]).await;
    let token = app.token_with(&json!({"iat": 1_799_994_600.5}));

    let over = app.refresh(&token).await;
    app.advance(TimeDelta::seconds(-1));
    let last = app.refresh(&token).await;

    assert_eq!(
        (over.status, over.code()),
        (401, "session_expired".to_owned())
    );
    assert_eq!(last.body_json()["expires_in"], 1);
}

#[tokio::test]
async fn dropped_claims_are_not_in_new_tokens() {
    let app = spawn_with(&[("JWT_DROP_CLAIMS", "password_hash, scope")]).await;
    let old = json!({"password_hash": "x", "scope": "a b", "scopes": ["kept"]});

    let claims = successor(&app, &app.token_with(&old)).await;

    assert_eq!(claims["scopes"], json!(["kept"]));
    assert_eq!(
        (claims.get("password_hash"), claims.get("scope")),
        (None, None)
    );
}

#[tokio::test]
async fn the_users_table_overwrites_the_claims_that_are_its_own() {
    let server = database(Engine::Sqlite).await.unwrap();
    let users = Database::connect(&server.url).await.unwrap();
    for sql in [
        "CREATE TABLE users (id TEXT PRIMARY KEY, is_active BOOLEAN, role TEXT, level INTEGER)",
        "INSERT INTO users VALUES ('alice', TRUE, 'reader', 3)",
    ] {
        users.execute_unprepared(sql).await.unwrap();
    }
    let settings = [("USERS_CLAIM_COLUMNS", "role, level:grade")];
    let app = spawn_over(server, &settings).await;

    let token = app.token_with(&json!({"role": "admin", "team": "a"}));
    let text = jwt::payload_text(&app.refresh(&token).await.access_token());

    assert!(
        text.contains(r#","role":"reader","team":"a","grade":3,"#),
        "{text}"
    );
}

#[tokio::test]
async fn a_login_that_was_fresh_is_not_fresh_after_an_exchange() {
    let app = spawn().await;

    for (before, after) in [
        (json!(true), json!(false)),
        (json!("daily"), json!("daily")),
    ] {
        let claims = successor(&app, &app.token_with(&json!({"fresh": before}))).await;
        assert_eq!(claims["fresh"], after);
    }
}
