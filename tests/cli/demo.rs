//! `remint demo`

use crate::harness::process::{Output, Place};

/// Fails unless the demo has shown both refreshes and left nothing behind.
fn assert_shown(output: &Output, place: &Place) {
    assert_eq!(output.code, Some(0), "{output:?}");
    for shown in [
        "curl -X POST http://127.0.0.1:",
        "\n200\n{\n  \"access_token\": ",
        "\"expires_in\": 1800",
        "\n401\n{\n",
        "\"code\": \"user_inactive\"",
        "`remint session start --help`",
    ] {
        assert!(output.stdout.contains(shown), "{shown} not in {output:?}");
    }
    assert_eq!(place.files(), Vec::<String>::new());
}

/// An empty folder in which the demo makes its own.
fn place() -> Place {
    let place = Place::bare();
    let folder = place.path().to_str().unwrap().to_owned();
    place.with("TMPDIR", &folder)
}

#[test]
fn it_shows_a_refresh_and_a_refusal_and_cleans_up() {
    let place = place();

    let output = place.run(&["demo", "--once", "--listen", "127.0.0.1:0"]);

    assert_shown(&output, &place);
    assert_eq!(output.stderr, "");
}

#[test]
fn it_takes_another_port_where_its_own_is_taken() {
    let place = place();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();

    let output = place.run(&["demo", "--once", "--listen", &address]);

    assert_shown(&output, &place);
    assert!(output.stderr.contains("taking a free port"), "{output:?}");
}

#[test]
fn neither_settings_nor_a_proxy_of_the_environment_disturb_it() {
    let place = place()
        .with("JWT_SECRET_KEY", "short")
        .with("USERS_TABLE", "people")
        .with("HTTP_PROXY", "http://127.0.0.1:1")
        .with("http_proxy", "http://127.0.0.1:1");

    let output = place.run(&["demo", "--once", "--listen", "127.0.0.1:0"]);

    assert_shown(&output, &place);
}
