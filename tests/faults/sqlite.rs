//! A SQLite file that somebody else locks, that cannot be written, or that has no room left.

use std::fs;
use std::path::Path;
use std::process::Command;

use remint::domain::{Clock as _, SystemClock};
use sea_orm::{ConnectOptions, ConnectionTrait as _, Database, DatabaseConnection, Statement};
use serde_json::json;

use super::invariants::Outcome::{Granted, Unavailable};
use super::invariants::{
    Client, Load, SETTINGS, User, assert_is_our_trouble, assert_settled, clients, go_to,
};
use super::{add_alice, logged_in, place};
use crate::harness::process::{Place, Service};
use crate::harness::{ADMIN_KEY, START, TestApp, spawn_with};
use crate::survival::contract::{Contract as _, ExpiredToken, Login};
use crate::survival::door::{Call, Door};
use crate::survival::{ALICE, rows};

/// The service as a process of its own, and clients who have logged in.
async fn serve(place: Place, settings: &[(&str, &str)]) -> (Place, Service, Vec<Client>) {
    add_alice(&place);
    let mut clients = logged_in(&place, &User::active(ALICE)).await;
    let settings = settings.iter();
    let place = settings.fold(place, |place, (name, value)| place.with(name, value));
    let service = place.serve();
    go_to(&mut clients, || Door::to(&service));
    (place, service, clients)
}

