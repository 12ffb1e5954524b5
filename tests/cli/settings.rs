//! Where settings come from, and what is said of wrong ones.

use std::fs;

use serde_json::json;

use crate::harness::process::Place;
use crate::harness::{SECRET, jwt};

fn with_file(place: Place, name: &str, text: &str) -> Place {
    fs::write(place.path().join(name), text).unwrap();
    place
}

#[test]
fn everything_that_is_wrong_is_said_at_once() {
    let settings = [
        ("ACCESS_TOKEN_EXPIRE_MINUTES", "0"),
        ("CORS_ALLOWED_ORIGINS", "*"),
        ("DATABASE_URL", "oracle://scott:tiger@db/users"),
        ("JWT_ALGORITM", "HS256"),
        ("JWT_SECRET_KEY", "short"),
        ("LISTEN_ADDR", "8000"),
        ("LOG_FORMAT", "xml"),
        ("REFRESH_WINDOW_MINUTES", "1.5"),
        ("TRUSTED_PROXIES", "10.0.0.0/33"),
        ("USERS_CLAIM_COLUMNS", "valid_until:exp"),
        ("USERS_FOO", "1"),
    ];
    let place = settings.iter().fold(Place::bare(), |place, (name, value)| {
        place.with(name, value)
    });

    let output = place.run(&["serve"]);

    assert_eq!((output.code, output.stdout.as_str()), (Some(1), ""));
    insta::assert_snapshot!(output.stderr, @r#"
    remint: the settings have 11 problems:
      JWT_SECRET_KEY: 5 bytes are too few: HS256 needs 32 (RFC 7518 section 3.2). Generate one with `openssl rand -base64 48`; to go on with a legacy secret for now, set JWT_ALLOW_WEAK_SECRET=true
      ACCESS_TOKEN_EXPIRE_MINUTES: expected a whole number from 1 to 52560000
      REFRESH_WINDOW_MINUTES: expected a whole number from 1 to 52560000
      DATABASE_URL: expected sqlite://…, postgres://…, mysql://… or mariadb://…
      USERS_CLAIM_COLUMNS: exp is written by remint itself
      LISTEN_ADDR: expected an address and a port, or a Unix socket, such as 127.0.0.1:8000, 0.0.0.0:8000, [::]:8000 or unix:/run/remint.sock
      CORS_ALLOWED_ORIGINS: * is not an origin as browsers write it: https://app.example.com, in lower case, without a path and without the scheme's own port; * is not supported, because answers carry credentials
      TRUSTED_PROXIES: 10.0.0.0/33 is neither an address nor a network such as 10.0.0.0/8, nor unix
      LOG_FORMAT: expected pretty or json
      JWT_ALGORITM: unknown; did you mean JWT_ALGORITHM?
      USERS_FOO: unknown; .env.example lists every setting
    "#);
}

#[test]
fn every_command_that_needs_settings_says_what_is_wrong_with_them() {
    for arguments in [
        &["serve"][..],
        &["doctor"],
        &["explain", "x"],
        &["token", "--sub", "alice"],
        &["user", "list"],
        &["migrate", "status"],
        &["smoke", "http://127.0.0.1:1", "--sub", "alice"],
    ] {
        let output = Place::new().with("USERS_TABEL", "people").run(arguments);

        assert_eq!(
            (output.code, output.stdout.as_str()),
            (Some(1), ""),
            "{arguments:?}"
        );
        let said = "USERS_TABEL: unknown; did you mean USERS_TABLE?";
        assert!(output.stderr.contains(said), "{output:?}");
    }
}

#[test]
fn users_and_tables_need_no_secret() {
    for arguments in [&["user", "list"][..], &["migrate", "status"]] {
        let output = Place::bare().run(arguments);
        assert_eq!(output.code, Some(0), "{output:?}");
    }
}

#[test]
fn the_environment_goes_before_the_file() {
    let file = format!(
        "# ours\nJWT_SECRET_KEY={SECRET}\nexport JWT_ISSUER='file'\nJWT_AUDIENCE=\"file\"\n"
    );
    let place = with_file(Place::bare(), ".env", &file).with("JWT_ISSUER", "environment");

    let output = place.run(&["token", "--sub", "alice"]);

    let claims = jwt::payload(output.only_line());
    assert_eq!(
        json!([claims["iss"], claims["aud"]]),
        json!(["environment", "file"])
    );
}

#[test]
fn a_line_of_the_file_that_is_no_setting_is_not_repeated() {
    let file = "LOG_LEVEL=info\nthe-secret-without-a-name is here\n";
    let place = with_file(Place::new(), ".env", file);

    let output = place.run(&["token", "--sub", "alice"]);

    assert_eq!((output.code, output.stdout.as_str()), (Some(1), ""));
    assert_eq!(
        output.stderr,
        "remint: setting 2 of .env cannot be read: write NAME=value, and 'value' in single quotes where it has spaces, quotes, # or $\n"
    );
}

#[test]
fn a_secret_can_stand_in_a_file_of_its_own() {
    let place = with_file(Place::bare(), "secret", &format!("{SECRET}\n"));
    let place = place.with("JWT_SECRET_KEY_FILE", "secret");

    let token = place
        .run(&["token", "--sub", "alice"])
        .only_line()
        .to_owned();

    let (signed, _) = token.rsplit_once('.').unwrap();
    assert_eq!(jwt::sign(signed, SECRET), token);
}

#[test]
fn an_empty_variable_does_not_hide_the_one_of_the_file() {
    let place = with_file(
        Place::new().with("JWT_ISSUER", ""),
        ".env",
        "JWT_ISSUER=us\n",
    );

    let output = place.run(&["token", "--sub", "alice"]);

    assert_eq!(jwt::payload(output.stdout.trim())["iss"], "us");
}
