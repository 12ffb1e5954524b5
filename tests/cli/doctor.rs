//! `remint doctor`

use std::fs;

use serde_json::Value;

use super::{foreign_database, place_with_users};
use crate::harness::authority::Authority;
use crate::harness::process::{Output, Place};
use crate::harness::servers::{self, Engine, OwnRedis};

/// The state of a thing that the doctor looked at, and what is said of it.
fn finding(output: &Output, what: &str) -> (String, String) {
    let Value::Array(rows) = output.json() else {
        panic!("{output:?}");
    };
    let row = rows.iter().find(|row| row["what"] == what);
    let row = row.unwrap_or_else(|| panic!("no {what} in {output:?}"));
    let text = |name| row[name].as_str().unwrap().to_owned();
    (text("state"), text("seen"))
}

/// A users table of somebody else, and the doctor's finding about it.
async fn users_of(table: &str, settings: &[(&str, &str)]) -> (Option<i32>, String, String) {
    let place = Place::new();
    let url = foreign_database(&place, &[table]).await;
    let place = settings.iter().fold(
        place.with("USERS_DATABASE_URL", &url),
        |place, (name, value)| place.with(name, value),
    );
    let output = place.run(&["doctor", "--json"]);
    let (state, seen) = finding(&output, "users");
    (output.code, state, seen)
}

const TABLE: &str = "CREATE TABLE users (id TEXT PRIMARY KEY, is_active BOOLEAN, status TEXT)";

#[test]
fn where_all_is_well_it_says_so() {
    let place = place_with_users();

    let (people, programs) = (place.run(&["doctor"]), place.run(&["doctor", "--json"]));

    assert_eq!((people.code, programs.code), (Some(0), Some(0)));
    assert!(
        people
            .stdout
            .ends_with("Everything that serve needs is there.\n")
    );
    for what in ["settings", "secret", "clock", "database", "users", "index"] {
        assert_eq!(finding(&programs, what).0, "ok", "{what}");
    }
}

#[test]
fn it_says_where_the_admin_listener_is_and_who_could_reach_it() {
    let key = crate::harness::ADMIN_KEY;
    for (settings, expected) in [
        (&[][..], ("off", "ADMIN_API_KEY switches")),
        (
            &[("ADMIN_API_KEY", key)],
            ("ok", "on 127.0.0.1:9000, for this machine alone"),
        ),
        (
            &[
                ("ADMIN_API_KEY", key),
                ("ADMIN_LISTEN_ADDR", "0.0.0.0:9000"),
            ],
            ("ok", "let only the login backend reach it"),
        ),
    ] {
        let place = place_with_users();
        let place = settings
            .iter()
            .fold(place, |place, (name, value)| place.with(name, value));

        let (state, seen) = finding(&place.run(&["doctor", "--json"]), "admin");

        assert_eq!(state, expected.0);
        assert!(seen.contains(expected.1), "{seen}");
    }
}

#[test]
fn before_the_first_start_it_says_what_serve_will_make() {
    let output = Place::new().run(&["doctor", "--json"]);

    assert_eq!(output.code, Some(0), "{output:?}");
    let users = finding(&output, "users");
    assert_eq!(users.1, "no table users yet; serve will make it");
}

#[test]
fn a_missing_or_weak_or_published_secret_is_the_first_thing_it_says() {
    let published = "09d25e094faa6ca2556c818166b7a9563b93f7099f6f0f4caa6cf63b88e8d3e7";
    for (secret, complaint) in [
        ("", "JWT_SECRET_KEY: required"),
        (
            "only-31-bytes-long-is-too-short",
            "JWT_SECRET_KEY: 31 bytes are too few",
        ),
        (published, "JWT_SECRET_KEY: this secret is published"),
    ] {
        let output = Place::bare()
            .with("JWT_SECRET_KEY", secret)
            .run(&["doctor"]);

        assert_eq!(output.code, Some(1));
        assert!(output.stderr.contains(complaint), "{output:?}");
        assert!(
            secret.is_empty() || !output.stderr.contains(secret),
            "{output:?}"
        );
    }
}

