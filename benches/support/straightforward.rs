//! What remint is compared with, each in a process of its own: a server that only answers, and the
//! service as one would write it in an afternoon.

use std::net::SocketAddr;

use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, encode};
use poem::http::StatusCode;
use poem::listener::{Acceptor as _, Listener as _, TcpListener};
use poem::web::{Data, Json};
use poem::{EndpointExt as _, Route, Server, handler, post};
use remint::domain::{Clock as _, SystemClock};
use sea_orm::entity::prelude::*;
use sea_orm::sqlx::sqlite::{SqliteJournalMode, SqliteSynchronous};
use sea_orm::{ConnectOptions, Database, DatabaseConnection, Set};
use serde::Deserialize;
use serde_json::{Value, json};

use super::hs256;
use super::service::SECRET;

/// For how many seconds a token lives.
const LIFETIME: i64 = 1800;

#[expect(unreachable_pub, reason = "the derive wants it so")]
mod user {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, DeriveEntityModel)]
    #[sea_orm(table_name = "users")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: String,
        pub email: String,
        pub is_active: bool,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

#[expect(unreachable_pub, reason = "the derive wants it so")]
mod used {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, DeriveEntityModel)]
    #[sea_orm(table_name = "used")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub jti: String,
        pub at: i64,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// What is served, by the first argument of the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Peer {
    /// The same bytes, whatever is asked.
    Floor,
    /// One query for each refresh.
    Stateless,
    /// One query for each refresh, and one commit.
    SingleUse,
}

/// Serves until the process is killed; says where, as remint does.
pub(crate) async fn serve(peer: Peer, url: &str) {
    let listener = TcpListener::bind("127.0.0.1:0");
    let acceptor = listener.into_acceptor().await.unwrap();
    let addresses = acceptor.local_addr();
    let address = addresses.first().unwrap().as_socket_addr().copied();
    let route = match peer {
        Peer::Floor => Route::new().at("/api/auth/refresh", post(answer)).boxed(),
        Peer::Stateless | Peer::SingleUse => {
            let state = State {
                database: connect(url).await,
                is_single_use: peer == Peer::SingleUse,
            };
            let route = Route::new().at("/api/auth/refresh", post(refresh));
            route.data(state).boxed()
        }
    };
    say(address.unwrap());
    Server::new_with_acceptor(acceptor)
        .run(route)
        .await
        .unwrap();
}

#[expect(clippy::print_stderr, reason = "where remint says it")]
fn say(address: SocketAddr) {
    eprintln!(
        "{}",
        json!({"message": "listening; a peer", "address": address.to_string()})
    );
}

#[handler]
fn answer() -> Json<Value> {
    Json(json!({"access_token": "a".repeat(260), "token_type": "bearer", "expires_in": LIFETIME}))
}

#[derive(Clone)]
struct State {
    database: DatabaseConnection,
    is_single_use: bool,
}

#[derive(Deserialize)]
struct Asked {
    token: String,
}

#[handler]
async fn refresh(
    state: Data<&State>,
    Json(asked): Json<Asked>,
) -> Result<Json<Value>, poem::Error> {
    let refused = || poem::Error::from_status(StatusCode::UNAUTHORIZED);
    let failed = |error: DbErr| poem::Error::new(error, StatusCode::SERVICE_UNAVAILABLE);
    let mut validation = Validation::new(Algorithm::HS256);
    validation.validate_exp = false;
    let key = DecodingKey::from_secret(SECRET.as_bytes());
    let mut claims: serde_json::Map<String, Value> = decode(&asked.token, &key, &validation)
        .map_err(|_| refused())?
        .claims;
    let id = claims["sub"].as_str().ok_or_else(refused)?.to_owned();
    let user = user::Entity::find_by_id(id).one(&state.database).await;
    let user = user.map_err(failed)?.ok_or_else(refused)?;
    if !user.is_active {
        return Err(refused());
    }

    let now = SystemClock.now().timestamp();
    if state.is_single_use {
        let jti = claims["jti"].as_str().ok_or_else(refused)?.to_owned();
        let row = used::ActiveModel {
            jti: Set(jti),
            at: Set(now),
        };
        used::Entity::insert(row)
            .exec_without_returning(&state.database)
            .await
            .map_err(failed)?;
    }
    claims.insert("iat".to_owned(), now.into());
    claims.insert("exp".to_owned(), (now + LIFETIME).into());
    let key = EncodingKey::from_secret(SECRET.as_bytes());
    let token = encode(&Header::default(), &claims, &key).map_err(|_| refused())?;
    Ok(Json(
        json!({"access_token": token, "token_type": "bearer", "expires_in": LIFETIME}),
    ))
}

async fn connect(url: &str) -> DatabaseConnection {
    hs256::install();
    let mut options = ConnectOptions::new(url);
    options.sqlx_logging(false).map_sqlx_sqlite_opts(|options| {
        options
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
    });
    let database = Database::connect(options).await.unwrap();
    database
        .execute_unprepared("CREATE TABLE used (jti VARCHAR(64) PRIMARY KEY, at BIGINT NOT NULL)")
        .await
        .unwrap();
    database
}
