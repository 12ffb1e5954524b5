//! The throwaway servers of the other tests.

use std::collections::BTreeMap;
use std::os::unix::process::ExitStatusExt as _;

use sea_orm::{ConnectionTrait as _, Database};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::harness::servers::daemon::supervise;
use crate::harness::servers::{Engine, database, redis};

#[tokio::test]
async fn two_sqlite_databases_do_not_see_each_others_tables() {
    two_databases_do_not_see_each_others_tables(Engine::Sqlite).await;
}

#[tokio::test]
async fn two_postgresql_databases_do_not_see_each_others_tables() {
    two_databases_do_not_see_each_others_tables(Engine::Postgres).await;
}

#[tokio::test]
async fn two_mariadb_databases_do_not_see_each_others_tables() {
    two_databases_do_not_see_each_others_tables(Engine::MariaDb).await;
}

async fn two_databases_do_not_see_each_others_tables(engine: Engine) {
    let (Some(first), Some(second)) = (database(engine).await, database(engine).await) else {
        return;
    };
    let first = Database::connect(&first.url).await.unwrap();
    let second = Database::connect(&second.url).await.unwrap();

    first
        .execute_unprepared("CREATE TABLE mine (id INTEGER)")
        .await
        .unwrap();

    first
        .execute_unprepared("SELECT id FROM mine")
        .await
        .unwrap();
    second
        .execute_unprepared("SELECT id FROM mine")
        .await
        .unwrap_err();
}

#[tokio::test]
async fn on_postgresql_only_the_admin_may_make_users() {
    only_the_admin_may_make_users(Engine::Postgres).await;
}

#[tokio::test]
async fn on_mariadb_only_the_admin_may_make_users() {
    only_the_admin_may_make_users(Engine::MariaDb).await;
}

async fn only_the_admin_may_make_users(engine: Engine) {
    let Some(database) = database(engine).await else {
        return;
    };
    let service = Database::connect(&database.url).await.unwrap();
    let admin = Database::connect(database.admin_url().unwrap())
        .await
        .unwrap();

    let by_service = service
        .execute_unprepared("CREATE USER made_by_service")
        .await;
    let by_admin = admin.execute_unprepared("CREATE USER made_by_admin").await;

    by_service.unwrap_err();
    by_admin.unwrap();
}

#[tokio::test]
async fn redis_answers_and_gives_each_test_its_own_database() {
    let (Some(first), Some(second)) = (redis().await, redis().await) else {
        return;
    };

    assert_ne!(first, second);
    let address = first
        .strip_prefix("redis://")
        .unwrap()
        .split('/')
        .next()
        .unwrap();
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(b"PING\r\n").await.unwrap();
    let mut answer = [0; 7];
    stream.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"+PONG\r\n");
}

#[test]
fn a_server_and_its_folder_go_when_nobody_holds_its_pipe() {
    let folder = tempfile::tempdir().unwrap().keep();
    let variables = BTreeMap::from([("OWNER", "nobody".to_owned())]);
    let mut process = supervise("exec tail -f /dev/null", &folder, &variables);

    drop(process.supervisor.stdin.take());

    assert_eq!(process.server.wait().unwrap().signal(), Some(15));
    assert!(process.supervisor.wait().unwrap().success());
    assert!(!folder.exists());
}
