//! `remint smoke`

use super::place_with_users;
use crate::harness::authority::Authority;
use crate::harness::process::Place;
use crate::server::post_refresh;

#[test]
fn a_service_that_does_as_it_should_passes_every_step() {
    let place = place_with_users();
    let service = place.serve();
    let url = format!("http://{}", service.address());
    let arguments = ["smoke", &url, "--sub", "alice", "--inactive-sub", "bob"];

    let people = place.run(&arguments);
    let programs = place.run(&[&arguments[..], &["--json"]].concat());

    assert_eq!(people.code, Some(0), "{people:?}");
    assert!(
        people.stdout.ends_with(" steps went as they should.\n"),
        "{people:?}"
    );
    let rows = programs.json();
    let rows = rows.as_array().unwrap();
    assert!(rows.len() > 15 && rows.iter().all(|row| row["verdict"] == "ok"));
    assert!(rows.iter().any(|row| row["got"] == "401 user_inactive"));
}

#[test]
fn a_service_with_a_certificate_of_ones_own_needs_to_be_believed_in() {
    let authority = Authority::new();
    let place = place_with_users()
        .with("TLS_CERT", "cert.pem")
        .with("TLS_KEY", "key.pem");
    authority.sign(2100).write_to(place.path());
    std::fs::write(place.path().join("ca.pem"), authority.pem()).unwrap();
    let service = place.serve();
    let url = format!("https://{}", service.address());
    let arguments = ["smoke", &url, "--sub", "alice"];

    let doubting = place.run(&arguments);
    let believing = place.run(&[&arguments[..], &["--cacert", "ca.pem"]].concat());
    let mistaken = place.run(&[&arguments[..], &["--cacert", "key.pem"]].concat());

    assert!(doubting.stderr.contains("--cacert names"), "{doubting:?}");
    assert_eq!(believing.code, Some(0), "{believing:?}");
    let message = "remint: key.pem cannot be used: there is no certificate in it";
    assert!(mistaken.stderr.starts_with(message), "{mistaken:?}");
}

#[test]
fn a_walk_fits_into_the_limits_of_a_service_with_default_settings() {
    let place = place_with_users().with("RATE_LIMIT_PER_MINUTE", "");
    let service = place.serve();
    let url = format!("http://{}", service.address());

    let output = place.run(&["smoke", &url, "--sub", "alice", "--inactive-sub", "bob"]);

    assert_eq!(output.code, Some(0), "{output:?}");
}

#[test]
fn a_service_that_says_wait_is_waited_for() {
    let place = place_with_users().with("RATE_LIMIT_PER_MINUTE", "60");
    let service = place.serve();
    let url = format!("http://{}", service.address());
    for _ in 0..60 {
        post_refresh(&service, r#"{"token":"x"}"#);
    }

    let output = place.run(&["smoke", &url, "--sub", "alice"]);

    assert_eq!(output.code, Some(0), "{output:?}");
}

#[test]
fn a_service_with_another_secret_fails() {
    let place = place_with_users();
    let service = place.serve();
    let other = Place::bare().with("JWT_SECRET_KEY", &"another secret".repeat(5));

    let url = format!("http://{}/", service.address());
    let output = other.run(&["smoke", &url, "--sub", "alice"]);

    assert_eq!(output.code, Some(1), "{output:?}");
    assert!(output.stdout.contains("| 401 invalid_token"), "{output:?}");
    assert!(output.stdout.contains("| WRONG"), "{output:?}");
    assert!(output.stderr.contains("steps went wrong"), "{output:?}");
}

#[test]
fn a_user_who_may_not_refresh_fails_too() {
    let place = place_with_users();
    let service = place.serve();

    let url = format!("http://{}", service.address());
    let output = place.run(&["smoke", &url, "--sub", "bob", "--json"]);

    assert_eq!(output.code, Some(1), "{output:?}");
    let rows = output.json();
    let rows = rows.as_array().unwrap().iter();
    let wrong: Vec<_> = rows.filter(|row| row["verdict"] == "WRONG").collect();
    assert_eq!(wrong.len(), 1, "{wrong:?}");
    assert_eq!(wrong[0]["got"], "401 user_inactive");
}

#[test]
fn nobody_at_that_address_is_an_error() {
    let output = Place::new().run(&["smoke", "http://127.0.0.1:1", "--sub", "alice"]);

    assert_eq!((output.code, output.stdout.as_str()), (Some(1), ""));
    let message = "remint: http://127.0.0.1:1 does not answer: ";
    assert!(output.stderr.starts_with(message), "{output:?}");
}
