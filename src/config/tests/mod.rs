mod admin;
mod cognito;
mod cookies;
mod keys;
mod limits;
mod lists;
mod names;
mod oauth;
mod traces;

use proptest::prelude::*;

use super::*;

/// Long enough for every algorithm.
const SECRET: &str = "a secret of the tests that is long enough for each of the three algorithms";

/// Every variable that holds a secret, and the one with the name of its file.
fn secrets() -> Vec<&'static str> {
    let names = Config::variables();
    let base = |name: &&'static str| name.strip_suffix("_FILE").filter(|it| names.contains(it));
    let files = names.iter().copied().filter(|name| base(name).is_some());
    files
        .flat_map(|name| base(&name).into_iter().chain([name]))
        .collect()
}

/// Every variable whose value can be wrong by itself.
const CHECKED: [&str; 53] = [
    "ACCEPT_IMPORTED_TOKENS",
    "ACCESS_COOKIE_NAME",
    "ACCESS_TOKEN_EXPIRE_MINUTES",
    "ADMIN_API_KEY",
    "ADMIN_LISTEN_ADDR",
    "CLOCK_LEEWAY_SECONDS",
    "COOKIE_DOMAIN",
    "COOKIE_SAME_SITE",
    "COOKIE_SECURE",
    "CORS_ALLOWED_ORIGINS",
    "DATABASE_CONNECT_TIMEOUT_SECONDS",
    "DATABASE_MAX_CONNECTIONS",
    "DATABASE_TIMEOUT_MILLISECONDS",
    "DATABASE_URL",
    "ENVELOPE_ACCESS_EXPIRE_MINUTES",
    "ENVELOPE_ALGORITHM",
    "ENVELOPE_REFRESH_EXPIRE_MINUTES",
    "JWT_ALGORITHM",
    "JWT_ALLOW_WEAK_SECRET",
    "JWT_LEGACY_LIFETIME_MINUTES",
    "JWT_SECRET_KEY_FILE",
    "KEEP_ALIVE_SECONDS",
    "LISTEN_ADDR",
    "LISTEN_SOCKET_MODE",
    "LOG_FORMAT",
    "LOG_LEVEL",
    "MAX_CONCURRENT_REQUESTS",
    "MAX_CONNECTIONS",
    "MAX_QUEUED_REQUESTS",
    "OAUTH_CLIENT_ID",
    "OAUTH_CLIENT_SECRET",
    "OAUTH_ISSUER",
    "RATE_LIMIT_PER_ADDRESS_PER_MINUTE",
    "RATE_LIMIT_PER_MINUTE",
    "REDIS_TIMEOUT_MILLISECONDS",
    "REDIS_URL",
    "REFRESH_COOKIE_NAME",
    "REFRESH_GRACE_SECONDS",
    "REFRESH_MODE",
    "REFRESH_TOKEN_EXPIRE_MINUTES",
    "REFRESH_WINDOW_MINUTES",
    "REQUEST_BODY_TIMEOUT_SECONDS",
    "REQUEST_HEAD_TIMEOUT_SECONDS",
    "REQUEST_TIMEOUT_SECONDS",
    "SESSION_MAX_MINUTES",
    "SHUTDOWN_DELAY_SECONDS",
    "SHUTDOWN_TIMEOUT_SECONDS",
    "TOKEN_PAIR_ACCESS_EXPIRE_MINUTES",
    "TOKEN_PAIR_ALGORITHM",
    "TOKEN_PAIR_REFRESH_EXPIRE_MINUTES",
    "TRUSTED_PROXIES",
    "UI",
    "USERS_DATABASE_URL",
];

/// Those settings, with a good secret unless they bring their own.
fn read(settings: &[(&str, &str)]) -> Result<Config, ConfigError> {
    let is_key =
        |(name, value): &(&str, &str)| name.starts_with("JWT_SECRET_KEY") && !value.is_empty();
    let key = (!settings.iter().any(is_key)).then_some(("JWT_SECRET_KEY", SECRET));
    let vars = settings.iter().copied().chain(key);
    Config::from_vars(
        vars.map(|(name, value)| (name.to_owned(), value.to_owned())),
        Purpose::Tokens,
    )
}

