use super::{SECRET, problem, read};
use crate::config::{Config, Purpose};

const KEY: &str = "an-admin-key-of-the-tests-0123456789";

#[test]
fn without_a_key_there_is_no_admin_listener() {
    let admin = read(&[("ADMIN_LISTEN_ADDR", "[::]:9001")]).unwrap().admin;

    assert!(admin.key.is_none());
    assert_eq!(admin.listen.to_string(), "[::]:9001");
    let admin = read(&[("ADMIN_API_KEY", KEY)]).unwrap().admin;
    assert!(admin.key.is_some());
    assert_eq!(admin.listen.to_string(), "127.0.0.1:9000");
}

#[test]
fn a_key_that_can_be_guessed_or_not_sent_is_a_problem() {
    let short = "expected 32 characters or more, such as those of `openssl rand -base64 48`";
    let unsent = "expected ASCII without spaces, as it is sent in a header";
    for (key, expected) in [
        ("short", short),
        ("only-31-characters-are-too-few!", short),
        ("a key with spaces cannot be sent in a header", unsent),
        ("ein-schlüssel-mit-umlaut-0123456789", unsent),
        (
            "abababababababababababababababababab",
            "repeats a few characters; anybody can guess it",
        ),
        (
            "09d25e094faa6ca2556c818166b7a9563b93f7099f6f0f4caa6cf63b88e8d3e7",
            "stands in public documentation; anybody can use it",
        ),
    ] {
        let expected = format!("ADMIN_API_KEY: {expected}");
        assert_eq!(problem(&[("ADMIN_API_KEY", key)]), expected);
    }
    read(&[("ADMIN_API_KEY", "exactly-32-characters-are-enough")]).unwrap();
}

#[test]
fn a_key_that_signs_tokens_is_a_problem() {
    let encoded = "base64:YW4tYWRtaW4ta2V5LW9mLXRoZS10ZXN0cy0wMTIzNDU2Nzg5";
    let expected = "ADMIN_API_KEY: must not be a secret of tokens: whoever has it could sign them";
    for (key, settings) in [
        (KEY, vec![("JWT_SECRET_KEY", KEY)]),
        (KEY, vec![("JWT_SECRET_KEY", encoded)]),
        (encoded, vec![("JWT_SECRET_KEY", encoded)]),
        (encoded, vec![("JWT_SECRET_KEY", KEY)]),
        (
            KEY,
            vec![
                ("JWT_SECRET_KEY", SECRET),
                ("JWT_PREVIOUS_SECRET_KEYS", KEY),
            ],
        ),
    ] {
        let settings = [vec![("ADMIN_API_KEY", key)], settings].concat();
        assert_eq!(problem(&settings), expected);
    }
}

#[test]
fn a_key_is_judged_also_where_tokens_are_of_no_interest() {
    let settings = [("ADMIN_API_KEY".to_owned(), "short".to_owned())];

    let refused = Config::from_vars(settings, Purpose::Database).unwrap_err();

    assert!(refused.to_string().contains("ADMIN_API_KEY"), "{refused}");
}

#[test]
fn two_listeners_on_one_address_are_a_problem() {
    let same = ("LISTEN_ADDR", "127.0.0.1:9000");

    let expected = "ADMIN_LISTEN_ADDR: must be another than LISTEN_ADDR";
    assert_eq!(problem(&[same, ("ADMIN_API_KEY", KEY)]), expected);
    read(&[same]).unwrap();
    let free = ("LISTEN_ADDR", "127.0.0.1:0");
    let settings = [free, ("ADMIN_LISTEN_ADDR", free.1), ("ADMIN_API_KEY", KEY)];
    read(&settings).unwrap();
}

#[test]
fn a_key_for_the_metrics_is_another_than_that_of_admins() {
    let metrics = "a-metrics-key-of-the-tests-0123456789";
    let admin = ("ADMIN_API_KEY", KEY);

    let both = read(&[admin, ("METRICS_API_KEY", metrics)]).unwrap().admin;
    assert!(both.metrics_key.is_some_and(|key| key.is(metrics)));

    for (key, settings, expected) in [
        (metrics, vec![], "opens nothing without ADMIN_API_KEY"),
        (
            KEY,
            vec![admin],
            "must not be ADMIN_API_KEY: whoever reads metrics could log in as anybody",
        ),
        (
            "short",
            vec![admin],
            "expected 32 characters or more, such as those of `openssl rand -base64 48`",
        ),
    ] {
        let settings = [vec![("METRICS_API_KEY", key)], settings].concat();
        assert_eq!(problem(&settings), format!("METRICS_API_KEY: {expected}"));
    }
}
