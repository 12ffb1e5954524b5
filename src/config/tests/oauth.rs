use super::{SECRET, problem, read};
use crate::http::OAuthClient;

const ID: (&str, &str) = ("OAUTH_CLIENT_ID", "shop");
const CLIENT_SECRET: &str = "a-client-secret-of-the-tests-0123456789";

#[test]
fn a_client_is_public_until_it_has_a_secret() {
    let client = |settings: &[_]| read(settings).unwrap().http.oauth.client;

    assert!(matches!(client(&[]), OAuthClient::Public(None)));
    assert!(matches!(client(&[ID]), OAuthClient::Public(Some(id)) if id == "shop"));
    let both = [ID, ("OAUTH_CLIENT_SECRET", CLIENT_SECRET)];
    assert!(matches!(client(&both), OAuthClient::Confidential(_)));
}

#[test]
fn a_secret_that_nobody_could_show_is_a_problem() {
    let secret = ("OAUTH_CLIENT_SECRET", CLIENT_SECRET);

    let expected = "OAUTH_CLIENT_ID: required where OAUTH_CLIENT_SECRET is set";
    assert_eq!(problem(&[secret]), expected);
    let expected = "OAUTH_CLIENT_ID: expected ASCII without spaces";
    assert_eq!(problem(&[("OAUTH_CLIENT_ID", "my shop"), secret]), expected);
}

#[test]
fn a_secret_that_can_be_guessed_or_signs_tokens_is_a_problem() {
    for (secret, expected) in [
        (
            "short",
            "expected 32 characters or more, such as those of `openssl rand -base64 48`",
        ),
        (
            "abababababababababababababababababab",
            "repeats a few characters; anybody can guess it",
        ),
        (
            "a client secret with spaces, which one may forget to send",
            "expected ASCII without spaces, as it is sent in a header",
        ),
    ] {
        let expected = format!("OAUTH_CLIENT_SECRET: {expected}");
        assert_eq!(problem(&[ID, ("OAUTH_CLIENT_SECRET", secret)]), expected);
    }
    let same = [
        ID,
        ("OAUTH_CLIENT_SECRET", CLIENT_SECRET),
        ("JWT_SECRET_KEY", CLIENT_SECRET),
    ];
    let previous = [
        ID,
        ("OAUTH_CLIENT_SECRET", CLIENT_SECRET),
        ("JWT_SECRET_KEY", SECRET),
        ("JWT_PREVIOUS_SECRET_KEYS", CLIENT_SECRET),
    ];
    let expected =
        "OAUTH_CLIENT_SECRET: must not be a secret of tokens: whoever has it could sign them";
    assert_eq!(problem(&same), expected);
    assert_eq!(problem(&previous), expected);
}

#[test]
fn an_issuer_that_clients_would_not_find_is_a_problem() {
    let issuer = |url| ("OAUTH_ISSUER", url);

    assert!(
        read(&[issuer("https://auth.example.com/v1")])
            .unwrap()
            .http
            .oauth
            .issuer
            .is_some()
    );
    for url in [
        "auth.example.com",
        "http://auth.example.com",
        "https://auth.example.com/",
    ] {
        let problem = problem(&[issuer(url)]);
        assert!(
            problem.starts_with("OAUTH_ISSUER: expected a URL such as"),
            "{problem}"
        );
    }
}

#[test]
fn a_secret_that_starts_sessions_is_a_problem() {
    let same = [
        ID,
        ("OAUTH_CLIENT_SECRET", CLIENT_SECRET),
        ("ADMIN_API_KEY", CLIENT_SECRET),
    ];

    let expected =
        "OAUTH_CLIENT_SECRET: must not be ADMIN_API_KEY: the client could log in as anybody";
    assert_eq!(problem(&same), expected);
}
