use super::{problem, read};
use crate::config::Config;

#[test]
fn a_name_that_is_nearly_a_setting_is_a_warning() {
    for (name, meant) in [
        ("ACCESS_TOKEN_EXPIRE_MINUTE", "ACCESS_TOKEN_EXPIRE_MINUTES"),
        ("DATABASE_UR", "DATABASE_URL"),
        ("LISTEN_ADR", "LISTEN_ADDR"),
        ("REDIS_URI", "REDIS_URL"),
        ("REFRESH_MOD", "REFRESH_MODE"),
        ("TLS_CRT", "TLS_CERT"),
        ("jwt_secret_key", "JWT_SECRET_KEY"),
        ("Database_Url", "DATABASE_URL"),
    ] {
        let warnings = read(&[(name, "a value")]).unwrap().warnings;

        let expected = format!("{name} is no setting of remint; did you mean {meant}?");
        assert_eq!(warnings, [expected]);
    }
}

#[test]
fn names_of_others_and_settings_themselves_are_no_warning() {
    for name in [
        "PATH",
        "HOME",
        "LOG",
        "PORT",
        "U",
        "DATABASE_URI_OTHER",
        "LISTEN_FDS",
        "LISTEN_PID",
        "http_proxy",
        "no_proxy",
    ] {
        assert!(
            read(&[(name, "a value")]).unwrap().warnings.is_empty(),
            "{name}"
        );
    }
    for name in Config::variables() {
        let warnings = read(&[(name, "1")]).map_or_else(|_| Vec::new(), |config| config.warnings);
        assert!(!warnings.concat().contains("is no setting"), "{name}");
    }
}

#[test]
fn a_switch_is_on_or_off() {
    assert_eq!(problem(&[("UI", "maybe")]), "UI: expected on or off");
    for (value, is_on) in [
        ("on", true),
        ("off", false),
        ("true", true),
        ("false", false),
    ] {
        assert_eq!(read(&[("UI", value)]).unwrap().http.ui, is_on, "{value}");
    }
}