/// The one problem of those settings.
fn problem(settings: &[(&str, &str)]) -> String {
    let ConfigError(problems) = read(settings).unwrap_err();
    assert_eq!(problems.len(), 1, "{problems:?}");
    problems.concat()
}

#[test]
fn the_defaults_are_those_that_the_documentation_promises() {
    let config = read(&[]).unwrap();

    let policy = &config.policy;
    assert_eq!(policy.access_lifetime, TimeDelta::minutes(30));
    assert_eq!(policy.refresh_window, TimeDelta::days(7));
    assert_eq!(policy.session_max, TimeDelta::days(30));
    assert_eq!(policy.leeway, TimeDelta::seconds(30));
    assert_eq!(config.subject_claim, "sub");
    assert_eq!(config.directory, DirectorySettings::default());
    assert_eq!(config.listen.address.to_string(), "127.0.0.1:8000");
    assert!(config.users_database.is_none() && config.warnings.is_empty());
}

#[test]
fn an_empty_value_counts_as_not_set() {
    let names: Vec<_> = Config::variables().into_iter().collect();
    let mut settings: Vec<_> = names.iter().map(|name| (*name, "")).collect();
    settings.push(("USERS_TABEL", ""));

    let config = read(&settings).unwrap();

    assert_eq!(format!("{config:?}"), format!("{:?}", read(&[]).unwrap()));
}

#[test]
fn a_number_of_minutes_is_whole_and_within_bounds() {
    for value in [
        "0",
        "-1",
        "1.5",
        "99999999999",
        "52560001",
        "abc",
        "1e3",
        "0x10",
        "1 000",
    ] {
        for name in [
            "ACCESS_TOKEN_EXPIRE_MINUTES",
            "REFRESH_WINDOW_MINUTES",
            "SESSION_MAX_MINUTES",
        ] {
            let expected = format!("{name}: expected a whole number from 1 to 52560000");
            assert_eq!(problem(&[(name, value)]), expected);
        }
    }

    for (value, minutes) in [("1", 1), (" 45 ", 45), ("52560000", 52_560_000)] {
        let config = read(&[("SESSION_MAX_MINUTES", value)]).unwrap();
        assert_eq!(config.policy.session_max, TimeDelta::minutes(minutes));
    }
}

#[test]
fn every_setting_that_can_be_wrong_is_named_together_with_all_others() {
    let settings = CHECKED.map(|name| (name, "=this is=no good="));

    let ConfigError(problems) = read(&settings).unwrap_err();

    let mut named: Vec<_> = problems
        .iter()
        .map(|line| line.split(':').next().unwrap())
        .collect();
    named.sort_unstable();
    assert_eq!(named, CHECKED);
}

#[test]
fn a_misspelt_name_is_a_problem_with_a_suggestion() {
    for (misspelt, meant) in [
        ("JWT_SECRETKEY", "JWT_SECRET_KEY"),
        ("JWT_ALGORITM", "JWT_ALGORITHM"),
        ("JWT_PREVIOUS_SECRETS_KEYS", "JWT_PREVIOUS_SECRET_KEYS"),
        ("TOKEN_PAIR_ALGORITM", "TOKEN_PAIR_ALGORITHM"),
        ("ENVELOPE_ALGORITM", "ENVELOPE_ALGORITHM"),
        ("OAUTH_CLIENT_SECRT", "OAUTH_CLIENT_SECRET"),
        ("OAUTH_ISSUER_URL", "OAUTH_ISSUER"),
        ("USERS_TABEL", "USERS_TABLE"),
        ("USERS_ACTIVE_COLUM", "USERS_ACTIVE_COLUMN"),
    ] {
        let expected = format!("{misspelt}: unknown; did you mean {meant}?");
        assert_eq!(problem(&[(misspelt, "x")]), expected);
    }
    let expected = "REMINT_FOO: unknown; .env.example lists every setting";
    assert_eq!(problem(&[("REMINT_FOO", "x")]), expected);
}

