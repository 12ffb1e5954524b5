//! The command line, as people and scripts use it.

mod demo;
mod doctor;
mod explain;
mod explain_refresh_token;
mod health;
mod import;
mod manual;
mod migrate;
mod openapi;
mod session;
mod settings;
mod smoke;
mod token;
mod user;

use sea_orm::{ConnectionTrait as _, Database};

use crate::harness::process::Place;

/// The URL of a database in the place's folder that somebody else has made.
async fn foreign_database(place: &Place, statements: &[&str]) -> String {
    let url = format!("sqlite://{}", place.path().join("theirs.db").display());
    let connection = Database::connect(format!("{url}?mode=rwc")).await.unwrap();
    for statement in statements {
        connection.execute_unprepared(statement).await.unwrap();
    }
    connection.close().await.unwrap();
    url
}

/// A good secret and two users of remint's own table: alice, who is active, and bob, who is not.
pub(crate) fn place_with_users() -> Place {
    let place = Place::new();
    for arguments in [
        &["user", "add", "alice@example.com", "--id", "alice"][..],
        &[
            "user",
            "add",
            "bob@example.com",
            "--id",
            "bob",
            "--inactive",
        ],
    ] {
        place.run(arguments).only_line();
    }
    place
}

#[test]
fn the_help_names_every_command() {
    let help = Place::bare().run(&["--help"]);

    assert_eq!(help.code, Some(0));
    insta::assert_snapshot!(help.stdout, @r#"
    Re-signs expired JWTs: safe token refresh for legacy backends and their frontends.

    Settings come from the environment and from the file .env of the current folder, or of the nearest
    one above; .env.example lists them all. To see it work without setting anything: remint demo

    Usage: remint <COMMAND>

    Commands:
      serve        Answer requests until told to stop
      demo         Show one refresh over real HTTP with sample users and a random secret, then go on
                   serving
      migrate      Make, remove or list remint's own tables; serve makes them by itself
      doctor       Check settings, secrets, users table, index and clock, and say how to mend them
      explain      Show what every check says about a token, a refresh token too; changes and issues
                   nothing
      session      Start, import, list, show or revoke sessions
      token        Print a token for tests, signed with the configured key
      user         Add, list, activate or deactivate users of the table that remint itself made
      openapi      Print the OpenAPI document
      smoke        Walk a running service through the main job and its refusals; the exit code tells
      health       Ask a running service whether it can serve, for health checks; the exit code tells
      completions  Print the completions of a shell
      man          Print the man page, or write those of all commands
      help         Print this message or the help of the given subcommand(s)

    Options:
      -h, --help
              Print help (see a summary with '-h')

      -V, --version
              Print version
    "#);
}

#[test]
fn every_command_explains_itself() {
    let place = Place::bare();
    let commands = [
        "serve", "demo", "migrate", "doctor", "explain", "token", "user",
    ];
    let others = ["openapi", "smoke", "health", "completions", "man"];

    for command in commands.into_iter().chain(others) {
        let help = place.run(&[command, "--help"]);

        assert_eq!(help.code, Some(0), "{help:?}");
        assert!(
            help.stdout.contains(&format!("Usage: remint {command}")),
            "{help:?}"
        );
    }
}

#[test]
fn an_unknown_command_is_an_error_that_says_so() {
    let output = Place::bare().run(&["sreve"]);

    assert_eq!((output.code, output.stdout.as_str()), (Some(2), ""));
    assert!(output.stderr.contains("serve"), "{output:?}");
}

#[test]
fn an_address_that_is_taken_is_an_error_that_names_the_setting() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();

    let output = Place::new().with("LISTEN_ADDR", &address).run(&["serve"]);

    assert_eq!(output.code, Some(1));
    let message = format!("remint: cannot listen on {address} (LISTEN_ADDR): ");
    assert!(output.stderr.contains(&message), "{output:?}");
}