#[test]
fn a_weak_secret_that_is_allowed_is_a_warning() {
    let place = Place::bare()
        .with("JWT_SECRET_KEY", "legacy")
        .with("JWT_ALLOW_WEAK_SECRET", "true");

    let output = place.run(&["doctor", "--json"]);

    assert_eq!(output.code, Some(0), "{output:?}");
    assert_eq!(finding(&output, "secret").0, "warning");
}

#[tokio::test]
async fn a_table_or_column_that_is_not_there_is_named_with_its_setting() {
    for (settings, needles) in [
        (
            [("USERS_TABLE", "people")],
            ["no table people", "USERS_TABLE"],
        ),
        (
            [("USERS_KEY_COLUMN", "uid")],
            ["no column uid (USERS_KEY_COLUMN)", "id, is_active"],
        ),
        (
            [("USERS_ACTIVE_COLUMN", "on")],
            ["no column on (USERS_ACTIVE_COLUMN)", "is_active"],
        ),
        (
            [("USERS_CLAIM_COLUMNS", "role")],
            ["no column role (USERS_CLAIM_COLUMNS)", "status"],
        ),
        (
            [("USERS_ACTIVE_COLUMN", "status")],
            ["of type text", "USERS_ACTIVE_VALUES"],
        ),
    ] {
        let (code, state, seen) = users_of(TABLE, &settings).await;

        assert_eq!((code, state.as_str()), (Some(1), "BAD"), "{seen}");
        assert!(needles.iter().all(|needle| seen.contains(needle)), "{seen}");
    }
}