#[test]
fn names_of_others_are_none_of_our_business() {
    let settings = [
        ("PATH", "/bin"),
        ("DATABASE_NAME", "x"),
        ("OAUTH_GOOGLE_CLIENT_ID", "x"),
        ("REMINT_FULL", "1"),
        ("REMINT_REQUIRE_SERVERS", "1"),
        ("REMINT_SEED", "1"),
        ("REMINT_WRITE_DOCS", "1"),
    ];

    read(&settings).unwrap();
}

proptest! {
    /// Whatever is wrong with them, and wherever they were put.
    #[test]
    fn no_secret_is_ever_repeated(
        secret in "[!-~]{12,70}",
        name in prop::sample::select(secrets()),
        wrapped in prop::sample::select(&["{}", "[{}", "[\"{}\"]", "sqlite://{}", "redis://a:{}@b", "{}\n", "é{}"][..]),
        other in prop::sample::select(&["LOG_FORMAT", "JWT_ALGORITHM", "USERS_TABEL"][..]),
    ) {
        let value = wrapped.replace("{}", &secret);

        let refused = read(&[(name, &value), (other, "wrong")]).unwrap_err();

        prop_assert!(!refused.to_string().contains(&secret), "{refused}");
        if let Ok(config) = read(&[(name, &value)]) {
            let shown = format!("{config:?}");
            prop_assert!(!shown.contains(&secret));
        }
    }

    /// No two settings are confused: what is set for one is seen in that one alone.
    #[test]
    fn a_number_is_taken_as_it_stands(minutes in 1..=MAX_MINUTES) {
        let config = read(&[("REFRESH_WINDOW_MINUTES", &minutes.to_string())]).unwrap();

        prop_assert_eq!(config.policy.refresh_window, TimeDelta::minutes(minutes.into()));
        prop_assert_eq!(config.policy.session_max, TimeDelta::days(30));
    }
}

#[test]
fn settings_that_contradict_each_other_are_problems() {
    for (settings, expected) in [
        (
            [("JWT_SUBJECT_CLAIM", "jti"), ("LOG_LEVEL", "info")],
            "JWT_SUBJECT_CLAIM: this claim names no user",
        ),
        (
            [("JWT_DROP_CLAIMS", "iss"), ("JWT_ISSUER", "us")],
            "JWT_DROP_CLAIMS: iss cannot be dropped while JWT_ISSUER demands it",
        ),
        (
            [("USERS_CLAIM_COLUMNS", "kind:type"), ("LOG_LEVEL", "info")],
            "USERS_CLAIM_COLUMNS: type decides whether a token is exchanged; use another name",
        ),
        (
            [("USERS_CLAIM_COLUMNS", "a:x,b:x"), ("LOG_LEVEL", "info")],
            "USERS_CLAIM_COLUMNS: two columns cannot be the same claim",
        ),
        (
            [
                ("REQUEST_TIMEOUT_SECONDS", "10"),
                ("REQUEST_BODY_TIMEOUT_SECONDS", "10"),
            ],
            "REQUEST_TIMEOUT_SECONDS: must be longer than REQUEST_BODY_TIMEOUT_SECONDS",
        ),
    ] {
        assert_eq!(problem(&settings), expected);
    }
}

#[test]
fn a_request_that_ends_before_its_change_does_comes_with_a_warning() {
    let slow = ("DATABASE_TIMEOUT_MILLISECONDS", "5001");
    let patient = ("REQUEST_TIMEOUT_SECONDS", "16");

    assert_eq!(read(&[slow]).unwrap().warnings.len(), 1);
    assert_eq!(read(&[slow, patient]).unwrap().warnings.len(), 0);
}

#[test]
fn cut_offs_come_with_a_warning_until_undated_tokens_can_be_dated() {
    let column = ("USERS_VALID_AFTER_COLUMN", "changed_at");
    let dated = ("JWT_LEGACY_LIFETIME_MINUTES", "60");

    assert_eq!(read(&[column]).unwrap().warnings.len(), 1);
    assert_eq!(read(&[column, dated]).unwrap().warnings.len(), 0);
}
