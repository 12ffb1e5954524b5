use std::time::Duration;

use super::{problem, read};
use crate::cognito::IS_BUILT_IN;
use crate::config::ConfigError;

const REGION: (&str, &str) = ("COGNITO_REGION", "eu-central-1");

const CLIENT: (&str, &str) = ("COGNITO_CLIENT_ID", "1h57kf5cpq17m0eml12EXAMPLE");

#[test]
fn without_its_settings_cognito_is_asked_nothing() {
    let config = read(&[]).unwrap();

    assert!(config.cognito.is_none());
}

#[test]
fn a_binary_without_cognito_does_not_start_with_its_settings() {
    if IS_BUILT_IN {
        assert!(read(&[REGION, CLIENT]).is_ok());
        return;
    }
    let expected = "COGNITO_CLIENT_ID: this binary cannot ask Cognito; build it with --features \
                    cognito";
    assert_eq!(problem(&[REGION, CLIENT]), expected);
}

#[test]
fn the_defaults_are_those_of_an_app_client_without_a_secret_and_rotation() {
    if !IS_BUILT_IN {
        return;
    }
    let cognito = read(&[REGION, CLIENT]).unwrap().cognito.unwrap();

    assert_eq!(cognito.region, "eu-central-1");
    assert_eq!(cognito.deadline, Duration::from_secs(2));
    assert!(cognito.client_secret.is_none() && cognito.endpoint_url.is_none());
    assert!(!cognito.rotation && cognito.user_claim.is_none());
    let check = ("COGNITO_CHECK_USER", "true");
    let cognito = read(&[REGION, CLIENT, check]).unwrap().cognito.unwrap();
    assert_eq!(cognito.user_claim.as_deref(), Some("sub"));
}

#[test]
fn what_is_missing_or_can_be_none_is_a_problem() {
    for (settings, expected) in [
        (
            vec![REGION],
            "COGNITO_CLIENT_ID: required to ask AWS Cognito",
        ),
        (vec![CLIENT], "COGNITO_REGION: required to ask AWS Cognito"),
        (
            vec![("COGNITO_ROTATION", "true")],
            "COGNITO_REGION: required",
        ),
        (
            vec![("COGNITO_REGION", "eu central"), CLIENT],
            "COGNITO_REGION: expected a region",
        ),
        (
            vec![("COGNITO_REGION", "a-b.evil.com/"), CLIENT],
            "COGNITO_REGION: expected a region",
        ),
        (
            vec![REGION, ("COGNITO_CLIENT_ID", "a b")],
            "COGNITO_CLIENT_ID: expected the id",
        ),
        (
            vec![REGION, CLIENT, ("COGNITO_USER_CLAIM", "username")],
            "COGNITO_USER_CLAIM: is read only with COGNITO_CHECK_USER=true",
        ),
        (
            vec![REGION, CLIENT, ("COGNITO_TIMEOUT_MILLISECONDS", "9")],
            "COGNITO_TIMEOUT_MILLISECONDS: expected a whole number from 10 to 60000",
        ),
        (
            vec![
                REGION,
                CLIENT,
                ("COGNITO_TIMEOUT_MILLISECONDS", "15000"),
                ("REQUEST_TIMEOUT_SECONDS", "15"),
            ],
            "COGNITO_TIMEOUT_MILLISECONDS: must be shorter than REQUEST_TIMEOUT_SECONDS",
        ),
    ] {
        let ConfigError(problems) = read(&settings).unwrap_err();

        let said = problems.iter().any(|problem| problem.starts_with(expected));
        assert!(said, "{expected}: {problems:?}");
    }
}

#[test]
fn an_endpoint_is_an_address_without_a_password_and_best_not_plain_http() {
    for bad in [
        "127.0.0.1:9229",
        "ftp://127.0.0.1",
        "http://",
        "http://user:correct-horse@127.0.0.1",
        "http://127.0.0.1/?a=b",
        "no address",
    ] {
        let ConfigError(problems) =
            read(&[REGION, CLIENT, ("COGNITO_ENDPOINT_URL", bad)]).unwrap_err();

        let problems = problems.concat();
        assert!(
            problems.contains("COGNITO_ENDPOINT_URL: expected an address"),
            "{bad}"
        );
        assert!(!problems.contains("correct-horse"));
    }
    if IS_BUILT_IN {
        for (good, warned) in [
            ("http://127.0.0.1:9229", false),
            ("http://[::1]:9229", false),
            ("https://cognito.example.com", false),
            ("http://cognito.example.com", true),
        ] {
            let config = read(&[REGION, CLIENT, ("COGNITO_ENDPOINT_URL", good)]).unwrap();

            let warnings = config.warnings.concat();
            assert_eq!(warnings.contains("COGNITO_ENDPOINT_URL"), warned, "{good}");
        }
    }
}

#[test]
fn no_setting_shows_the_secret() {
    let secret = ("COGNITO_CLIENT_SECRET", "correct-horse-battery-staple");

    let shown = format!("{:?}", read(&[REGION, CLIENT, secret]));

    assert!(!shown.contains("correct-horse"), "{shown}");
}