#[tokio::test]
async fn a_table_that_fits_the_settings_is_shown_with_the_statement() {
    let settings = [
        ("USERS_ACTIVE_COLUMN", "status"),
        ("USERS_ACTIVE_VALUES", "on"),
    ];

    let (code, state, seen) = users_of(TABLE, &settings).await;

    assert_eq!((code, state.as_str()), (Some(0), "ok"), "{seen}");
    assert!(seen.contains(r#"FROM "users" WHERE "id" = ?"#), "{seen}");
}

#[tokio::test]
async fn a_key_without_an_index_is_a_warning() {
    let place = Place::new();
    let table = "CREATE TABLE users (id TEXT, is_active BOOLEAN)";
    let url = foreign_database(&place, &[table]).await;

    let output = place
        .with("USERS_DATABASE_URL", &url)
        .run(&["doctor", "--json"]);

    assert_eq!(output.code, Some(0), "{output:?}");
    let (state, seen) = finding(&output, "index");
    assert_eq!(state, "warning");
    assert!(seen.contains("CREATE UNIQUE INDEX"), "{seen}");
}

#[test]
fn a_users_database_that_is_not_there_is_not_made() {
    let place = Place::new().with("USERS_DATABASE_URL", "sqlite://misspelt.db");

    let output = place.run(&["doctor", "--json"]);

    assert_eq!(output.code, Some(1));
    let (state, seen) = finding(&output, "users");
    assert_eq!(state, "BAD");
    assert!(seen.contains("USERS_DATABASE_URL"), "{seen}");
    assert!(!place.files().contains(&"misspelt.db".to_owned()));
}

#[test]
fn a_file_that_serve_could_not_make_is_named_as_serve_names_it() {
    for (url, obstacle) in [
        (
            "sqlite://nope/x.db",
            "there is no folder nope for nope/x.db",
        ),
        (
            "sqlite:///proc/x.db",
            "nothing can be written in the folder /proc: ",
        ),
    ] {
        let place = Place::new().with("DATABASE_URL", url);

        let (doctor, serve) = (place.run(&["doctor", "--json"]), place.run(&["serve"]));

        assert_eq!((doctor.code, serve.code), (Some(1), Some(1)));
        let (state, seen) = finding(&doctor, "database");
        assert!(state == "BAD" && seen.contains(obstacle), "{seen}");
        assert!(serve.stderr.contains(obstacle), "{serve:?}");
    }
}

#[test]
fn a_file_is_looked_for_where_serve_has_it() {
    for url in ["sqlite://my%20files/x.db", "sqlite://none/x?mode=memory"] {
        let place = Place::new().with("DATABASE_URL", url);
        fs::create_dir(place.path().join("my files")).unwrap();

        let (state, seen) = finding(&place.run(&["doctor", "--json"]), "database");

        assert_ne!(state, "BAD", "{url}: {seen}");
    }
}

#[tokio::test]
async fn tables_that_may_only_be_read_are_not_enough() {
    let Some(server) = servers::database(Engine::Postgres).await else {
        return;
    };
    drop(Place::new().with("DATABASE_URL", &server.url).serve());
    let url = format!("{}?options[default_transaction_read_only]=on", server.url);
    let place = Place::new().with("DATABASE_URL", &url);

    let (state, seen) = finding(&place.run(&["doctor", "--json"]), "database");

    let what = "remint's own tables cannot be written: ";
    assert!(state == "BAD" && seen.contains(what), "{seen}");
}

#[test]
fn a_database_that_refuses_is_not_said_to_be_silent() {
    for url in ["postgres://u:p@127.0.0.1:1/x", "mysql://u:p@127.0.0.1:1/x"] {
        let place = Place::new().with("DATABASE_URL", url);
        let place = place.with("DATABASE_CONNECT_TIMEOUT_SECONDS", "1");

        let (doctor, serve) = (place.run(&["doctor"]), place.run(&["serve"]));

        for said in [
            doctor.stdout,
            serve.stderr.lines().last().unwrap().to_owned(),
        ] {
            assert!(said.contains("127.0.0.1:1: Connection refused"), "{said}");
        }
    }
}

#[test]
fn a_database_out_of_reach_is_named_without_its_password() {
    for url in [
        "postgres://service:correct-horse-battery@127.0.0.1:1/x",
        "postgres://service:correct-horse-battery@127.0.0.1:port/x",
        "mysql://service:correct-horse-battery@[::1/x",
    ] {
        let output = Place::new()
            .with("DATABASE_URL", url)
            .run(&["doctor", "--json"]);

        assert_eq!(output.code, Some(1));
        let (state, seen) = finding(&output, "database");
        assert!(state == "BAD" && seen.contains("(DATABASE_URL)"), "{seen}");
        assert!(!format!("{output:?}").contains("correct-horse"), "{seen}");
    }
}

#[test]
fn it_says_what_is_bounded_and_that_replicas_do_not_share_it() {
    let place = place_with_users().with("RATE_LIMIT_PER_MINUTE", "10");

    let output = place.run(&["doctor", "--json"]);

    let limits = "10 refreshes of a session and bad credentials of an address a minute; \
                  any number of requests of an address";
    assert_eq!(
        finding(&output, "limits"),
        ("ok".to_owned(), limits.to_owned())
    );
    assert_eq!(finding(&output, "redis").0, "off");
}

#[tokio::test]
async fn a_redis_that_does_not_answer_is_a_warning() {
    let Some(mut redis) = OwnRedis::new().await else {
        return;
    };
    let place = place_with_users().with("REDIS_URL", &redis.url());
    let place = place.with("REDIS_TIMEOUT_MILLISECONDS", "10000");

    let away = place.run(&["doctor", "--json"]);
    redis.start();
    let there = place.run(&["doctor", "--json"]);

    let (state, seen) = finding(&away, "redis");
    assert_eq!((away.code, state.as_str()), (Some(0), "warning"));
    assert!(
        seen.ends_with("each replica counts for itself until it answers (REDIS_URL)"),
        "{seen}"
    );
    let seen = "answers; replicas share the limits".to_owned();
    assert_eq!(finding(&there, "redis"), ("ok".to_owned(), seen));
}

#[test]
fn the_end_of_the_certificate_is_told_before_it_comes() {
    let place = Place::new();
    let output = place.run(&["doctor", "--json"]);
    assert_eq!(finding(&output, "tls").0, "off");

    let place = place
        .with("TLS_CERT", "cert.pem")
        .with("TLS_KEY", "key.pem");
    for (year, state, seen) in [
        (
            2100,
            "ok",
            "the certificate is good until 2100-01-01 00:00:00 UTC",
        ),
        (
            2020,
            "warning",
            "the certificate ran out at 2020-01-01 00:00:00 UTC",
        ),
    ] {
        Authority::new().sign(year).write_to(place.path());
        let output = place.run(&["doctor", "--json"]);

        let (found, said) = finding(&output, "tls");
        assert_eq!((output.code, &*found), (Some(0), state), "{output:?}");
        assert!(said.contains(seen), "{said}");
    }
}