/// The same file as another process sees it.
async fn beside(place: &Place, file: &str) -> DatabaseConnection {
    let file = place.path().join(file);
    let mut options = ConnectOptions::new(format!("sqlite://{}", file.display()));
    options.max_connections(1);
    Database::connect(options).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_survive_a_writer_of_another_process() {
    // Longer than SQLite waits.
    let hasty = [("DATABASE_TIMEOUT_MILLISECONDS", "1500")];
    let (place, mut service, clients) = serve(place("sqlite://remint.db"), &hasty).await;
    let mut load = Load::of(clients);
    let other = beside(&place, "remint.db").await;
    load.until(10, Granted).await;

    other.execute_unprepared("BEGIN IMMEDIATE").await.unwrap();
    load.until(4, Unavailable).await;
    service.line_with("database is locked");
    other.execute_unprepared("ROLLBACK").await.unwrap();
    load.until(10, Granted).await;

    let mut clients = load.stop().await;
    assert_settled(&mut clients, &other).await;
}

/// A service that somebody uses alone, the way to it, and what presents a login of an hour ago.
async fn with_one_login(place: &Place, contract: ExpiredToken) -> (Service, Door, Call) {
    add_alice(place);
    let service = place.serve();
    let mut door = Door::to(&service);
    let login = Login {
        user: ALICE,
        number: 0,
        issued_at: SystemClock.now().timestamp() - 3_600,
    };
    let token = contract.log_in(&mut door, login).await;
    (service, door, contract.present(&token))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_writer_of_another_process_holds_nobody_up_who_only_reads() {
    let place = place("sqlite://remint.db").with("REFRESH_MODE", "stateless");
    let (_service, mut door, refresh) = with_one_login(&place, ExpiredToken::Stateless).await;
    let other = beside(&place, "remint.db").await;

    other.execute_unprepared("BEGIN IMMEDIATE").await.unwrap();

    let answer = door.call(&refresh).await.unwrap();
    assert_eq!(answer.status, 200, "{answer:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_writer_of_another_process_keeps_no_answer_back_that_was_lost() {
    let place = place("sqlite://remint.db")
        .with("REFRESH_MODE", "single_use")
        .with("DATABASE_TIMEOUT_MILLISECONDS", "10000");
    let (_service, mut door, refresh) = with_one_login(&place, ExpiredToken::SingleUse).await;
    let lost = door.call(&refresh).await.unwrap();
    let other = beside(&place, "remint.db").await;

    other.execute_unprepared("BEGIN IMMEDIATE").await.unwrap();
    let again = door.call(&refresh).await.unwrap();

    assert_eq!(lost.status, 200, "{lost:?}");
    assert_eq!((again.status, again.body), (200, lost.body));
}

/// A service within this process whose one connection the test gives pragmas to.
async fn one_connection() -> (TestApp, Vec<Client>) {
    let one = [("DATABASE_MAX_CONNECTIONS", "1")];
    let app = spawn_with(&[&SETTINGS[..], &one].concat()).await;
    let clients = clients(&User::active(ALICE), START, || Door::of(&app)).await;
    (app, clients)
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_survive_a_file_that_cannot_be_written() {
    let (app, clients) = one_connection().await;
    let mut load = Load::of(clients);
    load.until(10, Granted).await;

    app.sql_within("PRAGMA query_only = ON").await;
    load.until(4, Unavailable).await;
    app.sql_within("PRAGMA query_only = OFF").await;
    load.until(10, Granted).await;

    let mut clients = load.stop().await;
    assert_settled(&mut clients, &app.database).await;
}

/// The one number or word that a pragma says.
async fn pragma(database: &DatabaseConnection, pragma: &str) -> String {
    let sql = format!("SELECT CAST({pragma} AS text) AS said FROM pragma_{pragma}");
    let select = Statement::from_string(database.get_database_backend(), sql);
    let row = database.query_one_raw(select).await.unwrap().unwrap();
    row.try_get("", "said").unwrap()
}

/// Starts sessions until there is no room for another one; how many there was room for.
async fn fill(door: &mut Door) -> usize {
    let filler = "x".repeat(2_000);
    let body = json!({"user": ALICE, "contract": "envelope", "claims": {"filler": filler}});
    let start = Call::json("/admin/sessions", &body);
    let start = start.with("authorization", format!("Bearer {ADMIN_KEY}"));
    for started in 0..2_000 {
        let answer = door.call(&start).await.unwrap();
        if answer.status != 201 {
            assert_is_our_trouble(&answer);
            return started;
        }
    }
    panic!("there is always room");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_may_not_grow_has_whole_sessions_in_it_and_takes_more_once_it_may() {
    let (app, mut clients) = one_connection().await;
    let pages: u32 = pragma(&app.database, "page_count").await.parse().unwrap();
    let before = rows(&app.database).await.len();
    app.sql_within(&format!("PRAGMA max_page_count = {}", pages + 20))
        .await;

    let started = fill(&mut Door::of(&app)).await;

    assert_eq!(pragma(&app.database, "integrity_check").await, "ok");
    assert_eq!(rows(&app.database).await.len(), before + started);
    app.sql_within("PRAGMA max_page_count = 100000").await;
    app.sql("DELETE FROM remint_session WHERE claims LIKE '%filler%'")
        .await;
    assert_settled(&mut clients, &app.database).await;
}

/// A disk of two megabytes, which only root gets.
struct Disk<'a>(&'a Path);

impl<'a> Disk<'a> {
    fn mount(folder: &'a Path) -> Option<Self> {
        let mut mount = Command::new("mount");
        mount
            .args(["-t", "tmpfs", "-o", "size=2m", "remint"])
            .arg(folder);
        let output = mount.output().ok()?;
        output.status.success().then_some(Self(folder))
    }

    /// Leaves no room, or makes some again.
    fn fill(&self, is_full: bool) {
        let ballast = self.0.join("ballast");
        if is_full {
            // As much as there is room for, whatever that is.
            fs::write(ballast, vec![0; 4 << 20]).unwrap_err();
        } else {
            fs::remove_file(ballast).unwrap();
        }
    }
}

impl Drop for Disk<'_> {
    fn drop(&mut self) {
        Command::new("umount").arg("-l").arg(self.0).status().ok();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_survive_a_full_disk() {
    let place = place("sqlite://disk/remint.db");
    let folder = place.path().join("disk");
    fs::create_dir(&folder).unwrap();
    let Some(disk) = Disk::mount(&folder) else {
        return;
    };
    let (place, mut service, clients) = serve(place, &[]).await;
    let mut load = Load::of(clients);
    load.until(10, Granted).await;

    disk.fill(true);
    load.until(4, Unavailable).await;
    service.line_with("database or disk is full");
    disk.fill(false);
    load.until(10, Granted).await;

    let mut clients = load.stop().await;
    let database = beside(&place, "disk/remint.db").await;
    assert_eq!(pragma(&database, "integrity_check").await, "ok");
    assert_settled(&mut clients, &database).await;
}

#[test]
fn a_file_that_may_only_be_read_stops_the_start() {
    let place = Place::new();
    place.run(&["user", "add", "alice@example.com"]).only_line();

    let output = place
        .with("DATABASE_URL", "sqlite://remint.db?mode=ro")
        .run(&["serve"]);

    assert_eq!(output.code, Some(1), "{output:?}");
    let why = "DATABASE_URL: remint's own tables cannot be written: ";
    assert!(output.stderr.contains(why), "{output:?}");
}

#[tokio::test]
async fn a_file_that_is_no_database_or_a_broken_one_stops_the_start() {
    let place = Place::new();
    place.run(&["user", "add", "alice@example.com"]).only_line();
    let database = beside(&place, "remint.db").await;
    let all_in_one = "PRAGMA journal_mode = DELETE";
    database.execute_unprepared(all_in_one).await.unwrap();
    database.close().await.unwrap();
    let file = place.path().join("remint.db");
    let whole = fs::read(&file).unwrap();
    let half = &whole[..9_000];

    for (bytes, why) in [
        (
            &b"something else".repeat(1_000)[..],
            "file is not a database",
        ),
        (half, "database disk image is malformed"),
    ] {
        fs::write(&file, bytes).unwrap();
        let output = place.run(&["serve"]);
        assert_eq!(output.code, Some(1), "{output:?}");
        assert!(output.stderr.contains("DATABASE_URL: "), "{output:?}");
        assert!(output.stderr.contains(why), "{output:?}");
        assert_eq!(fs::read(&file).unwrap(), bytes, "it was written to");
    }
}
